/** Chooses the store that the options ask for. */

import type { StoreOptions } from '../options/options.js';
import type { Clock } from '../time/clock.js';
import { systemClock } from '../time/systemClock.js';
import { EmbeddedStore } from './embedded/embeddedStore.js';
import { Gate } from './embedded/gate.js';
import type { StoreLimits } from './limits.js';
import { MongodbStore } from './mongodb/mongodbStore.js';
import { settingsOf } from './mongodb/settings.js';

import type { StoreWatcher } from './storeWatcher.js';
import type { FullStore } from './taskStore.js';

/**
 * Returns the store, not open yet. `connectTimeout` is 2 × `commandTimeout` by default. `gate`: shut by who ends this thread (embedded/gate.ts). Throws `InvalidOptionError` when the connect string or the connect
 * options make no sense to the driver.
 */
export function createStore(
  options: StoreOptions,
  limits: Pick<StoreLimits, 'commandTimeout'> & Partial<StoreLimits>,
  clock: Clock = systemClock,
  gate: Gate = new Gate(),
  watcher: StoreWatcher = {},
): FullStore {
  const { commandTimeout, connectTimeout = 2 * commandTimeout } = limits;
  if (options.kind === 'embedded') return new EmbeddedStore(options, commandTimeout, clock, gate);
  return new MongodbStore(settingsOf(options, { ...limits, connectTimeout }), clock, watcher);
}
