/** Chooses the store that the options ask for. */

import type { StoreOptions } from '../options/options.js';
import type { Clock } from '../time/clock.js';
import { systemClock } from '../time/systemClock.js';
import { EmbeddedStore } from './embedded/embeddedStore.js';
import { Gate } from './embedded/gate.js';
import { MongodbStore } from './mongodb/mongodbStore.js';
import { settingsOf } from './mongodb/settings.js';
import type { FullStore } from './taskStore.js';

interface StoreLimits {
  /** After this many ms every call has ended: it failed if it had no answer. */
  readonly commandTimeout: number;
  /** The same for `open()`, which may have to look names up and to authenticate. Default 2 × `commandTimeout`. */
  readonly connectTimeout?: number;
  /** How long after its last answer a connection to a server is trusted, in ms. */
  readonly freshFor?: number;
}

/**
 * The store, not open yet. `gate`: shut by who ends this thread (embedded/gate.ts). `measured` is called with the time that
 * a server took for a command of the election, in ms. Throws `InvalidOptionError` when the connect string or the connect
 * options make no sense to the driver.
 */
export function createStore(
  options: StoreOptions,
  limits: StoreLimits,
  clock: Clock = systemClock,
  gate: Gate = new Gate(),
  measured?: (ms: number) => void,
): FullStore {
  const { commandTimeout, connectTimeout = 2 * commandTimeout, freshFor } = limits;
  if (options.kind === 'embedded') return new EmbeddedStore(options, commandTimeout, clock, gate);
  return new MongodbStore(settingsOf(options, { commandTimeout, connectTimeout, freshFor }), clock, measured);
}
