import { expect, test } from 'vitest';
import { type Fields, isFields } from '../../../../../src/store/documents.ts';
import { Commands } from '../../../../../src/store/mongodb/commands.ts';
import { Topology } from '../../../../../src/store/mongodb/connection/topology.ts';
import { TaskReads } from '../../../../../src/store/mongodb/tasks/taskReads.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { refused } from '../fakeIndexes.ts';
import { FakeTasks, settings } from '../fakeTasks.ts';

/** A server that says `hello` of itself, and refuses linearizable reads with the codes, one after another. */
function reader(hello: Fields, codes: number[]) {
  const sent: string[] = [];
  const server = { hello, sent };
  const commands = new Commands(async (what, command) => {
    if ('hello' in command) {
      sent.push('hello');
      return server.hello;
    }
    // What it looks at before, to begin near the highest, is no proof of anything.
    if (!isFields(command.filter) || command.filter.seq === undefined) return { cursor: { firstBatch: [] } };
    const { level } = isFields(command.readConcern) ? command.readConcern : {};
    sent.push(String(level));
    const code = level === 'linearizable' ? codes.shift() : undefined;
    if (code !== undefined) throw refused(what, code, 'refused');
    return { cursor: { firstBatch: [{ _id: '7/q', seq: 7 }] } };
  }, settings);
  const topology = new Topology(commands);
  const reads = new TaskReads(commands, topology, new VirtualClock());
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

const SEEN_FOR = 30_000;
const tasksFrom = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ _id: `${from + index}/q`, seq: from + index, key: from + index }));

/** Reads of a server, and how many documents the largest of them found, before any order and limit. */
function looks(server: FakeTasks) {
  const clock = new VirtualClock();
  const { reads } = server.member(clock);
  const highest = async () => {
    const before = server.sent.length;
    const seq = await reads.highest('addTasks', 'q', true);
    const ranges = server.sent.slice(before).flatMap(({ filter }) => {
      const range = isFields(filter) ? filter.seq : undefined;
      return isFields(range) ? [Number(range.$gte)] : [];
    });
    const found = server.seqs.filter((each) => each >= Math.min(...ranges)).length;
    return { seq, found, sent: server.sent.length - before };
  };
  return { clock, highest };
}

test.each([0, 1, 2, 4095, 4096, 4097, 70_000, 300_001])(
  'the highest of %i queued is found by looking at few of them',
  async (queued) => {
    const server = new FakeTasks();
    server.done = 12_345;
    server.tasks = [...tasksFrom(7, 1), ...tasksFrom(12_000, 346 + queued)];
    const { seq, found, sent } = await looks(server).highest();
    expect(seq).toBe(12_345 + queued);
    expect(found).toBeLessThanOrEqual(4097);
    expect(sent).toBeLessThanOrEqual(4);
  },
);

test('once seen, the highest is one read from there, for a while', async () => {
  const server = new FakeTasks();
  server.tasks = tasksFrom(1, 100);
  const { clock, highest } = looks(server);
  await highest();
  server.tasks.push(...tasksFrom(101, 20_000));
  expect(await highest()).toEqual({ seq: 20_100, found: 20_001, sent: 1 });
  server.tasks.push(...tasksFrom(20_101, 50_000));
  await clock.advance(SEEN_FOR);
  const { seq, found } = await highest();
  expect(seq).toBe(70_100);
  expect(found).toBeLessThanOrEqual(4097);
});

test.each(['emptied', 'emptied, and full of gaps'])('of a queue that was %s, the highest is exact', async (how) => {
  const server = new FakeTasks();
  server.tasks = tasksFrom(1, 100);
  const { clock, highest } = looks(server);
  await highest();
  server.tasks = how === 'emptied' ? tasksFrom(1, 3) : [3, 77, 9001, 123_456].flatMap((seq) => tasksFrom(seq, 2));
  const last = server.seqs.at(-1);
  expect((await highest()).seq).toBe(last);
  await clock.advance(SEEN_FOR);
  expect((await highest()).seq).toBe(last);
  server.tasks = [];
  expect((await highest()).seq).toBe(0);
});
