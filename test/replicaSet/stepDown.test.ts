/** The mongodb store when the primary of a replica set steps down, shuts down, or ends. */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { afterEach, describe, expect, test } from 'vitest';
import {
  atEnd,
  available,
  beatOf,
  beats,
  cleanUp,
  codeOf,
  eventually,
  interruptions,
  lease,
  MANY,
  newDatabase,
  nothing,
  opened,
  play,
  storeAt,
  task,
  tenureOf,
  unavailable,
} from './play.ts';

afterEach(cleanUp);

describe('a driver takes the front ends for a set', () => {
  test.each([false, true])('with sessions: %s', async (sessions) => {
    const { set, view, database } = await play({ sessions });
    const client = await new MongoClient(view.uri(database)).connect();
    atEnd(() => client.close());
    const primaries: (string | undefined)[] = [];
    client.on('topologyDescriptionChanged', ({ newDescription }) => {
      primaries.push([...newDescription.servers.values()].find(({ type }) => type === 'RSPrimary')?.address);
    });
    const things = client.db().collection<{ _id: number }>('things');
    await things.insertOne({ _id: 1 });
    set.stepDown();
    await eventually(() => primaries).toContain(undefined);
    const next = await set.elect();
    // The driver waits until there is a primary again.
    await things.insertOne({ _id: 2 });
    expect(primaries.at(-1)).toBe(view.hosts[next.index]);
    expect(await things.countDocuments()).toBe(2);
  });
});

test('without a primary the store is not available, and after each election it is, by itself', async () => {
  const { set, store, direct } = await play();
  const name = randomUUID();
  await direct.compareAndSetLease(name, null, lease);
  for (let beat = 1; beat <= 3; beat += 1) {
    const back = available(store);
    set.stepDown();
    await expect(store.beat(tenureOf(name), beat, nothing)).rejects.toMatchObject(unavailable);
    await expect(beatOf(store, name)).rejects.toMatchObject(unavailable);
    await set.elect();
    await back;
    await beats(store, name, beat);
  }
});

describe('a store that opens while the set elects opens by itself afterwards', () => {
  test.each(['no primary', 'answers', 'requests'] as const)('%s', async (what) => {
    const { set, view } = await play();
    const store = storeAt(view.uri(newDatabase()));
    if (what !== 'no primary') set.hold(what);
    else set.stepDown();
    const opening = store.open().then(() => 'open', codeOf);
    if (what !== 'no primary') {
      await eventually(() => set.kept).toBeGreaterThan(0);
      set.stepDown();
    }
    expect(await opening).toBe('ERR_STORE_UNAVAILABLE');
    const back = available(store);
    await set.elect();
    await back;
    await eventually(() => store.highestTerm('none').catch(codeOf)).toMatchObject({ term: 0 });
  });
});

test('one member that is named is enough to find the others', async () => {
  const { set, view } = await play();
  const name = randomUUID();
  const store = storeAt(`mongodb://${view.hosts[2]}/${newDatabase()}`);
  await opened(store);
  await store.compareAndSetLease(name, null, lease);
  for (const beat of [1, 2, 3]) {
    set.stepDown();
    await set.elect();
    await beats(store, name, beat);
  }
});

test('a client that asks for a step-down is obeyed', async () => {
  const { set, view, store } = await play({ electionTime: 100 });
  const former = set.primary;
  const client = await new MongoClient(view.uri()).connect();
  atEnd(() => client.close());
  await client.db('admin').command({ replSetStepDown: 60 });
  await eventually(() => set.primary?.term).toBe(2);
  expect(set.primary).not.toBe(former);
  await eventually(() => beatOf(store, 'none').catch(codeOf)).toBeUndefined();
});

describe('a write whose answer is lost has no outcome, though it was done', () => {
  test.each(interruptions)('$name', async ({ told, asConcern = false }) => {
    const { set, store, direct } = await play();
    const name = randomUUID();
    await direct.compareAndSetLease(name, null, lease);
    await direct.tasks.addTasks(name, [task('first')], MANY);
    // It knows the end of the queue from now on, and its next call begins with the insert.
    await eventually(() => store.tasks.addTasks(name, [task('first')], MANY).catch(codeOf)).toEqual([
      { type: 'known' },
    ]);
    const back = available(store);
    set.hold('answers');
    const beat = expect(store.beat(tenureOf(name), 1, nothing)).rejects.toMatchObject(unavailable);
    const add = expect(store.tasks.addTasks(name, [task('second')], MANY)).rejects.toMatchObject(unavailable);
    await eventually(() => set.kept).toBe(2);
    set.stepDown({ told, asConcern });
    await beat;
    await add;
    await set.elect();
    await back;
    // Each of the two hears of the new primary by itself.
    for (const each of [store, direct]) await eventually(() => beatOf(each, name).catch(codeOf)).toBe(1);
    const again = await direct.tasks.addTasks(name, [task('second'), task('third')], MANY);
    expect(again).toEqual([{ type: 'known' }, { type: 'stored', seq: 3 }]);
  });
});

describe('a write that the primary did not come to is not done later', () => {
  test.each(interruptions.filter(({ asConcern }) => !asConcern))('$name', async ({ told }) => {
    const { set, store, direct } = await play();
    const name = randomUUID();
    await direct.compareAndSetLease(name, null, lease);
    const back = available(store);
    set.hold('requests');
    const beat = expect(store.beat(tenureOf(name), 1, nothing)).rejects.toMatchObject(unavailable);
    await eventually(() => set.kept).toBe(1);
    set.stepDown({ told });
    await beat;
    await set.elect();
    await back;
    await eventually(() => beatOf(store, name).catch(codeOf)).toBe(0);
  });
});

describe('a primary that ends is followed by another one', () => {
  test.each(['closed', 'silent', 'stopping'] as const)('%s', async (how) => {
    const { set, store, direct } = await play();
    const name = randomUUID();
    await direct.compareAndSetLease(name, null, lease);
    const former = how === 'stopping' ? set.shutDown() : set.primary;
    if (former === undefined) throw new Error('there is no primary');
    if (how !== 'stopping') set.lose(former, how);
    const back = available(store);
    await expect(store.beat(tenureOf(name), 1, nothing)).rejects.toMatchObject(unavailable);
    if (how === 'stopping') set.lose(former, 'closed');
    await set.elect();
    await back;
    await beats(store, name, 2);
    set.start(former);
    await beats(store, name, 3);
    set.catchUp(former);
    // It is the only one that can follow.
    set.stepDown();
    const again = available(store);
    await expect(store.beat(tenureOf(name), 4, nothing)).rejects.toMatchObject(unavailable);
    await set.elect(former.index);
    await again;
    await beats(store, name, 5);
  });
});
