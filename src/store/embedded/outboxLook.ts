/** What the doctor sees of the outbox in the embedded store. Only members write there, so names that none has are not looked for. */
import { isFields } from '../documents.js';
import { OUTBOX_LATE_MS, OUTBOX_REFUSED_MAX, type SeenOutbox, whyRefused } from '../seenOutbox.js';
import type { Entries } from './environment.js';
import { entryRangeUntil } from './keys.js';

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
    // An entry is refused when it is due, so none is behind these.
    for (const { value } of entries.each(entryRangeUntil(name, before + OUTBOX_LATE_MS))) {
      count += 1;
      const { at, refused: why } = isFields(value) ? value : {};
      const isRefused = why !== undefined && why !== null;
      if (!isRefused) isLate ||= typeof at !== 'number' || at <= before;
      else if (refused.length < OUTBOX_REFUSED_MAX) refused.push({ name, why: whyRefused(why) });
      if (count < ENTRIES_MAX) continue;
      isWhole &&= isLate;
      break;
    }
    if (isLate) late.push(name);
  }
  return { unknown: [], late, refused, isWhole };
}
