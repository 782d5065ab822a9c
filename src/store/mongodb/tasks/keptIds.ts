/**
 * What is left of tasks whose id stays taken after they were done (`uniqueUntil`): the document keeps its key, and so the unique
 * index refuses another task of that id. When all others around it are trimmed, it gives up its payload and is marked `kept`, so
 * no master takes it for a task, should the lease be lost. When its time is over, a sweep deletes it. The time is that of the
 * wall clocks of members, and nothing but the id depends on it. A sweep also deletes what came too late (taskAdder.ts): it lies there
 * without that mark, where all has been trimmed.
 */
import type { Clock } from '../../../time/clock.js';
import type { Fields } from '../../documents.js';
import { NO_BYTES } from '../../reader.js';
import type { Commands } from '../commands.js';
import { type NumberPages, PAGE, type Walk, walkFrom } from './numberPages.js';
import { majority, TASKS, type TaskReads } from './taskReads.js';

/** Between two sweeps at least, in ms. An id is free when its time is over, so a sweep only saves room. */
export const SWEEP_PAUSE_MS = 60_000;
/** A sweep reads all that is kept, so the next one waits at least so many times as long as this one took. */
const SWEEP_REST_TIMES = 20;
/** No call begins another page after so long, in ms: the next call goes on. */
const SWEEP_CALL_MS = 2000;

/** What one subsystem's kept documents are known by. */
interface Kept {
  /** When the next sweep may begin, by the monotonic clock. */
  sweepAt: number;
  /** How long this sweep has taken, in ms. */
  took: number;
  /** Where it goes on, if there was no time for all. */
  walk: Walk;
  /** How many this sweep has left. */
  left: number;
}

export class KeptIds {
  private readonly names = new Map<string, Kept>();

  constructor(
    private readonly commands: Commands,
    private readonly reads: TaskReads,
    private readonly pages: NumberPages,
    private readonly clock: Clock,
  ) {}

  /**
   * Marks those above `after`, up to `through`, whose time is not over. All are done, and `goesOn` tells before each write but the
   * first whether they still are. Returns whether it has come to the end.
   */
  async mark(name: string, after: number, through: number, goesOn: () => Promise<boolean>): Promise<boolean> {
    const waiting = { kept: null, uniqueUntil: { $gt: new Date(this.clock.wall()) } };
    const options = { limit: 1, projection: { _id: 1 }, ...majority };
    const range = { $gt: after, $lte: through };
    const [first] = await this.commands.find('trimTasks', TASKS, { name, seq: range, ...waiting }, options);
    if (first === undefined) return true;
    this.seen(name);
    const change = { $set: { kept: true, payload: NO_BYTES } };
    // Each document is written, so all at once may be more than a command has time for.
    for (let from = after; from < through; from += PAGE) {
      if (from > after && !(await goesOn())) return false;
      const seq = { $gt: from, $lte: Math.min(from + PAGE, through) };
      await this.commands.updateMany('trimTasks', TASKS, { name, seq, ...waiting }, change);
    }
    return true;
  }

  /** There may be some. */
  seen(name: string): void {
    if (!this.names.has(name)) this.names.set(name, { sweepAt: 0, took: 0, walk: walkFrom(0), left: 0 });
  }

  forget(name: string): void {
    this.names.delete(name);
  }

  /** Deletes those up to `last` whose time is over, if it is time to. All up to there is done, and was trimmed. */
  async sweep(name: string, last: number, signal: AbortSignal): Promise<void> {
    const kept = this.names.get(name);
    if (kept === undefined || last < 1 || this.clock.now() < kept.sweepAt) return;
    for (const from = this.clock.now(); !signal.aborted && this.clock.now() - from < SWEEP_CALL_MS; ) {
      const began = this.clock.now();
      const [after, now] = [kept.walk.from, this.clock.wall()];
      const found = await this.pages.next('trimTasks', name, kept.walk, last);
      // By their range: for some servers a list of many numbers, or keys, is more than there is time for.
      const page = { name, seq: { $gt: after, $lte: kept.walk.from } };
      const late = found.filter((document) => document.kept !== true);
      const isOver = (document: Fields) => this.reads.reader(document).uniqueUntil() <= now;
      const over = found.filter((document) => document.kept === true && isOver(document));
      if (over.length > 0) await this.delete({ ...page, kept: true, uniqueUntil: { $lte: new Date(now) } });
      // In a database that was emptied, these are other tasks, which wait.
      if (late.length > 0 && (await this.reads.state('trimTasks', name)).done < last) return this.forget(name);
      if (late.length > 0) await this.delete({ ...page, kept: null });
      kept.left += found.length - over.length - late.length;
      kept.took += this.clock.now() - began;
      if (kept.walk.from < last) continue;
      if (kept.left === 0) this.forget(name);
      const sweepAt = this.clock.now() + Math.max(SWEEP_PAUSE_MS, SWEEP_REST_TIMES * kept.took);
      Object.assign(kept, { sweepAt, took: 0, walk: walkFrom(0), left: 0 });
      return;
    }
  }

  private delete(filter: Fields): Promise<number> {
    return this.commands.delete('trimTasks', TASKS, filter, 0);
  }
}
