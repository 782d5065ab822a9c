/** Slots: the instants at which a schedule wants a task. */

/** What the work is told of the slot that its task is for. */
export interface SlotDetails {
  /** Names the schedule. */
  readonly id: string;
  /** Is the instant that the pattern names. */
  readonly slot: Date;
  /** Says how long after its time the task was queued, in ms. */
  readonly late: number;
  /** Says whether no master was there at its time, so the task was queued afterwards. */
  readonly missed: boolean;
  /** Says whether `backfill` queued it. */
  readonly backfilled: boolean;
}

/** What is stored of a slot with its task. */
export type StoredSlot = Omit<SlotDetails, 'id' | 'slot'> & { readonly schedule: string; readonly slot: number };

/** Returns what the work is told; undefined for a task that is for no slot. */
export function slotOf(details: Readonly<Record<string, unknown>> | undefined): SlotDetails | undefined {
  const { schedule, slot, late, missed, backfilled } = details ?? {};
  if (typeof schedule !== 'string' || typeof slot !== 'number') return undefined;
  return {
    ...{ id: schedule, slot: new Date(slot), late: Number(late) },
    ...{ missed: missed === true, backfilled: backfilled === true },
  };
}

/** Returns the id of the task of a slot. It is the same on each master. */
export function slotTaskId(id: string, slot: number): string {
  return `${id}@${new Date(slot).toISOString().replace('.000Z', 'Z')}`;
}

const ORIGIN = 'schedule/';

/** Returns the origin of the task of a slot: no slot has two. */
export function originOf(id: string, slot: number): string {
  return `${ORIGIN}${slot}/${id}`;
}

/** Returns which slot an origin is for; null if it is that of something else. */
export function readOrigin(origin: string): { readonly id: string; readonly slot: number } | null {
  const [, slot, id] = /^schedule\/(\d{1,15})\/(.+)$/s.exec(origin) ?? [];
  return slot === undefined || id === undefined ? null : { id, slot: Number(slot) };
}

/** Returns the id of the task that `trigger` queues at that instant. No slot has it. */
export function triggeredTaskId(id: string, at: number): string {
  return `${id}@${new Date(at).toISOString()}!`;
}

/** Returns by how many ms the task of a slot is delayed, from 0 to `most`: the same on each master. */
export function jitterOf(id: string, slot: number, most: number): number {
  if (most === 0) return 0;
  let hash = 0x811c9dc5;
  for (const char of `${slot / 1000}/${id}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  // The low bits of the last step hang on the last character alone.
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return Math.floor(((hash >>> 0) / 2 ** 32) * (most + 1));
}
