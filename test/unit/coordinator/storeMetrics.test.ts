/** Which failures of the store are counted, and that nothing else changes. */
import { expect, test } from 'vitest';
import { countErrors } from '../../../src/coordinator/storeMetrics.ts';
import { StoreError } from '../../../src/errors.ts';
import { openOnUse } from '../../../src/store/openOnUse.ts';
import type { FullStore } from '../../../src/store/taskStore.ts';
import { ServiceCounts, storeCalls } from '../../../src/wire/sharedCounts.ts';

const error = new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');
const refuse = async () => {
  throw error;
};

test('calls that fail are counted by name, those of tasks too, and the caller is told the same', async () => {
  const counts = new ServiceCounts();
  const plain = {
    beat: refuse,
    unheard: refuse,
    close: async () => {},
    tasks: { addTasks: refuse },
    outbox: {},
    schedules: {},
  };
  const store = countErrors(plain as unknown as FullStore, counts) as unknown as typeof plain;
  await expect(store.beat()).rejects.toBe(error);
  await expect(store.beat()).rejects.toBe(error);
  await expect(store.tasks.addTasks()).rejects.toBe(error);
  await expect(store.unheard()).rejects.toBe(error);
  await store.close();
  const counted = Object.entries(counts.storeErrors.read()).filter(([, count]) => count > 0);
  expect(Object.fromEntries(counted)).toEqual({ beat: 2, addTasks: 1, other: 1 });
});

test('what answers without a promise is handed on', () => {
  const stop = () => {};
  const plain = { onHint: () => stop, tasks: {}, outbox: {}, schedules: {} };
  expect(countErrors(plain as unknown as FullStore, new ServiceCounts()).onHint(() => {})).toBe(stop);
});

test('the calls of a store are known by name', () => {
  const bare = { tasks: {}, many: {}, outbox: {}, schedules: {} } as unknown as FullStore;
  const { tasks, many: _many, outbox, schedules, ...calls } = openOnUse(bare);
  const silent = ['close', 'onAvailable', 'onHint', 'wantHints'];
  const names = [calls, tasks, outbox, schedules]
    .flatMap((each) => Object.keys(each))
    .filter((name) => !silent.includes(name));
  expect(names.filter((name) => !storeCalls.some((known) => known === name))).toEqual([]);
});
