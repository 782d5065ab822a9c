/**
 * What the master has done, as the lease carries it to the standbys: how many tasks, the newest id, and a window of the
 * last ids. The window is limited in number and in bytes, because every beat carries it.
 */
import type { Progress } from '../../store/store.js';
import type { TaskId } from '../../task/task.js';

/** Most ids in the window. */
export const DONE_IDS_MAX = 256;
/** Most bytes of all ids in the window together. */
export const DONE_BYTES_MAX = 16 * 1024;
/** What one id costs in a document beside its value: type, position, length and terminators. */
const ID_OVERHEAD = 10;

export class DoneWindow {
  private count = 0;
  private identifier: TaskId | null = null;
  private readonly recent: TaskId[] = [];
  private bytes = 0;
  private snapshot: Progress | undefined;

  /** Goes on from what the lease carried when the mastership was won. */
  start(progress: Progress): void {
    this.count = progress.count;
    this.identifier = progress.identifier;
    this.recent.length = 0;
    this.bytes = 0;
    for (const id of progress.recent) this.append(id);
    this.snapshot = undefined;
  }

  /** Adds one more task that is done. */
  add(id: TaskId): void {
    this.count += 1;
    this.identifier = id;
    this.append(id);
    this.snapshot = undefined;
  }

  /** Returns the state of now, which never changes afterwards; the same object while nothing is added. */
  progress(): Progress {
    this.snapshot ??= Object.freeze({
      identifier: this.identifier,
      count: this.count,
      recent: Object.freeze(this.recent.slice()),
    });
    return this.snapshot;
  }

  /**
   * The window is always the end of what was done, without gaps. So an id that alone is larger than the window empties
   * it; `identifier` still names that one.
   */
  private append(id: TaskId): void {
    this.recent.push(id);
    this.bytes += sizeOf(id);
    while (this.recent.length > DONE_IDS_MAX || this.bytes > DONE_BYTES_MAX) {
      const oldest = this.recent.shift();
      if (oldest === undefined) break;
      this.bytes -= sizeOf(oldest);
    }
  }
}

function sizeOf(id: TaskId): number {
  return ID_OVERHEAD + (typeof id === 'number' ? 8 : Buffer.byteLength(id));
}
