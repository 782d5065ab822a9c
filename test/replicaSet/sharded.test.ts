/** The mongodb store on a sharded cluster: what its routers say when they do not reach a shard, or are gone themselves. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { ServerErrorName } from '../servers/fronts/serverErrors.ts';
import { ShardedCluster } from '../servers/sharded.ts';
import {
  atEnd,
  beatOf,
  beats,
  cleanUp,
  codeOf,
  eventually,
  lease,
  MANY,
  newDatabase,
  nothing,
  opened,
  patient,
  storeAt,
  task,
  tenureOf,
  unavailable,
} from './play.ts';

afterEach(cleanUp);

async function playSharded() {
  const cluster = await ShardedCluster.before(inject('server').uri);
  atEnd(() => cluster.close());
  const database = newDatabase();
  const store = storeAt(cluster.uri(database));
  const direct = storeAt(cluster.uri(database), patient);
  await Promise.all([opened(direct), opened(store)]);
  const name = randomUUID();
  await direct.compareAndSetLease(name, null, lease);
  await direct.tasks.addTasks(name, [task('first')], MANY);
  // It knows the end of the queue from now on.
  await eventually(() => store.tasks.addTasks(name, [task('first')], MANY).catch(codeOf)).toEqual([{ type: 'known' }]);
  return { cluster, store, direct, name };
}

const errors: readonly ServerErrorName[] = [
  ...(['HostUnreachable', 'HostNotFound', 'NetworkTimeout', 'SocketException'] as const),
  ...(['ShutdownInProgress', 'InterruptedDueToReplStateChange'] as const),
  ...(['FailedToSatisfyReadPreference', 'StaleShardVersion', 'StaleEpoch', 'StaleConfig'] as const),
];

describe('what a router says when it does not reach the shard passes', () => {
  test.each(errors)('%s', async (error) => {
    const { cluster, store, direct, name } = await playSharded();
    for (const [beat, done] of [
      [1, true],
      [2, false],
    ] as const) {
      cluster.fault = { error, done };
      await expect(store.beat(tenureOf(name), beat, nothing)).rejects.toMatchObject(unavailable);
      if (!done) await expect(beatOf(store, name)).rejects.toMatchObject(unavailable);
      await expect(store.tasks.addTasks(name, [task(`${done}`)], MANY)).rejects.toMatchObject(unavailable);
      cluster.fault = undefined;
      await eventually(() => beatOf(store, name).catch(codeOf)).toBe(1);
    }
    const again = await direct.tasks.addTasks(name, [task('true'), task('false')], MANY);
    // What was done, though it was not answered, is known; the other one was never stored.
    expect(again.map(({ type }) => type)).toEqual(['known', 'stored']);
    await beats(store, name, 3);
  });
});

test.each(['closed', 'silent'] as const)('the other router is used when one is %s', async (how) => {
  const { cluster, store, name } = await playSharded();
  for (const router of [0, 1]) {
    cluster.set(router, how);
    await beats(store, name, 1);
    cluster.set(router, 'open');
    await beats(store, name, 2);
  }
});
