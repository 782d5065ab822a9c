/**
 * The next tasks of a stored queue, fetched ahead: a bounded window of them, in the order of their numbers and without a
 * gap. One mastership has one window.
 *
 * Numbers are given out without a gap, but an answer of the store need not be of one moment: it may hold n + 1 and not n,
 * which was stored while the answer was put together. So at a gap the rest is asked for once more; what is missing in two
 * answers that both show a higher number was done and trimmed (see taskStore.ts), and is passed over.
 */
import type { StoredTask } from '../../store/taskStore.js';
import type { QueuedTask } from '../runner.js';

/** Most tasks, and most of their bytes, that are fetched ahead. */
export const WINDOW_TASKS_MAX = 2048;
export const WINDOW_BYTES_MAX = 8 * 1024 * 1024;

export interface WindowTask extends QueuedTask {
  bytes: Uint8Array;
  readonly seq: number;
  /** What it was made from; undefined if a member submitted it. */
  readonly origin?: string | undefined;
  /** How often a process died at it. */
  deaths: number;
  /** Whether its present attempt, as a suspect, is on record. */
  recorded: boolean;
  /** Whether it is only passed over, and whether a listener has been told of that under this mastership. */
  cancelled: 'no' | 'told' | 'untold';
  /** Whether it failed for good. */
  permanent: boolean;
}

/** Asks the store for what follows on `seq`; null when the answer is of no use any more. */
export type FetchTasks = (
  seq: number,
  limit: { readonly tasks: number; readonly bytes: number },
) => Promise<StoredTask[] | null>;

export class TaskWindow {
  private readonly tasks: WindowTask[] = [];
  private byteCount = 0;
  private fetching = false;
  /** Whether the store may hold more than what was fetched. */
  private more = true;

  /** What became of tasks during the fetch under way, whose answer may show them as they were. */
  private readonly amended = new Map<number, Uint8Array | null>();
  /** The highest number of a task that was changed before it was here: what is offered up to there may be as it was. */
  private amendedThrough = 0;

  /** `fetched`: the number up to which nothing is wanted. */
  constructor(
    private readonly ask: FetchTasks,
    private fetched: number,
  ) {}

  get head(): WindowTask | undefined {
    return this.tasks[0];
  }

  get bytes(): number {
    return this.byteCount;
  }

  get isFetching(): boolean {
    return this.fetching;
  }

  /** Returns the highest number that was fetched or passed over. */
  get last(): number {
    return this.fetched;
  }

  /** Returns the task with this number, if it is in the window. */
  at(seq: number): WindowTask | undefined {
    const index = seq - (this.head?.seq ?? seq);
    // Without gaps, it is there at once.
    return this.tasks[index]?.seq === seq ? this.tasks[index] : this.tasks.find((task) => task.seq === seq);
  }

  /** Gives a task another payload, or with null cancels it: now, or when it comes. It must not be running. */
  amend(seq: number, bytes: Uint8Array | null): void {
    const task = this.at(seq);
    if (task !== undefined) this.change(task, bytes);
    else if (seq > this.fetched) {
      // The store has it. A later fetch shows it as it is, so its payload is not kept until it comes; only that a cancelled one
      // was told.
      if (bytes === null || this.fetching) this.amended.set(seq, bytes);
      this.amendedThrough = Math.max(this.amendedThrough, seq);
    }
  }

  private change(task: WindowTask, bytes: Uint8Array | null): void {
    if (bytes === null) task.cancelled = 'told';
    else {
      this.byteCount += bytes.byteLength - task.bytes.byteLength;
      task.bytes = bytes;
    }
  }

  has(task: QueuedTask): task is WindowTask {
    return this.tasks.some((each) => each === task);
  }

  first(count: number): WindowTask[] {
    return this.tasks.slice(0, count);
  }

  take(count: number): WindowTask[] {
    const taken = this.tasks.splice(0, count);
    for (const { bytes } of taken) this.byteCount -= bytes.byteLength;
    return taken;
  }

  /**
   * Takes what is cancelled from the front, and may leave. Returns the last number, if any was, and those that no listener has
   * heard of.
   */
  takeCancelled(mayLeave: (task: WindowTask) => boolean): {
    readonly last: number | undefined;
    readonly untold: WindowTask[];
  } {
    const end = this.tasks.findIndex((task) => task.cancelled === 'no' || !mayLeave(task));
    const taken = this.take(end < 0 ? this.tasks.length : end);
    const untold = taken.filter(({ cancelled }) => cancelled === 'untold');
    return { last: taken.at(-1)?.seq, untold };
  }

  /** Asks the store again, though its last answer was that there is no more. */
  expectMore(): void {
    this.more = true;
  }

  /** Takes a task that this member has just stored, without asking, if it follows on the window. */
  offer(task: StoredTask): void {
    // A copy: once it is answered that the task is stored, the memory that it came in is reused.
    const isUnchanged = task.seq > this.amendedThrough;
    if (task.seq === this.fetched + 1 && !this.full && isUnchanged) this.append(task, task.bytes.slice());
    else this.more = true;
  }

  /** Fills itself up when it is low. Returns true if it has got something, or has heard that there is more. */
  async fill(): Promise<boolean> {
    const low = this.tasks.length <= WINDOW_TASKS_MAX / 2 && this.byteCount <= WINDOW_BYTES_MAX / 2;
    if (this.fetching || !this.more || !low) return false;
    this.fetching = true;
    this.more = false;
    const got = await this.fetch();
    this.fetching = false;
    for (const [seq, bytes] of this.amended) if (bytes !== null || seq <= this.fetched) this.amended.delete(seq);
    this.more ||= got;
    return this.more;
  }

  private async fetch(): Promise<boolean> {
    for (let before: readonly StoredTask[] = []; ; ) {
      const answer = await this.ask(this.fetched, this.room);
      if (answer === null) return false;
      if (this.appendUpToGap(answer, before)) return answer.length > 0;
      before = answer;
    }
  }

  /** Returns false at a gap that the answer before did not show. Tasks that were offered in between are here already. */
  private appendUpToGap(tasks: readonly StoredTask[], before: readonly StoredTask[]): boolean {
    const highest = before.at(-1)?.seq ?? 0;
    for (const task of tasks) {
      const isGap = task.seq > this.fetched + 1;
      const wasThere = ({ seq }: StoredTask) => seq > this.fetched && seq < task.seq;
      if (isGap && (task.seq > highest || before.some(wasThere))) return false;
      this.append(task);
    }
    return true;
  }

  /** Reads one property after another: a rest of them would cost as much as all else of a task. */
  private append(stored: StoredTask, bytes = stored.bytes): void {
    const { seq } = stored;
    if (seq <= this.fetched) return;
    this.fetched = seq;
    this.byteCount += bytes.byteLength;
    const task: WindowTask = {
      seq,
      id: stored.id,
      bytes,
      details: stored.details,
      origin: stored.origin,
      failed: stored.attempts,
      deaths: stored.deaths,
      recorded: false,
      permanent: stored.permanent ?? false,
      result: undefined,
      checkpoint: stored.checkpoint,
      cancelled: stored.cancelled === true ? 'untold' : 'no',
    };
    this.tasks.push(task);
    if (this.amended.size === 0) return;
    const amended = this.amended.get(seq);
    if (amended === undefined) return;
    this.amended.delete(seq);
    this.change(task, amended);
  }

  /** Never zero: the window may be full when a gap is found, or offers may fill it during a fetch. */
  private get room(): { tasks: number; bytes: number } {
    const tasks = Math.max(1, WINDOW_TASKS_MAX - this.tasks.length);
    return { tasks, bytes: Math.max(1, WINDOW_BYTES_MAX - this.byteCount) };
  }

  private get full(): boolean {
    return this.tasks.length >= WINDOW_TASKS_MAX || this.byteCount >= WINDOW_BYTES_MAX;
  }
}
