/**
 * Settles a store by the call that members use, for tests that are not about that. Else a first mastership takes
 * SLAVE + TICKING.
 */
import type { StoreOptions } from '../../src/options/options.ts';
import { createStore } from './builtStore.ts';
import { databaseUri } from './database.ts';

/** Longer than the time to live of any test. */
const WAIT = 3_600_000;

export async function settle(options: StoreOptions): Promise<void> {
  const store = createStore(options, { commandTimeout: 10_000 });
  try {
    await store.open();
    const { epoch } = await store.highestTerm('settled');
    await store.settle(epoch, WAIT);
  } finally {
    await store.close();
  }
}

/** The connection string of a settled database that nothing else uses. */
export async function settledUri(): Promise<string> {
  const connectString = databaseUri();
  await settle({ kind: 'mongodb', connectString, connectOptions: {}, debug: false });
  return connectString;
}
