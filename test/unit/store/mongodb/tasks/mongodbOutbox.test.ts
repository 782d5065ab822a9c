/** What other programs may have written into the outbox, as it is read. The real servers are asked in test/contract. */
import { expect, test } from 'vitest';
import type { Fields } from '../../../../../src/store/documents.ts';
import { Commands } from '../../../../../src/store/mongodb/commands.ts';
import { Topology } from '../../../../../src/store/mongodb/connection/topology.ts';
import { MongodbOutbox } from '../../../../../src/store/mongodb/tasks/mongodbOutbox.ts';
import { TaskReads } from '../../../../../src/store/mongodb/tasks/taskReads.ts';
import { bson } from '../../../../../src/task/bson.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { settings } from '../fakeTasks.ts';

/** On a server that has these documents, and finds them whatever is asked. */
function outboxWith(documents: readonly Fields[]) {
  const sent: Fields[] = [];
  const commands = new Commands(async (_what, command) => {
    sent.push(command);
    return { n: 1, cursor: { firstBatch: 'find' in command ? documents : [], id: 0 } };
  }, settings);
  const clock = new VirtualClock();
  const reads = new TaskReads(commands, new Topology(commands), clock);
  const made: string[] = [];
  const indexes = { beforeOutbox: async () => void made.push('indexes') };
  const outbox = new MongodbOutbox(commands, reads, indexes, async () => 'epoch', 'db', clock);
  return { sent, outbox, clock, made, read: () => outbox.readEntries('q', new Date(), documents.length) };
}

const entry = (fields: Fields): Fields => ({
  ...{ _id: new bson.ObjectId(), name: 'q', key: 'a', payload: bson.serialize({ id: 'a' }) },
  ...fields,
});

test.each([
  ['a number', Date.now() + 86_400_000],
  ['a Long', bson.Long.fromNumber(Date.now() + 86_400_000)],
  ['a text', '2027-01-01'],
  ['an object', { date: '2027-01-01' }],
  ['an array', [new Date()]],
  ['a boolean', true],
  ['a Timestamp', new bson.Timestamp({ t: 1, i: 1 })],
  ['a MinKey', new bson.MinKey()],
])('an entry whose at is %s is refused, and runs at no time', async (_, at) => {
  const { read } = outboxWith([entry({ at })]);
  expect(await read()).toMatchObject([{ problem: expect.stringMatching(/^its at is .*, and no date/) }]);
});

test('an entry without a time, or with null, is due at once', async () => {
  const { read } = outboxWith([entry({ at: null }), entry({})]);
  expect(await read()).toMatchObject([
    { id: 'a', at: null },
    { id: 'a', at: null },
  ]);
});

test('a key that was no UTF-8 becomes no id: another one would be the same', async () => {
  const { read } = outboxWith([entry({ key: '\uFFFDYZ' }), entry({ key: 'fine' })]);
  expect(await read()).toMatchObject([{ problem: expect.stringMatching(/UTF-8/) }, { id: 'fine' }]);
});

test('a look makes the indexes, for what other programs wrote alone', async () => {
  const { read, made } = outboxWith([]);
  await read();
  expect(made).toEqual(['indexes']);
});
