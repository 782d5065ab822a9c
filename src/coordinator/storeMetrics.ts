/** Counts the calls of the store that fail, by their names. */
import type { FullStore } from '../store/taskStore.js';
import { type ServiceCounts, type StoreCall, storeCalls } from '../wire/sharedCounts.js';

/** Returns a store of the same calls. Their answers come as they are, with nothing between. */
export function countErrors(store: FullStore, counts: Pick<ServiceCounts, 'storeErrors'>): FullStore {
  const failed = (call: string): void => counts.storeErrors.add(isKnown(call) ? call : 'other');
  const { tasks, outbox, schedules } = store;
  const parts = {
    tasks: counted(tasks, failed),
    outbox: counted(outbox, failed),
    schedules: counted(schedules, failed),
  };
  return counted({ ...store, ...parts }, failed);
}

function isKnown(call: string): call is StoreCall {
  return storeCalls.some((known) => known === call);
}

function counted<T extends object>(calls: T, failed: (call: string) => void): T {
  const entries = Object.entries(calls).map(([name, call]) => {
    if (typeof call !== 'function') return [name, call];
    const count = (): void => failed(name);
    const wrapped = (...args: readonly unknown[]): unknown => {
      const answer: unknown = Reflect.apply(call, calls, args);
      if (answer instanceof Promise) answer.catch(count);
      return answer;
    };
    return [name, wrapped];
  });
  return Object.fromEntries(entries) as T;
}
