/** When the clocks of a zone change, and whether a pattern has the same slots there in both directions. */
import type { Pattern } from '../../../src/schedules/pattern.ts';

const DAY = 86_400_000;
const STEP = 14 * DAY;

/** Returns the offset of the zone at that instant, in minutes. */
function offsetIn(zone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  return (at) => format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** Returns the instants at which the offset changes, to the second. */
export function zoneChanges(zone: string, from: number, years: number): number[] {
  const offset = offsetIn(zone);
  const changes: number[] = [];
  const end = from + years * 365.25 * DAY;
  let before = offset(from);
  for (let at = from + STEP; at < end; at += STEP) {
    const now = offset(at);
    if (now === before) continue;
    let [low, high] = [at - STEP, at];
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    changes.push(high);
    before = now;
  }
  return changes;
}

/** Returns what the clock of the zone shows in these years: the same for zones that differ by name alone. */
export function clockOf(zone: string, from: number, years: number): string {
  const offset = offsetIn(zone);
  const changes = zoneChanges(zone, from, years);
  return [from, ...changes].map((at) => `${at} ${offset(at)}`).join();
}

/** Walks over two days around each change, forth and back. Returns where the two differ. */
export function differencesIn(zone: string, { next, previous }: Pattern, from: number, years: number): string[] {
  return zoneChanges(zone, from, years).flatMap((change) => {
    const forward: number[] = [];
    for (let at = next(change - DAY - 1); at !== null && at <= change + DAY; at = next(at)) forward.push(at);
    const backward: number[] = [];
    for (let at = previous(change + DAY + 1); at !== null && at >= change - DAY; at = previous(at))
      backward.unshift(at);
    return String(forward) === String(backward) ? [] : [`${zone} around ${new Date(change).toISOString()}`];
  });
}
