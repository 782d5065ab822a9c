/**
 * Deletes tasks behind what is done: none earlier than `KEPT_MS` after this store was told that it is done (why:
 * taskAdder.ts), in bites that no command is long with, and always from where the last bite ended: a server that has
 * deleted millions may have to pass them all again to find the lowest that is left. A new master begins where the one before has put
 * down that it was.
 */
import type { Clock } from '../../../time/clock.js';
import { type Commands, LEASES } from '../commands.js';
import { KeptIds } from './keptIds.js';
import { NumberPages, walkFrom } from './numberPages.js';
import { isTrue, TASKS, type TaskReads, trimmedId } from './taskReads.js';

/** How long a task stays after it was heard that it is done, in ms. */
export const KEPT_MS = 60_000;
/** How near two of the times are that are kept apart, in ms: there are no more than KEPT_MS / STEP + 2 of them. */
const STEP = 1000;
/** The numbers in one command, and for how many it is put down at a time that they are trimmed. */
const BITE = 2000;
const STRETCH = 20_000;

interface Mark {
  readonly at: number;
  readonly through: number;
}

/** What one subsystem's trimming knows. */
interface Trim {
  /** What was told, oldest first. */
  readonly marks: Mark[];
  /** Done for so long that it may go. */
  ripe: number;
  /** Nothing was left up to here; `null` before the first look. */
  trimmed: number | null;
  /** It is on record that all up to here are trimmed, or are about to be. */
  recorded: number;
  /** The life of the database to which the record belongs; `null` before the first look. */
  epoch: string | null;
  under: Promise<void> | undefined;
}

export class TaskTrimmer {
  private readonly trims = new Map<string, Trim>();
  private readonly pages: NumberPages;
  private readonly kept: KeptIds;

  constructor(
    private readonly commands: Commands,
    private readonly reads: TaskReads,
    private readonly clock: Clock,
  ) {
    this.pages = new NumberPages(commands);
    this.kept = new KeptIds(commands, reads, this.pages, clock);
  }

  /** Calls for one subsystem that come while it is being trimmed share what is under way. */
  trim(name: string, through: number): Promise<void> {
    const known = this.trims.get(name) ?? this.anew(name, undefined);
    const hasFallen = through < (known.marks.at(-1)?.through ?? known.ripe);
    const trim = hasFallen ? this.anew(name, known.under) : known;
    this.mark(trim, through);
    trim.under ??= this.commands
      .withTimeLimit('trimTasks', (signal) => this.bite(name, trim, signal))
      .finally(() => {
        for (const each of [trim, this.trims.get(name)]) if (each !== undefined) each.under = undefined;
      });
    return trim.under;
  }

  /** Numbers start again in a database that was emptied, and so does the time that each is kept. What is under way ends soon. */
  private anew(name: string, under: Trim['under']): Trim {
    const trim = { marks: [], ripe: 0, trimmed: null, recorded: 0, epoch: null, under };
    this.trims.set(name, trim);
    return trim;
  }

  private mark(trim: Trim, through: number): void {
    const { marks } = trim;
    const now = this.clock.now();
    const last = marks.at(-1);
    if (through > (last?.through ?? trim.ripe)) {
      // The last one, as long as it is near the one before it, takes the later time too: nothing goes too early.
      const before = marks.at(-2);
      if (last !== undefined && before !== undefined && last.at - before.at < STEP) marks.pop();
      marks.push({ at: now, through });
    }
    for (let [first] = marks; first !== undefined && now - first.at >= KEPT_MS; [first] = marks) {
      trim.ripe = first.through;
      marks.shift();
    }
  }

  private async bite(name: string, trim: Trim, signal: AbortSignal): Promise<void> {
    const goesOn = () => !signal.aborted && this.trims.get(name) === trim;
    if (trim.epoch === null) await this.begin(name, trim);
    // The highest stays: the number after it is found by it, should the lease be lost.
    for (let last = trim.ripe - 1; goesOn() && (trim.trimmed ?? 0) < last; last = trim.ripe - 1) {
      if (trim.trimmed === null) await this.findStart(name, trim, last, signal);
      const from = trim.trimmed ?? 0;
      const to = Math.min(from + BITE, last);
      if (!goesOn() || from >= to) continue;
      if (!(await this.isDone(name, trim, last))) return;
      const isOnRecord = to <= trim.recorded || (await this.record(name, trim, Math.min(from + STRETCH, last), goesOn));
      if (!isOnRecord) return;
      const range = { name, seq: { $gt: from, $lte: to }, kept: null };
      const gone = await this.commands.delete('trimTasks', TASKS, range, 0);
      trim.trimmed = to;
      if (gone === 0) await this.passHole(name, trim, last, signal);
    }
    if (goesOn()) await this.kept.sweep(name, trim.ripe - 1, signal);
  }

  /** In a database that was emptied, a master of before knows numbers that other tasks have now. */
  private async isDone(name: string, trim: Trim, last: number): Promise<boolean> {
    const { done } = await this.reads.state('trimTasks', name);
    if (done >= last) return true;
    this.kept.forget(name);
    if (this.trims.get(name) === trim) this.anew(name, trim.under);
    return false;
  }

  /** Deletes a record that is of other numbers, as soon as it can: once as much is done again, no one tells it from a true one. */
  private async begin(name: string, trim: Trim): Promise<void> {
    const { record, epoch } = await this.reads.trimRecord('trimTasks', name);
    const { done } = await this.reads.state('trimTasks', name);
    const isOurs = record !== null && isTrue(record, epoch, done);
    if (record !== null && !isOurs) {
      const { epoch: of = null, through } = record;
      await this.commands.delete('trimTasks', LEASES, { _id: trimmedId(name), epoch: of, through }, 1);
    }
    trim.recorded = isOurs ? record.through : 0;
    trim.epoch = epoch;
    // A master that died may have left some.
    this.kept.seen(name);
  }

  /** What is on record is trimmed, but for the last stretch of it. What has come there since is swept up, and what is kept there. */
  private async findStart(name: string, trim: Trim, last: number, signal: AbortSignal): Promise<void> {
    trim.trimmed = Math.max(0, Math.min(trim.recorded, last) - STRETCH);
    await this.passHole(name, trim, last, signal);
  }

  /**
   * Puts down that the numbers up to `through` are trimmed, before the first of them is free again. What keeps its id is marked
   * before that, and nothing that has been put down is marked any more: what is there without a mark then came too late.
   * Returns whether it has come to the end.
   */
  private async record(name: string, trim: Trim, through: number, goesOn: () => boolean): Promise<boolean> {
    const { epoch } = trim;
    if (epoch === null) return false;
    const isMarked = await this.kept.mark(name, Math.max(trim.recorded, trim.trimmed ?? 0), through, async () => {
      return goesOn() && (await this.isDone(name, trim, through));
    });
    if (!isMarked || !goesOn()) return false;
    try {
      const change = { $max: { through }, $set: { subsystem: name } };
      await this.commands.update('trimTasks', LEASES, { _id: trimmedId(name), epoch }, change, true);
    } catch (error) {
      // Another one may be in its place that came late.
      trim.epoch = null;
      throw error;
    }
    trim.recorded = through;
    return true;
  }

  /** Goes on to the number before the next task that is to go, and to `last` at most. */
  private async passHole(name: string, trim: Trim, last: number, signal: AbortSignal): Promise<void> {
    const walk = walkFrom(trim.trimmed ?? 0);
    while (!signal.aborted && walk.from < last) {
      const found = await this.pages.next('trimTasks', name, walk, last);
      const next = found.find(({ kept }) => kept !== true);
      if (next !== undefined) walk.from = this.reads.reader(next).serial('seq') - 1;
      trim.trimmed = walk.from;
      if (next !== undefined) return;
    }
  }
}
