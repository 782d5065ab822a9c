/**
 * What a standby takes from the leases that it sees: tasks that the master has done leave this member's queue, and are
 * not run again after a failover.
 *
 * Members are fed each on its own, so their orders may differ, and a task may reach this member after the master has
 * done it. Three cases, by how many were done since the last look:
 *
 *   no more than the window holds   exactly those leave the queue. One that is not queued here yet is remembered, and
 *                                   dropped when it arrives.
 *   more                            some are unknown. The original's rule is all that is left: everything up to and
 *                                   including the oldest id of the window that is queued here was done, then the
 *                                   window's other ids as above. Where the orders differ this can lose a task or run
 *                                   one twice, so it is reported as `fellBack`.
 *   not known                       the first look ever, the first after this member was the master itself (what the
 *                                   lease carried of its last tasks is not known), or a count that went back.
 *                                   Only ids that are queued here leave, and nothing is remembered: what the window
 *                                   holds may have been done long ago, and its ids may come again.
 */
import type { Progress } from '../../store/store.js';
import type { TaskId } from '../../task/task.js';
import { Fifo } from './fifo.js';

/** Most ids remembered of tasks that were done before they arrived; beyond it the oldest is forgotten, and its task runs twice. */
export const EARLY_IDS_MAX = 10_000;

const NO_BYTES = new Uint8Array(0);

interface Followed {
  /** The ids that left the queue, in the order in which they did. */
  readonly removed: TaskId[];
  /** Whether more was done than the window holds. */
  readonly fellBack: boolean;
  /** How many tasks were done whose ids are not known. */
  readonly missed: number;
}

export class Follower {
  /** The count of the last look; undefined before the first. */
  private lastCount: number | undefined;
  /** Ids that were done before they arrived, oldest first. A `Fifo` for its cost: a `Set` is slow at its front too. */
  private readonly early = new Fifo();

  constructor(private readonly queue: Pick<Fifo, 'delete' | 'has' | 'removeThrough'>) {}

  /** One look at a lease of another holder, or at the one that this member has just taken over. */
  see(progress: Progress): Followed {
    const { count, identifier } = progress;
    const last = this.lastCount;
    this.lastCount = count;
    if (count === 0 || identifier === null) return { removed: [], fellBack: false, missed: 0 };
    // An id too large for the window is in `identifier` alone.
    const recent = progress.recent.length === 0 ? [identifier] : progress.recent;

    if (last === undefined || count < last) {
      return { removed: recent.filter((id) => this.queue.delete(id)), fellBack: false, missed: 0 };
    }
    const added = count - last;
    const missed = Math.max(0, added - recent.length);
    const oldest = missed > 0 ? recent.find((id) => this.queue.has(id)) : undefined;
    const removed = oldest === undefined ? [] : this.queue.removeThrough(oldest);
    const before = new Set(removed);
    for (const id of added === 0 ? [] : recent.slice(-added)) {
      if (this.queue.delete(id)) removed.push(id);
      else if (!before.has(id)) this.remember(id);
    }
    return { removed, fellBack: missed > 0, missed };
  }

  /** A task is submitted: true when it was done already, and is to be dropped. That is true once. */
  arrives(id: TaskId): boolean {
    return this.early.delete(id);
  }

  /** Looks go on from `count` done; undefined: it is not known, and the next look is like the first ever. */
  continueFrom(count: number | undefined): void {
    this.lastCount = count;
  }

  private remember(id: TaskId): void {
    this.early.push({ id, bytes: NO_BYTES });
    if (this.early.size > EARLY_IDS_MAX) this.early.shift();
  }
}
