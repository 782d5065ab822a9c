import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { indexes } from '../../../../../src/store/mongodb/indexes/indexes.ts';
import { randomFrom } from '../../../../support/random.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { FakeTasks } from '../fakeTasks.ts';

const MANY = 1_000_000;
const task = (id: string) => ({ id, bytes: Buffer.from('payload') });
const known = [{ type: 'known' }];

function members(count = 2) {
  const server = new FakeTasks();
  const made = Array.from({ length: count }, () => server.member(new VirtualClock()));
  const [first, second = first] = made;
  if (first === undefined || second === undefined) throw new Error('there must be a member');
  return { server, first, second };
}

test.each(indexes.filter(({ collection }) => collection === 'failover_tasks'))(
  'the index $name of the tasks is made again before the next task is stored',
  async ({ collection, name }) => {
    const { server, first } = members();
    const all = server.indexes.names();
    await first.adder.add('q', [task('a')], MANY);
    server.indexes.drop(collection, name);
    let there: string[] = [];
    server.hold = async (command) => {
      if ('insert' in command) there = server.indexes.names();
    };
    await first.adder.add('q', [task('b')], MANY);
    expect(there).toEqual(all);
  },
);

test.each([
  ['dropped with all others', (server: FakeTasks) => server.indexes.collections.clear()],
  ['dropped alone', (server: FakeTasks) => server.indexes.drop('failover_tasks', 'name_key')],
])('an id whose unique index was %s is stored once by two members', async (_, drop) => {
  const { server, first, second } = members();
  const all = server.indexes.names();
  await first.adder.add('q', [task('a')], MANY);
  drop(server);
  expect(await first.adder.add('q', [task('b')], MANY)).toEqual([{ type: 'stored', seq: 2 }]);
  expect(await second.adder.add('q', [task('b')], MANY)).toEqual(known);
  expect(server.indexes.names()).toEqual(all);
});

test('the other indexes are made again while the store is used', async () => {
  const server = new FakeTasks();
  const clock = new VirtualClock();
  const { indexes: keeper } = server.member(clock);
  const all = server.indexes.names();
  for (const { collection, name } of indexes.filter(({ use }) => use !== 'correct')) {
    keeper.soon();
    server.indexes.drop(collection, name);
    await clock.advance(10_000);
    keeper.soon();
    await clock.advance(0);
    expect(server.indexes.names()).toEqual(all);
  }
});

/** Both members store the same id while the index is dropped before the command with that number, in a random order. */
async function dropDuring(at: number, seed: number) {
  const { server, first, second } = members();
  const random = randomFrom(seed);
  let sent = 0;
  server.hold = async () => {
    for (let turns = Math.floor(random() * 4); turns > 0; turns--) await turn();
    if (sent++ === at) server.indexes.drop('failover_tasks', 'name_key');
  };
  const add = (member: typeof first) => member.adder.add('q', [task('x')], MANY).catch((error: unknown) => error);
  await Promise.all([add(first), add(second)]);
  server.hold = async () => {};
  return { server, first, second, add };
}

test('wherever the drop comes, an id is stored once, or it is noticed before the next task is stored or read', async () => {
  let [once, twice] = [0, 0];
  for (let seed = 0; seed < 80; seed++) {
    const { server, first, second, add } = await dropDuring(seed % 8, seed);
    const stored = server.seqs.length;
    if (server.twice.length > 0) {
      twice += 1;
      const noticed = { code: 'ERR_STORE_DUPLICATES', message: expect.stringContaining("'x' of 'q'") };
      expect(await add(first)).toMatchObject(noticed);
      await expect(second.indexes.whileReading('tasksAfter')).rejects.toMatchObject(noticed);
      // Not only for the first read.
      await expect(second.indexes.whileReading('tasksAfter')).rejects.toMatchObject(noticed);
      expect(server.seqs).toHaveLength(stored);
      server.tasks.pop();
      await second.indexes.whileReading('tasksAfter');
    } else once += 1;
    expect(await add(second)).toEqual(known);
    expect(server.seqs).toHaveLength(1);
  }
  // Both outcomes were seen: neither branch is there for nothing.
  expect(Math.min(once, twice)).toBeGreaterThan(0);
});

test('a user who may not make indexes stores tasks where the indexes are, be they visible or not', async () => {
  for (const denied of [['createIndexes'], ['createIndexes', 'listIndexes']]) {
    const { server, first } = members();
    server.indexes.denied = denied;
    expect(await first.adder.add('q', [task('a')], MANY)).toEqual([{ type: 'stored', seq: 1 }]);
    server.indexes.drop('failover_tasks', 'name_key');
    const refusal = {
      code: 'ERR_STORE_INDEX',
      message: expect.stringContaining(
        "db.failover_tasks.createIndex({ name: 1, key: 1 }, { name: 'name_key', unique: true })",
      ),
    };
    await expect(first.adder.add('q', [task('b')], MANY)).rejects.toMatchObject(refusal);
    expect(server.seqs).toEqual([1]);
    // What is stored is unique, and may be run.
    await first.indexes.whileReading('tasksAfter');
  }
});

test('a user who may not make indexes is told that a dropped collection lacks them', async () => {
  const { server, first } = members();
  server.indexes.denied = ['createIndexes'];
  server.indexes.collections.clear();
  await expect(first.adder.add('q', [task('a')], MANY)).rejects.toMatchObject({ code: 'ERR_STORE_INDEX' });
  expect(server.seqs).toEqual([]);
});

test('an index that is missing and only makes calls fast stops nothing, and is not asked for with each batch', async () => {
  const { server, first } = members();
  server.indexes.denied = ['createIndexes'];
  server.indexes.drop('failover_tasks', 'name_seq');
  await first.adder.add('q', [task('a')], MANY);
  const before = server.sent.length;
  await first.adder.add('q', [task('b')], MANY);
  expect(server.sent.slice(before).map((command) => Object.keys(command)[0])).toEqual([
    'listIndexes',
    'find',
    'insert',
  ]);
});

test.each([
  ['not unique', { name: 'name_key', key: { name: 1, key: 1 } }],
  ['on other fields', { name: 'name_key', key: { name: 1 }, unique: true }],
  ['on the same fields in another order', { name: 'name_key', key: { key: 1, name: 1 }, unique: true }],
  ['partial', { name: 'mine', key: { name: 1, key: 1 }, unique: true, partialFilterExpression: { a: 1 } }],
  ['sparse', { name: 'mine', key: { name: 1, key: 1 }, unique: true, sparse: true }],
  ['of a collation', { name: 'mine', key: { name: 1, key: 1 }, unique: true, collation: { locale: 'de' } }],
])('an index in the place of the unique one that is %s is refused, with what to do', async (_, index) => {
  const { server, first } = members();
  server.indexes.drop('failover_tasks', 'name_key');
  server.indexes.of('failover_tasks').push(index);
  await expect(first.adder.add('q', [task('a')], MANY)).rejects.toMatchObject({
    code: 'ERR_STORE_INDEX',
    message: expect.stringContaining(`db.failover_tasks.dropIndex('${index.name}'); db.failover_tasks.createIndex(`),
  });
  expect(server.seqs).toEqual([]);
});

test('an equal index under another name is as good', async () => {
  const { server, first } = members();
  server.indexes.drop('failover_tasks', 'name_key');
  server.indexes.of('failover_tasks').push({ name: 'theirs', key: { name: 1, key: 1 }, unique: true });
  expect(await first.adder.add('q', [task('a')], MANY)).toEqual([{ type: 'stored', seq: 1 }]);
});

test('no task is stored while the unique index is being created, and one is when that has ended', async () => {
  const { server, first } = members();
  server.indexes.building = ['name_key'];
  await expect(first.adder.add('q', [task('a')], MANY)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(server.seqs).toEqual([]);
  server.indexes.building = [];
  expect(await first.adder.add('q', [task('a')], MANY)).toEqual([{ type: 'stored', seq: 1 }]);
});

test('a unique index that is hidden is as good', async () => {
  const { server, first } = members();
  for (const index of server.indexes.of('failover_tasks'))
    if (index.name === 'name_key') Object.assign(index, { hidden: true });
  expect(await first.adder.add('q', [task('a')], MANY)).toEqual([{ type: 'stored', seq: 1 }]);
});
