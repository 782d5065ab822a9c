/** Waiting, and not waiting any longer, by the clock that was handed in. */
import type { Clock } from './clock.js';

/** Resolves when `ms` have passed. */
export function pause(clock: Pick<Clock, 'now' | 'at'>, ms: number): Promise<void> {
  return new Promise((resolve) => clock.at(clock.now() + ms, resolve));
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
