/** How values are shown to people. What other programs wrote is never sent to a terminal as it is. */
import { showDuration } from '../settings/durations.js';
import type { TimeFormat } from '../settings/settings.js';

/** Control characters, formats that reorder a line, and halves of surrogate pairs. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Returns the text without anything that a terminal would obey. */
export function clean(text: string): string {
  return text.replace(unsafe, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

export function showId(id: string | number): string {
  return typeof id === 'string' ? clean(id) : String(id);
}

/** Returns a time as the user asked for it; `now`: the wall clock, in ms. */
export function showTime(at: Date | null, format: TimeFormat, now: number): string {
  if (at === null) return '-';
  if (format === 'iso') return at.toISOString();
  const age = now - at.getTime();
  return age >= 0 ? `${showDuration(age)} ago` : `in ${showDuration(-age)}`;
}

/** Returns how long something has lasted; `-` if that is not known. */
export function showAge(ms: number | null): string {
  return ms === null ? '-' : showDuration(ms);
}

/** Returns a count that stopped at `max` as such. */
export function showCount(count: number, max: number): string {
  return count >= max ? `${max}+` : String(count);
}

/** Returns `1 task`, `2 tasks`. */
export function some(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
