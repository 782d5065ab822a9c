/**
 * Keeps the thread of the store from being ended within a call of LMDB. Its binding ends the whole process when that
 * happens, or hangs with the write lock of all members. Before the thread, or the process, is ended, the gate is shut,
 * and the thread has to be outside. The gate is in shared memory, because neither of the two may wait for a message.
 */
import { randomUUID } from 'node:crypto';
import { isMainThread } from 'node:worker_threads';
import { writeLine } from '../../diagnostics/log.js';

const SHUT = 0;
const INSIDE = 1;
/** How long to wait for a call that is under way, in ms: the disk may be slow. */
const GATE_PATIENCE_MS = 2000;
/** Between two looks of a thread that must not be blocked, in ms. */
const GATE_POLL_MS = 10;

/** What crosses threads. */
export interface SharedGate {
  readonly buffer: SharedArrayBuffer;
  /** Names the threads of the store behind this gate. */
  readonly id: string;
}

export class Gate {
  readonly shared: SharedGate;
  private readonly words: Int32Array;

  constructor(shared?: SharedGate) {
    this.shared = shared ?? {
      buffer: new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT),
      id: randomUUID(),
    };
    this.words = new Int32Array(this.shared.buffer);
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

  /** Blocks the calling thread until the thread of the store is outside. Returns false if that takes longer than `patience` ms. */
  shut(patience = GATE_PATIENCE_MS): boolean {
    Atomics.store(this.words, SHUT, 1);
    return Atomics.wait(this.words, INSIDE, 1, patience) !== 'timed-out';
  }

  /** Shuts as `shut` does, for a thread that must not be blocked. */
  async shutSoon(patience = GATE_PATIENCE_MS): Promise<boolean> {
    Atomics.store(this.words, SHUT, 1);
    for (const end = performance.now() + patience; Atomics.load(this.words, INSIDE) === 1; ) {
      if (performance.now() > end) return false;
      await new Promise((resolve) => setTimeout(resolve, GATE_POLL_MS).unref());
    }
    return true;
  }
}

const guarded = new Set<Gate>();

/**
 * A thread that ends may wait as long as it takes. The process may not: its exit would hang once LMDB has got the lock for
 * which it waits, and hold it for ever. So the process is killed, which frees the lock.
 */
function shutAll(): void {
  const patience = isMainThread ? GATE_PATIENCE_MS : Number.POSITIVE_INFINITY;
  if ([...guarded].every((gate) => gate.shut(patience))) return;
  writeLine('mongo-failover: the embedded store does not come to an end, so this process is killed at its exit');
  process.kill(process.pid, 'SIGKILL');
  // Nothing else ends the first process of a container.
  process.abort();
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
