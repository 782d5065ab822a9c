/**
 * The lease in shared memory: the coordinator writes it, the main thread and the task thread read it without a message,
 * even in a loop that never yields. The deadline is in nanoseconds of `process.hrtime`, the same clock in every thread.
 *
 * That clock stops while the machine sleeps, and the coordinator takes up to 250 ms to notice (rule 8); so the
 * deadline is kept by the wall clock as well, and whichever comes first counts.
 *
 * Beside it is the pulse of the main thread, which goes the other way: main writes it, the coordinator reads it, to
 * know whether that thread still turns its loop (rule 10).
 *
 * Rule 8: docs/explain/protocol.md#rule-8-suspension
 * Rule 10: docs/explain/protocol.md#rule-10-a-lease-proves-that-work-is-alive
 */

import { type Clocks, realTime } from '../time/realTime.js';

const DEADLINE = 0;
const TERM = 1;
const ABORTED = 2;
const WALL = 3;
const PULSE = 4;
const FIELDS = 5;
/** In the cell of the abort, if the task that runs is cancelled. */
const CANCELLED = 2n;
/** In which the two clocks may tick apart between two beats without a lease being ended for it, in ms. */
const WALL_NOISE_MS = 20;

/** One per cluster; the parts that share a buffer share the lease. */
export class SharedLease {
  readonly buffer: SharedArrayBuffer;
  private readonly cells: BigInt64Array;

  constructor(
    buffer: SharedArrayBuffer = new SharedArrayBuffer(FIELDS * BigInt64Array.BYTES_PER_ELEMENT),
    private readonly clocks: Clocks = realTime,
  ) {
    this.buffer = buffer;
    this.cells = new BigInt64Array(buffer);
  }

  /** Holds the lease under `term` until `validUntil`, in monotonic ms. */
  hold(term: number, validUntil: number): void {
    // The term first: who reads the new deadline must not find the old term beside it.
    Atomics.store(this.cells, TERM, BigInt(term));
    const deadline = BigInt(Math.floor(validUntil * 1e6));
    const left = Number(deadline - this.clocks.monotonic()) / 1e6;
    Atomics.store(this.cells, WALL, BigInt(Math.ceil(this.clocks.wall() + left + WALL_NOISE_MS)));
    Atomics.store(this.cells, DEADLINE, deadline);
  }

  /** Drops the lease. The term stays readable: it is the last one held. */
  drop(): void {
    Atomics.store(this.cells, DEADLINE, 0n);
  }

  /** Returns the last term held; 0 before the first. */
  get term(): number {
    return Number(Atomics.load(this.cells, TERM));
  }

  /** Returns how long the lease still lasts, in ms with fractions; 0 when it is not held. Never negative. */
  remaining(): number {
    const deadline = Atomics.load(this.cells, DEADLINE);
    if (deadline === 0n) return 0;
    const left = Number(deadline - this.clocks.monotonic()) / 1e6;
    const wallLeft = Number(Atomics.load(this.cells, WALL)) - this.clocks.wall();
    return Math.max(0, Math.min(left, wallLeft));
  }

  /** Returns how long ago the lease ended that is still held, in ms with fractions; 0 while it lasts, or if none is held. */
  overdue(): number {
    const deadline = Atomics.load(this.cells, DEADLINE);
    return deadline === 0n ? 0 : Math.max(0, Number(this.clocks.monotonic() - deadline) / 1e6);
  }

  /** Returns whether running work has been told to end, for work that looks only after it was told. */
  get aborted(): boolean {
    return Atomics.load(this.cells, ABORTED) !== 0n;
  }

  /** Returns whether the work was told to end because its task is cancelled, and for nothing else. */
  get cancelled(): boolean {
    return Atomics.load(this.cells, ABORTED) === CANCELLED;
  }

  /** Tells the work on a cancelled task to end, if it has not been told to for another reason. */
  cancel(): void {
    Atomics.compareExchange(this.cells, ABORTED, 0n, CANCELLED);
  }

  set aborted(value: boolean) {
    Atomics.store(this.cells, ABORTED, value ? 1n : 0n);
  }

  /** Beats: the main thread turns its loop. From now on the age of the pulse is counted. */
  beatPulse(): void {
    Atomics.store(this.cells, PULSE, this.clocks.monotonic());
  }

  /** Ends the pulse: the main thread beats no more, and is not to be missed. */
  endPulse(): void {
    Atomics.store(this.cells, PULSE, 0n);
  }

  /** Returns how long ago the main thread last beat, in ms with fractions; 0 when it never did, or has ended that. */
  pulseAge(): number {
    const pulse = Atomics.load(this.cells, PULSE);
    if (pulse === 0n) return 0;
    return Math.max(0, Number(this.clocks.monotonic() - pulse) / 1e6);
  }
}
