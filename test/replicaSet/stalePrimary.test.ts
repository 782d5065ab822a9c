/** The mongodb store at a primary that is cut off from the others and does not know it. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { FullStore } from '../../src/store/taskStore.ts';
import { acknowledgement } from '../support/acknowledgements.ts';
import { authority } from '../support/tcpProxy.ts';
import {
  available,
  beatOf,
  cleanUp,
  eventually,
  lease,
  MANY,
  nothing,
  opened,
  play,
  storeAt,
  task,
  tenureOf,
  unavailable,
} from './play.ts';

afterEach(cleanUp);

/** A set whose primary is cut off, a store that reaches that one only, and a patient one that reaches all. */
async function divided() {
  const { set, view, database, direct: store } = await play();
  const name = randomUUID();
  await store.compareAndSetLease(name, null, lease);
  await store.beat(tenureOf(name), 1, nothing);
  await store.tasks.addTasks(name, [task('first')], MANY);
  const { before, after } = authority(view.uri(database));
  const cutOff = storeAt(`${before}${view.hosts[0]}${after}&directConnection=true`);
  await opened(cutOff);
  const stale = await set.cutOff();
  if (stale === undefined) throw new Error('there is no primary');
  await set.elect();
  await eventually(() => seen(store, name)).toBe(1);
  return { set, stale, name, store, cutOff };
}

/** The beat in the lease, or the code of the error: a call may be slow on a busy machine. */
function seen(store: FullStore, name: string): Promise<unknown> {
  return beatOf(store, name).catch(({ code }) => code);
}

test('its writes are not acknowledged, and are gone once it hears of the others', async () => {
  const { set, stale, name, store, cutOff } = await divided();
  await expect(cutOff.beat(tenureOf(name), 2, nothing)).rejects.toMatchObject(unavailable);
  await expect(cutOff.insertTerm({ name, term: 2, holder: 'b', claim: 'c', ttl: 1 })).rejects.toMatchObject(
    unavailable,
  );
  // What it has itself it shows to itself alone.
  await eventually(() => seen(cutOff, name)).toBe(2);
  await eventually(() => seen(store, name)).toBe(1);
  await eventually(() => store.beat(tenureOf(name), 5, nothing).catch(() => false)).toBe(true);
  const back = available(cutOff);
  await set.rejoin(stale);
  await set.elect(stale.index);
  await back;
  await eventually(() => seen(cutOff, name)).toBe(5);
  expect((await store.highestTerm(name)).term).toBe(0);
});

test('it stores no task, gives no number twice, and takes no acknowledgement', async () => {
  const { set, stale, name, store, cutOff } = await divided();
  const acknowledging = cutOff.tasks.acknowledge(tenureOf(name), acknowledgement(1, null));
  const acknowledged = expect(acknowledging).rejects.toMatchObject(unavailable);
  const adding = cutOff.tasks.addTasks(name, [task('second')], MANY).then(
    () => 'stored',
    ({ code }) => code,
  );
  expect(await store.tasks.addTasks(name, [task('other')], MANY)).toEqual([{ type: 'stored', seq: 2 }]);
  await set.rejoin(stale);
  expect(await adding).toBe('ERR_STORE_UNAVAILABLE');
  await acknowledged;
  await set.elect(stale.index);
  await eventually(() => seen(cutOff, name)).toBe(1);
  expect(await cutOff.tasks.addTasks(name, [task('second')], MANY)).toEqual([{ type: 'stored', seq: 3 }]);
  const waiting = await store.tasks.tasksAfter(name, 0, { tasks: 10, bytes: MANY });
  expect(waiting.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect((await store.tasks.queueState(name)).done).toBe(0);
});

test('who looks for the end of the queue there is not told of an old one', async () => {
  const { set, stale, name, store, cutOff } = await divided();
  await eventually(() => store.tasks.acknowledge(tenureOf(name), acknowledgement(1, null)).catch(() => false)).toBe(
    true,
  );
  // The task is done. By what the old primary has it is queued, and the queue is full.
  const adding = cutOff.tasks.addTasks(name, [task('first')], 1).then(
    ([result]) => result?.type,
    ({ code }) => code,
  );
  await eventually(() => stale.keptCount).toBeGreaterThan(0);
  await eventually(() => seen(store, name)).toBe(1);
  await set.rejoin(stale);
  expect(await adding).toBe('ERR_STORE_UNAVAILABLE');
});
