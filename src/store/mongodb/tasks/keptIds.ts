/**
 * What is left of tasks whose id stays taken after they were done (`uniqueUntil`): the document keeps its key, and so the unique
 * index refuses another task of that id. When all others around it are trimmed, it gives up its payload and is marked `kept`, so
 * no master takes it for a task, should the lease be lost. When its time is over, a sweep deletes it. The time is that of the
 * wall clocks of members, and nothing but the id depends on it.
 */
import type { Clock } from '../../../time/clock.js';
import { NO_BYTES } from '../../reader.js';
import type { Commands } from '../commands.js';
import { majority, TASKS, type TaskReads } from './taskReads.js';

/** Between two sweeps at least, in ms. An id is free when its time is over, so a sweep only saves room. */
export const SWEEP_PAUSE_MS = 60_000;
/** A sweep reads all that is kept, so the next one waits at least so many times as long as this one took. */
const SWEEP_REST_TIMES = 20;
/** Documents in one command. */
const SWEPT_MAX = 2000;
/** The numbers that one command marks. */
const BITE = 2000;

/** What one subsystem's kept documents are known by. */
interface Kept {
  /** When the next sweep may begin, by the monotonic clock. */
  sweepAt: number;
  /** How long this sweep has taken, in ms. */
  took: number;
  /** Where it goes on, if there was no time for all. */
  from: number;
  /** How many this sweep has left. */
  left: number;
}

export class KeptIds {
  private readonly names = new Map<string, Kept>();

  constructor(
    private readonly commands: Commands,
    private readonly reads: TaskReads,
    private readonly clock: Clock,
  ) {}

  /** Marks some of the range whose time is not over, the lowest. All are done. Returns up to which number there is no more to mark. */
  async mark(name: string, above: number, through: number): Promise<number> {
    const uniqueUntil = { $gt: new Date(this.clock.wall()) };
    const unmarked = (from: number, to: number) => ({
      ...{ name, seq: { $gt: from, $lte: to } },
      ...{ kept: null, uniqueUntil },
    });
    // Most subsystems have none, and a read costs a server less than a write that finds none.
    const options = { sort: { seq: 1 }, limit: 1, projection: { seq: 1, format: 1 }, ...majority };
    const [first] = await this.commands.find('trimTasks', TASKS, unmarked(above, through), options);
    if (first === undefined) return through;
    const from = this.reads.reader(first).serial('seq') - 1;
    const to = Math.min(from + BITE, through);
    const change = { $set: { kept: true, payload: NO_BYTES } };
    if ((await this.commands.updateMany('trimTasks', TASKS, unmarked(from, to), change)) > 0) this.seen(name);
    return to;
  }

  /** There are some. */
  seen(name: string): void {
    if (!this.names.has(name)) this.names.set(name, { sweepAt: 0, took: 0, from: 0, left: 0 });
  }

  forget(name: string): void {
    this.names.delete(name);
  }

  /** Deletes those up to `last` whose time is over, if it is time to. */
  async sweep(name: string, last: number, signal: AbortSignal): Promise<void> {
    const kept = this.names.get(name);
    if (kept === undefined || last < 1 || this.clock.now() < kept.sweepAt) return;
    while (!signal.aborted) {
      const began = this.clock.now();
      const filter = { name, kept: true, seq: { $gt: kept.from, $lte: last } };
      const projection = { seq: 1, uniqueUntil: 1, format: 1 };
      const options = { sort: { seq: 1 }, limit: SWEPT_MAX, projection, ...majority };
      const found = (await this.commands.find('trimTasks', TASKS, filter, options)).map((document) => {
        const reader = this.reads.reader(document);
        return { seq: reader.serial('seq'), until: reader.uniqueUntil() };
      });
      const over = found.filter(({ until }) => until <= this.clock.wall()).map(({ seq }) => seq);
      if (over.length > 0) await this.commands.delete('trimTasks', TASKS, { name, kept: true, seq: { $in: over } }, 0);
      kept.left += found.length - over.length;
      kept.from = found.at(-1)?.seq ?? last;
      kept.took += this.clock.now() - began;
      if (found.length === SWEPT_MAX) continue;
      if (kept.left === 0) this.forget(name);
      const sweepAt = this.clock.now() + Math.max(SWEEP_PAUSE_MS, SWEEP_REST_TIMES * kept.took);
      Object.assign(kept, { sweepAt, took: 0, from: 0, left: 0 });
      return;
    }
  }
}
