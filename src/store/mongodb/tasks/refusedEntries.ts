/**
 * Entries of the outbox that cannot become a task. They are out of what a look reads, however many there are: their `at` is the last
 * date that there is, and what it was before is in `wasAt`. Who has corrected one unsets `refused`, or gives it an `at` as well. A
 * master finds the former from time to time, and puts the time back.
 *
 *   refused   { at: LAST_DATE, wasAt, refused }   no `due`, which only a master may set
 *   mended    { at: LAST_DATE, wasAt }
 *   restored  { at: what wasAt was }
 *
 * Each step is one write of one document, by what it was before, so those of two masters, and those that come twice, do no harm. A
 * refusal says what `at` was when the entry was read, and so does one that lands late, when the entry is out of the way already.
 */
import { showValue } from '../../../diagnostics/showValue.js';
import type { Clock } from '../../../time/clock.js';
import { chunksOf } from '../../../values/chunks.js';
import type { Fields } from '../../documents.js';
import type { BadEntry } from '../../outbox.js';
import type { Commands } from '../commands.js';
import { OUTBOX } from '../indexes/indexes.js';
import { majority } from './taskReads.js';

/** Beyond all others. */
const LAST_DATE = new Date(8.64e15);
/** Between two looks for mended entries, in ms: each goes through all that are refused. */
const LOOK_PAUSE_MS = 30_000;
/** Names in one look, and how many of its answers: with the others it goes on the next time. */
const NAMES_MAX = 1000;
const FOUND_MAX = 1000;

const isRefused = { refused: { $ne: null } };
const isMended = { at: { $gte: LAST_DATE }, $nor: [isRefused, { wasAt: { $exists: false } }] };

/** Returns the update by which an entry is refused. */
export function refusalOf({ problem, at: due }: BadEntry, at: Date): Fields {
  const isKept = due instanceof Date || typeof due === 'string' || due === undefined || due === null;
  // What is no date is refused again. Servers may refuse to store it under another name, such as `{ $date: … }`.
  const wasAt = isKept ? (due ?? null) : showValue(due);
  return { $set: { refused: { reason: problem, at }, at: LAST_DATE, wasAt }, $unset: { due: '' } };
}

export class MendedEntries {
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly commands: Commands,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Makes those due again, as they were, whose refusal was taken back, if it is time to look. Nothing depends on one call. */
  async restore(names: readonly string[]): Promise<void> {
    if (this.clock.now() - this.lookedAt < LOOK_PAUSE_MS) return;
    this.lookedAt = this.clock.now();
    for (const some of chunksOf(names, NAMES_MAX)) {
      const options = { limit: FOUND_MAX, projection: { wasAt: 1 }, ...majority };
      const found = await this.commands.find('namesWaiting', OUTBOX, { name: { $in: some }, ...isMended }, options);
      if (found.length === 0) continue;
      const updates = found.map(({ _id, wasAt }) => ({ q: { _id, ...isMended }, u: restored(wasAt) }));
      await this.commands.updateAll('namesWaiting', OUTBOX, updates);
    }
  }
}

function restored(wasAt: unknown): Fields {
  if (wasAt === null || wasAt === undefined) return { $unset: { at: '', wasAt: '' } };
  return { $set: { at: wasAt }, $unset: { wasAt: '' } };
}
