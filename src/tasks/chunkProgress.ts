/**
 * How far a run of tasks is, in memory that the task thread writes and the coordinator reads: each result is there before
 * the next task starts. So when the thread is ended, exits or crashes, it is known which tasks are done and which one was
 * running; and a task that takes too long is noticed although its thread computes without a pause.
 */

const DONE = 0;
const FINISH = 1;
const WORDS = 2;
/** Where the one number with a fraction stands, in bytes. */
const STARTED_AT = WORDS * Int32Array.BYTES_PER_ELEMENT;
const SIZE = STARTED_AT + Float64Array.BYTES_PER_ELEMENT;

export class ChunkProgress {
  readonly buffer: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly times: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(SIZE)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, WORDS);
    this.times = new Float64Array(buffer, STARTED_AT, 1);
  }

  /** A run begins. */
  reset(): void {
    Atomics.store(this.words, DONE, 0);
    Atomics.store(this.words, FINISH, 0);
    this.times[0] = 0;
  }

  /** How many tasks of the run are done. */
  get done(): number {
    return Atomics.load(this.words, DONE);
  }

  set done(count: number) {
    Atomics.store(this.words, DONE, count);
  }

  /** Whether the run is to end with the task that runs. */
  get finishing(): boolean {
    return Atomics.load(this.words, FINISH) !== 0;
  }

  set finishing(value: boolean) {
    Atomics.store(this.words, FINISH, value ? 1 : 0);
  }

  /** When the running task started, in monotonic ms of the process; 0 while none does. */
  get startedAt(): number {
    return this.times[0] ?? 0;
  }

  set startedAt(time: number) {
    this.times[0] = time;
  }
}
