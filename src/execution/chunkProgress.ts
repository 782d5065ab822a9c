/**
 * How far a run is, in memory that the task thread writes and the coordinator reads: each result is there before the
 * next task starts. So when the thread is ended, exits or crashes it is known which tasks are done and which one was
 * running, and a task that takes too long is noticed although its thread computes without a pause.
 */

const DONE = 0;
const FINISHING = 1;
const WORDS = 2;
const STARTED_AT = WORDS * Int32Array.BYTES_PER_ELEMENT;
const SIZE = STARTED_AT + Float64Array.BYTES_PER_ELEMENT;

export class ChunkProgress {
  readonly buffer: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly time: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(SIZE)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, WORDS);
    this.time = new Float64Array(buffer, STARTED_AT, 1);
  }

  /** Returns how many tasks of the run are done. */
  get done(): number {
    return Atomics.load(this.words, DONE);
  }

  set done(count: number) {
    Atomics.store(this.words, DONE, count);
  }

  /** Returns whether no task is to be begun after the one that runs. */
  get finishing(): boolean {
    return Atomics.load(this.words, FINISHING) !== 0;
  }

  set finishing(value: boolean) {
    Atomics.store(this.words, FINISHING, value ? 1 : 0);
  }

  /** When the running task started, or the run was sent or ended: in monotonic ms, the same in every thread. */
  get startedAt(): number {
    return this.time[0] ?? 0;
  }

  set startedAt(time: number) {
    this.time[0] = time;
  }
}
