/**
 * Says in shared memory that the coordinator has released its leases. The main thread waits for it while its process
 * exits: it is in an `exit` handler then, where no message reaches it any more.
 */
const DONE = 0;

export class ExitSignal {
  readonly buffer: SharedArrayBuffer;
  private readonly cells: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.cells = new Int32Array(buffer);
  }

  /** Ends the wait, for good. */
  give(): void {
    Atomics.store(this.cells, DONE, 1);
    Atomics.notify(this.cells, DONE);
  }

  /** Blocks the calling thread until the signal has come, and no longer than `patience` ms. Returns whether it has. */
  wait(patience: number): boolean {
    return Atomics.wait(this.cells, DONE, 0, patience) !== 'timed-out';
  }
}
