/**
 * What one look at a schedule makes of it: which slots get a task now, and up to which slot all is settled. Pure: the cursor
 * and the time are handed in.
 *
 * A slot is due when its time and its jitter have come, and no slot before it waits. It is on time up to LATE_MS after that;
 * later than that it was missed, and the options say what becomes of it. The cursor is the last slot that was settled:
 * with a task, or without one. So no slot at or before it is looked at again.
 */
import type { SlotRules } from './options.js';
import type { Pattern } from './pattern.js';
import { jitterOf } from './slots.js';

/** A slot that is later than this was missed, in ms: more than a failover takes, and than there is between two looks. */
export const LATE_MS = 120_000;
/** Slots on time that one look settles. There may be more where a pattern has many and its jitter is long. */
const STEP_SLOTS_MAX = 200;
/** Slots between two pauses of the planner. */
const PAUSE_SLOTS = 16;

export interface PlannedSlot {
  readonly slot: number;
  readonly late: number;
  readonly missed: boolean;
}

export interface Plan {
  /** The slots that get a task, in order. */
  readonly slots: readonly PlannedSlot[];
  /** All slots up to here are settled with it. */
  readonly cursor: number;
  /** Whether slots were missed and get no task. */
  readonly hasLost: boolean;
  /** Whether more slots were missed than `maxMissed`. */
  readonly isTooMany: boolean;
  /** When to look again: the time of the next slot with its jitter. Null: there is none. */
  readonly next: number | null;
}

export interface Planned {
  readonly id: string;
  readonly rules: SlotRules;
  readonly pattern: Pattern;
  readonly cursor: number;
}

/** Plans a schedule that is not paused. It pauses after every few slots, as each takes a tenth of a millisecond. */
export function* planSlots(planned: Planned, now: number): Generator<void, Plan> {
  const { id, rules, pattern, cursor } = planned;
  const { jitter, from, until } = rules;
  const after = Math.max(cursor, from === null ? 0 : from - 1);
  const last = until === null ? now : Math.min(now, until);
  // All slots up to here were missed. Of those behind it, each says itself.
  const missedThrough = now - LATE_MS - jitter - 1;
  const old = yield* missedSlots(planned, { after, through: Math.min(missedThrough, last), now });
  const recent: PlannedSlot[] = [];
  const start = Math.max(after, missedThrough);
  // A slot waits for those before it, and is not late by that.
  let dueAt = yield* latestDue(planned, start);
  let next: number | null = pattern.next(start);
  while (next !== null && next <= last && recent.length < STEP_SLOTS_MAX) {
    dueAt = Math.max(dueAt, next + jitterOf(id, next, jitter));
    const late = now - dueAt;
    if (late < 0) break;
    recent.push({ slot: next, late, missed: late > LATE_MS });
    if (recent.length % PAUSE_SLOTS === 0) yield;
    next = pattern.next(next);
  }
  const isOpen = next !== null && (until === null || next <= until);
  const due = next !== null && isOpen ? Math.max(dueAt, next + jitterOf(id, next, jitter)) : null;
  return {
    ...chosen(old, recent, rules, { now, isMore: recent.length === STEP_SLOTS_MAX }),
    cursor: recent.at(-1)?.slot ?? old.latest ?? cursor,
    next: due,
  };
}

/** Returns when the last of the slots up to `through` was due, as far as one behind it may have to wait for that. */
function* latestDue({ id, rules, pattern }: Planned, through: number): Generator<void, number> {
  const { jitter, from } = rules;
  let latest = Number.NEGATIVE_INFINITY;
  let seen = 0;
  let slot = jitter === 0 ? null : pattern.previous(through + 1);
  // Those before that were due no later, whatever their jitter is.
  while (slot !== null && slot + jitter > Math.max(latest, through) && slot >= (from ?? 0)) {
    latest = Math.max(latest, slot + jitterOf(id, slot, jitter));
    seen += 1;
    if (seen % PAUSE_SLOTS === 0) yield;
    slot = pattern.previous(slot);
  }
  return latest;
}

/** Plans a schedule that is paused: its slots pass without a task. */
export function passSlots({ rules, pattern, cursor }: Planned, now: number): Plan {
  const next = pattern.next(now);
  const latest = pattern.previous(now + 1);
  const isOpen = next !== null && (rules.until === null || next <= rules.until);
  return {
    slots: [],
    cursor: Math.max(cursor, latest ?? cursor),
    hasLost: false,
    isTooMany: false,
    next: isOpen ? next : null,
  };
}

interface OldSlots {
  /** The latest of all; null if there is none. */
  readonly latest: number | null;
  /** The latest that may be made up, oldest first. */
  readonly slots: readonly PlannedSlot[];
  /** Why there are more, if there are: they are too many, or too old. */
  readonly rest: 'none' | 'many' | 'old';
}

interface OldRange {
  readonly after: number;
  readonly through: number;
  readonly now: number;
}

/** Finds the latest missed slots, and only as many as may be made up. */
function* missedSlots({ id, rules, pattern }: Planned, { after, through, now }: OldRange): Generator<void, OldSlots> {
  const most = rules.missed === 'all' ? rules.maxMissed : 1;
  const found: PlannedSlot[] = [];
  const ended = (rest: OldSlots['rest']): OldSlots => ({ latest, slots: found.reverse(), rest });
  let slot = through > after ? pattern.previous(through + 1) : null;
  const latest = slot !== null && slot > after ? slot : null;
  while (slot !== null && slot > after) {
    if (slot < now - rules.within) return ended('old');
    if (found.length === most) return ended('many');
    found.push({ slot, late: now - slot - jitterOf(id, slot, rules.jitter), missed: true });
    if (found.length % PAUSE_SLOTS === 0) yield;
    slot = pattern.previous(slot);
  }
  return ended('none');
}

function chosen(
  old: OldSlots,
  recent: readonly PlannedSlot[],
  { missed, maxMissed, within }: SlotRules,
  { now, isMore }: { readonly now: number; readonly isMore: boolean },
): Pick<Plan, 'slots' | 'hasLost' | 'isTooMany'> {
  const onTime = recent.filter((slot) => !slot.missed);
  const late = [...old.slots, ...recent.filter((slot) => slot.missed)];
  const young = late.filter(({ slot }) => slot >= now - within);
  // One task on time makes up for all before it.
  const isCovered = onTime.length > 0 || isMore;
  const room = missed === 'all' ? maxMissed : missed === 'once' && !isCovered ? 1 : 0;
  const madeUp = room === 0 ? [] : young.slice(-room);
  return {
    slots: [...madeUp, ...onTime].sort((a, b) => a.slot - b.slot),
    hasLost: old.rest !== 'none' || late.length > madeUp.length,
    isTooMany: missed === 'all' && (old.rest === 'many' || young.length > maxMissed),
  };
}

/**
 * Leaves out slots whose task would overlap with that of the slot before. `isBusy`: the task of the last slot that got one is
 * queued or running. Slots that `missed: 'all'` makes up stay.
 */
export function withoutOverlap(slots: readonly PlannedSlot[], rules: SlotRules, isBusy: boolean): PlannedSlot[] {
  if (rules.overlap === 'queue') return [...slots];
  const madeUp = rules.missed === 'all' ? slots.filter(({ missed }) => missed) : [];
  const others = slots.filter((slot) => !madeUp.includes(slot));
  const isFree = !isBusy && madeUp.length === 0;
  return [...madeUp, ...(isFree ? others.slice(0, 1) : [])].sort((a, b) => a.slot - b.slot);
}
