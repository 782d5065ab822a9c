/** Follows a store: looks at it again and again, and yields what has changed. */
import type { StoreReader } from '../store/reader.js';
import type { Clock } from '../time/clock.js';
import { pause } from '../time/pause.js';
import { type Change, ChangeWatch } from './changes.js';
import { lookAt } from './look.js';

export interface WatchParts {
  readonly reader: StoreReader;
  readonly clock: Clock;
  /** Between two looks, in ms. */
  readonly period: number;
  /** Empty: all subsystems. */
  readonly names: readonly string[];
}

/** What a look has brought; `error` if the store could not be read: then the next look tries again. */
export type Seen = { readonly changes: readonly Change[] } | { readonly error: unknown };

/** Yields what has changed at each look, until the signal aborts. */
export async function* watch(parts: WatchParts, signal: AbortSignal): AsyncGenerator<Seen> {
  const changes = new ChangeWatch();
  while (!signal.aborted) {
    try {
      yield { changes: changes.see(await lookAt(parts.reader, parts.names, parts.clock)) };
    } catch (error) {
      yield { error };
    }
    await pause(parts.clock, parts.period);
  }
}
