/** What makes a store. Each kind has a module with one, and a thread loads the code of its own kind alone. */
import type { StoreOptions } from '../options/options.js';
import type { Clock } from '../time/clock.js';
import type { Gate } from './embedded/gate.js';
import type { StoreLimits } from './limits.js';
import type { StoreWatcher } from './storeWatcher.js';
import type { FullStore } from './taskStore.js';

/**
 * Returns the store, not open yet. `connectTimeout` is 2 × `commandTimeout` by default. `gate`: shut by who ends this thread
 * (embedded/gate.ts). Throws `InvalidOptionError` when the connect string or the connect options make no sense to the driver.
 */
export type StoreMaker = (
  options: StoreOptions,
  limits: Pick<StoreLimits, 'commandTimeout'> & Partial<StoreLimits>,
  clock?: Clock,
  gate?: Gate,
  watcher?: StoreWatcher,
) => FullStore;
