/**
 * Ids that stay taken after their task was done, in the embedded store. The entry of such an id has `{ seq, until }` in the place
 * of the number alone, so what a submission reads says all, and the task itself is trimmed as others are. Entries by their end
 * find those whose time is over.
 */
import { StoreError } from '../../errors.js';
import type { TaskId } from '../../task/task.js';
import { isFields } from '../documents.js';
import type { QueueState } from '../taskStore.js';
import type { Entries } from './environment.js';
import { idKey, takenEndKey, takenEnds } from './keys.js';

/** How many one transaction deletes: the beats of all members wait for it. */
export const ENDED_MAX = 500;

export class TakenIds {
  constructor(
    private readonly entries: Entries,
    private readonly wall: () => number,
    private readonly path: string,
  ) {}

  /** Writes the entry of an id whose task is being stored. */
  put(name: string, id: TaskId, seq: number, uniqueFor: number): void {
    const until = this.wall() + uniqueFor;
    const key = idKey(name, id);
    this.entries.put(key, { seq, until }, seq);
    this.entries.put(takenEndKey(name, until, seq), key, seq);
  }

  /** Returns whether the value of an id's entry says that the id is taken, though its task may be done. */
  isTaken(value: unknown): boolean {
    return isFields(value) && typeof value.until === 'number' && value.until > this.wall();
  }

  /** Deletes a bounded number of those whose time is over. Returns whether it has come to the end. */
  trim(name: string, { done, burial }: QueueState): boolean {
    const found: { readonly end: Buffer; readonly key: Buffer; readonly seq: number }[] = [];
    for (const { key: end, value } of this.entries.each(takenEnds(name, this.wall()))) {
      if (!Buffer.isBuffer(value)) {
        throw new StoreError('ERR_STORE_DATA', `the end of an id of ${name} in ${this.path} has no key`);
      }
      found.push({ end, key: value, seq: Number(end.readBigUInt64BE(end.length - 8)) });
      if (found.length >= ENDED_MAX) break;
    }
    for (const { end, key, seq } of found) {
      this.entries.remove(end);
      // One that is queued still keeps its id until it is trimmed.
      const isOver = seq <= done && seq !== burial?.seq;
      if (isOver && this.entries.get(key)?.version === seq) this.entries.remove(key);
    }
    return found.length < ENDED_MAX;
  }
}
