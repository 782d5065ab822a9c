/** What the doctor sees of the outbox in the embedded store. Only members write there, so names that none has are not looked for. */
import { isFields } from '../documents.js';
import { OUTBOX_LATE_MS, OUTBOX_REFUSED_MAX, type SeenOutbox, whyRefused } from '../seenOutbox.js';
import type { Entries } from './environment.js';
import { entryRangeUntil, refusedEntries } from './keys.js';

/** Entries of one answer, and one more of each name: the beats of all members wait for it. */
const ENTRIES_MAX = 1000;

export interface OutboxLookCalls {
  inspectOutbox(names: readonly string[], before: Date): SeenOutbox;
}

export function outboxLookOn(entries: Entries): OutboxLookCalls {
  return { inspectOutbox: (names, before) => seenOutbox(entries, names, before.getTime()) };
}

function seenOutbox(entries: Entries, names: readonly string[], before: number): SeenOutbox {
  const late: string[] = [];
  const refused: { name: string; why: string }[] = [];
  let [count, isWhole] = [0, true];
  for (const name of names) {
    let isLate = false;
    // Older versions left what they refused among those that are due.
    for (const { value } of entries.each(entryRangeUntil(name, before + OUTBOX_LATE_MS))) {
      count += 1;
      const { at, refused: why } = isFields(value) ? value : {};
      isLate ||= (why ?? null) === null && (typeof at !== 'number' || at <= before);
      if (count < ENTRIES_MAX) continue;
      isWhole &&= isLate;
      break;
    }
    if (isLate) late.push(name);
    if (refused.length >= OUTBOX_REFUSED_MAX) continue;
    for (const { value } of entries.each(refusedEntries(name))) {
      refused.push({ name, why: whyRefused(isFields(value) ? value.refused : undefined) });
      if (refused.length >= OUTBOX_REFUSED_MAX) break;
    }
  }
  return { unknown: [], late, refused, isWhole };
}
