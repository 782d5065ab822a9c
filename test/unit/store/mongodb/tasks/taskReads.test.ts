import { expect, test } from 'vitest';
import { type Fields, isFields } from '../../../../../src/store/documents.ts';
import { Commands } from '../../../../../src/store/mongodb/commands.ts';
import { Topology } from '../../../../../src/store/mongodb/connection/topology.ts';
import { TaskReads } from '../../../../../src/store/mongodb/tasks/taskReads.ts';
import { refused } from '../fakeIndexes.ts';
import { settings } from '../fakeTasks.ts';

/** A server that says `hello` of itself, and refuses linearizable reads with the codes, one after another. */
function reader(hello: Fields, codes: number[]) {
  const sent: string[] = [];
  const server = { hello, sent };
  const commands = new Commands(async (what, command) => {
    if ('hello' in command) {
      sent.push('hello');
      return server.hello;
    }
    const { level } = isFields(command.readConcern) ? command.readConcern : {};
    sent.push(String(level));
    const code = level === 'linearizable' ? codes.shift() : undefined;
    if (code !== undefined) throw refused(what, code, 'refused');
    return { cursor: { firstBatch: [{ _id: '7/q', seq: 7 }] } };
  }, settings);
  const topology = new Topology(commands);
  const reads = new TaskReads(commands, topology);
  const read = async (): Promise<string[]> => {
    sent.length = 0;
    expect(await reads.highest('addTasks', 'q', true)).toBe(7);
    return [...sent];
  };
  return { server, topology, read };
}

test.each([133, 134, 189, 11602, 99_999])(
  'after the passing error %i the read is sent again, as linearizable',
  async (code) => {
    const { read } = reader({ setName: 'rs0' }, [code]);
    expect(await read()).toEqual(['linearizable', 'linearizable']);
    expect(await read()).toEqual(['linearizable']);
  },
);

test('a passing error that stays fails the read, which is never made with less', async () => {
  const { server, read } = reader({}, [133, 133]);
  await expect(read()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(server.sent).toEqual(['linearizable', 'linearizable']);
  expect(await read()).toEqual(['linearizable']);
});

test('a server that says it is alone is remembered as such, until the connection was lost', async () => {
  const { topology, read } = reader({ isWritablePrimary: true }, [123, 123]);
  expect(await read()).toEqual(['linearizable', 'hello', 'majority']);
  expect(await read()).toEqual(['majority']);
  topology.reconnected();
  expect(await read()).toEqual(['linearizable', 'hello', 'majority']);
});

test.each([
  ['a member of a set', { setName: 'rs0' }],
  ['a member of a set to be', { isreplicaset: true }],
  ['a router', { msg: 'isdbgrid' }],
  ['a load balancer', { serviceId: 'id' }],
])('the refusal of %s is not remembered', async (_, hello) => {
  const { read } = reader(hello, [2, 2]);
  expect(await read()).toEqual(['linearizable', 'hello', 'majority']);
  expect(await read()).toEqual(['linearizable', 'hello', 'majority']);
  expect(await read()).toEqual(['linearizable']);
});

test('an answer that comes after its connection was lost is not remembered', async () => {
  const { server, topology, read } = reader({}, [123, 123]);
  Object.defineProperty(server, 'hello', {
    get: () => {
      topology.reconnected();
      return {};
    },
  });
  expect(await read()).toEqual(['linearizable', 'hello', 'majority']);
  expect(await read()).toEqual(['linearizable', 'hello', 'majority']);
});
