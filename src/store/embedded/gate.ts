/**
 * Keeps the thread of the store from being ended within a call of LMDB: its binding ends the whole process when that
 * happens. Whoever is about to end the thread, or the process, shuts the gate first, and waits until the thread is outside.
 * In shared memory, because neither of the two may wait for a message.
 */

const SHUT = 0;
const INSIDE = 1;
/** How long to wait for a call that is under way, in ms: the disk may be slow. */
const PATIENCE = 2000;

export class Gate {
  readonly buffer: SharedArrayBuffer;
  private readonly words: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
  }

  /** For who starts the thread: it begins inside, as it loads LMDB. */
  begin(): void {
    Atomics.store(this.words, INSIDE, 1);
  }

  /** Returns false if the gate is shut: then nothing may be called any more. */
  enter(): boolean {
    Atomics.store(this.words, INSIDE, 1);
    if (Atomics.load(this.words, SHUT) === 0) return true;
    this.leave();
    return false;
  }

  leave(): void {
    Atomics.store(this.words, INSIDE, 0);
    Atomics.notify(this.words, INSIDE);
  }

  /** Blocks the calling thread until the thread of the store is outside. Returns false if that takes too long. */
  shut(): boolean {
    Atomics.store(this.words, SHUT, 1);
    return Atomics.wait(this.words, INSIDE, 1, PATIENCE) !== 'timed-out';
  }
}

const guarded = new Set<Gate>();

function shutAll(): void {
  for (const gate of guarded) gate.shut();
}

/** Shuts the gate when this thread exits, and with it all that it has started. Returns how to undo that. */
export function shutAtExit(gate: Gate): () => void {
  if (guarded.size === 0) process.on('exit', shutAll);
  guarded.add(gate);
  return () => {
    guarded.delete(gate);
    if (guarded.size === 0) process.off('exit', shutAll);
  };
}
