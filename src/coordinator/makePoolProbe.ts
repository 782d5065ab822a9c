/** Makes the probe of libuv's thread pool with the real pool and the real time. */
import { stat } from 'node:fs';
import { devNull } from 'node:os';
import { toWire } from '../errors.js';
import { systemClock } from '../time/systemClock.js';
import type { MemberEvent } from '../wire/messages.js';
import { PoolProbe } from './poolProbe.js';

export function makePoolProbe(emit: (event: MemberEvent) => void): PoolProbe {
  return new PoolProbe({
    clock: {
      now: systemClock.now,
      // To the millisecond is enough. `systemClock.at` would hold the thread up to be more exact.
      at: (time, callback) => {
        const timer = setTimeout(callback, time - systemClock.now());
        return () => clearTimeout(timer);
      },
    },
    // A thread that ends takes back a file call that waits in the pool. It would wait for a call of `crypto`.
    ask: () => new Promise<void>((resolve) => stat(devNull, () => resolve())),
    busy: (error) => emit({ type: 'error', error: toWire(error) }),
    free: (text) => emit({ type: 'info', text }),
  });
}
