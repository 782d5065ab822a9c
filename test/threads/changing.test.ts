/** Stored tasks that are cancelled and changed, by a member that is not the master. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

const work = new URL('./fixtures/cancels.mjs', import.meta.url);

interface Task {
  id: number;
  file: string;
  /** `stubborn`: it computes without a pause. `patient`: it waits for its signal. */
  kind?: 'stubborn' | 'patient';
  note?: string;
}

test('what waits is taken out, what runs is ended, and the rest runs in its order', async () => {
  const folder = await settledFolder();
  const file = join(folder, 'runs');
  const member = () => {
    const { managed: Managed } = open({ folder });
    const cluster = new Managed<Task>('changing', 'id', work, { durable: true, cancelTimeout: 2000 });
    return { cluster, events: new Events(cluster) };
  };
  const [master, asker] = [member(), member()];
  const submit = (id: number, more: Partial<Task> = {}) => asker.cluster.submitWork({ id, file, ...more });
  await submit(1, { kind: 'patient' });
  await submit(2, { kind: 'stubborn' });
  for (const id of [3, 4, 5]) await submit(id);
  await master.cluster.run();
  await expect.poll(() => existsSync(join(folder, 'begun 1'))).toBe(true);
  expect(await asker.cluster.cancel(4)).toBe('removed');
  expect(await asker.cluster.update(5, { id: 5, file, note: 'new' })).toBe('updated');
  expect(await asker.cluster.cancel(99)).toBe('unknown');
  expect(await asker.cluster.cancel(1, { timeout: 0 })).toBe('requested');
  expect(await asker.cluster.cancel(1, { running: true })).toBe('removed');
  await expect.poll(() => existsSync(join(folder, 'begun 2'))).toBe(true);
  expect(await master.cluster.cancel(2, { running: true })).toBe('removed');
  await master.events.done(5);
  expect(master.events.doneIds).toEqual([3, 5]);
  expect(readFileSync(file, 'utf8')).toBe('3 old\n5 new\n');
  expect(existsSync(join(folder, 'aborted 1 ERR_CANCELLED'))).toBe(true);
  const told = master.events.all.filter(({ name }) => name === 'cancelled').map(({ args }) => args[0]);
  expect(told).toEqual([4, 1, 2]);
  expect(master.events.all.filter(({ name }) => name === 'failed')).toEqual([]);
  // The id of a cancelled task is free.
  expect(await asker.cluster.submitWork({ id: 4, file })).toMatchObject({ stored: true });
  await master.events.done(4);
  expect(await asker.cluster.cancel(4)).toMatch(/^(done|unknown)$/);
});
