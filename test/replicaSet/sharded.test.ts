/** The mongodb store on a sharded cluster: what its routers say when they do not reach a shard, or are gone themselves. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { ServerErrorName } from '../servers/fronts/serverErrors.ts';
import { ShardedCluster } from '../servers/sharded.ts';
import {
  atEnd,
  beatOf,
  cleanUp,
  eventually,
  lease,
  MANY,
  newDatabase,
  nothing,
  storeAt,
  task,
  tenureOf,
  unavailable,
} from './play.ts';

afterEach(cleanUp);

async function playSharded() {
  const cluster = await ShardedCluster.before(inject('server').uri);
  atEnd(() => cluster.close());
  const store = storeAt(cluster.uri(newDatabase()));
  await store.open();
  const name = randomUUID();
  await store.compareAndSetLease(name, null, lease);
  await store.tasks.addTasks(name, [task('first')], MANY);
  return { cluster, store, name };
}

const errors: readonly ServerErrorName[] = [
  ...(['HostUnreachable', 'HostNotFound', 'NetworkTimeout', 'SocketException'] as const),
  ...(['ShutdownInProgress', 'InterruptedDueToReplStateChange'] as const),
];

describe('what a router says when it does not reach the shard passes', () => {
  test.each(errors)('%s', async (error) => {
    const { cluster, store, name } = await playSharded();
    for (const [beat, done] of [
      [1, true],
      [2, false],
    ] as const) {
      cluster.fault = { error, done };
      await expect(store.beat(tenureOf(name), beat, nothing)).rejects.toMatchObject(unavailable);
      if (!done) await expect(beatOf(store, name)).rejects.toMatchObject(unavailable);
      await expect(store.tasks.addTasks(name, [task(`${done}`)], MANY)).rejects.toMatchObject(unavailable);
      cluster.fault = undefined;
      await eventually(() => beatOf(store, name).catch(({ code }) => code)).toBe(1);
    }
    const again = await store.tasks.addTasks(name, [task('true'), task('false')], MANY);
    // What was done, though it was not answered, is known; the other one was never stored.
    expect(again.map(({ type }) => type)).toEqual(['known', 'stored']);
    expect(await store.beat(tenureOf(name), 3, nothing)).toBe(true);
  });
});

test.each(['closed', 'silent'] as const)('the other router is used when one is %s', async (how) => {
  const { cluster, store, name } = await playSharded();
  for (const router of [0, 1]) {
    cluster.set(router, how);
    await eventually(() => store.beat(tenureOf(name), 1, nothing).catch(() => false)).toBe(true);
    cluster.set(router, 'open');
    await eventually(() => store.beat(tenureOf(name), 2, nothing).catch(() => false)).toBe(true);
  }
});
