/**
 * Beats by a plain timer, as libraries without a coordinator thread have them. A beat here only notes its time: no
 * store is written to, which is in the competitor's favour.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Beats every `interval` ms for `duration` ms, then resolves to the gaps between the beats, in ms. */
export async function plainBeats(interval: number, duration: number): Promise<number[]> {
  const gaps: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }, interval);
  await sleep(duration);
  clearInterval(timer);
  // A beat that was due and did not come any more is late, too.
  const open = performance.now() - last;
  if (open > interval) gaps.push(open);
  return gaps;
}

/**
 * How late each beat was: against the beat before, not against a grid as ours are, so one that is late does not
 * make the next one early. Again in the competitor's favour.
 */
export function latenessOf(gaps: readonly number[], interval: number): number[] {
  return gaps.map((gap) => Math.max(0, gap - interval));
}
