/** Waiting, and not waiting any longer, by the clock that was handed in. */
import type { Clock } from './clock.js';

/** Resolves when `ms` have passed. */
export function pause(clock: Pick<Clock, 'now' | 'at'>, ms: number): Promise<void> {
  return new Promise((resolve) => clock.at(clock.now() + ms, resolve));
}

/** Resolves when `ms` have passed, or when the signal aborts. Nothing of it stays with the signal. */
export function pauseOrAbort(clock: Pick<Clock, 'now' | 'at'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.at(clock.now() + ms, end);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}

/** Returns whether `work`, which never rejects, ends by then; it is not waited for any longer. */
export async function endsBy(clock: Pick<Clock, 'at'>, time: number, work: Promise<void>): Promise<boolean> {
  let cancel = (): void => {};
  const late = new Promise<boolean>((resolve) => {
    cancel = clock.at(time, () => resolve(false));
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  cancel();
  return inTime;
}
