/**
 * The store without a server: an LMDB environment in a folder, shared by the processes and threads of one machine. A
 * thread of its own does all of it, because it waits for the disk and for the write lock of the others; this is what the
 * coordinator sees of it.
 *
 * A process that dies while it holds the write lock frees it. One that is stopped (SIGSTOP) in that moment does not; then
 * the calls of the others end by their time limit. What was acknowledged is on the disk, in the files that lie in the
 * folder at that moment.
 */
import type { Clock } from '../../clock.js';
import { StoreError } from '../../errors.js';
import { systemClock } from '../../systemClock.js';
import type { Lease, Member, Observation, Progress, Store, Tenure, TermRecord, Tip } from '../store.js';
import type { FullStore, TaskStore } from '../taskStore.js';
import { EmbeddedTasks } from './embeddedTasks.js';
import { type EmbeddedPlace, placeNow } from './place.js';
import { StoreThread } from './storeThread.js';

/** Makes the folder, its files and the thread, in ms: on a busy machine, and on a slow disk, that takes its time. */
const OPENING = 5000;

export class EmbeddedStore implements FullStore {
  private readonly thread: StoreThread;
  private closed = false;
  private opened = false;
  readonly tasks: TaskStore;

  constructor(
    place: EmbeddedPlace,
    private readonly commandTimeout: number,
    clock: Clock = systemClock,
  ) {
    this.thread = new StoreThread({ place, text: placeNow(place), commandTimeout, clock });
    this.tasks = new EmbeddedTasks(this.thread);
  }

  async open(): Promise<void> {
    if (this.closed) throw new StoreError('ERR_STORE', 'the store is closed');
    await this.thread.call('open', [], Math.max(OPENING, 2 * this.commandTimeout));
    if (this.opened) return;
    this.opened = true;
    await this.thread.call('removeOldMembers', []);
  }

  close(): Promise<void> {
    this.closed = true;
    return this.thread.close();
  }

  /** A folder tells nobody when it comes back. */
  onAvailable(): () => void {
    return () => {};
  }

  settle(): Promise<void> {
    return this.thread.call('settle', []);
  }

  highestTerm(name: string): Promise<Tip> {
    return this.thread.call('highestTerm', [name]);
  }

  observe(asked: readonly { readonly name: string; readonly tip: number }[]): Promise<Observation[]> {
    return this.thread.call('observe', [asked]);
  }

  compareAndSetLease(name: string, expected: Lease | null, next: Lease): Promise<boolean> {
    return this.thread.call('compareAndSetLease', [name, expected, next]);
  }

  insertTerm(record: TermRecord): ReturnType<Store['insertTerm']> {
    return this.thread.call('insertTerm', [record]);
  }

  beat(tenure: Tenure, beat: number, progress: Progress): Promise<boolean> {
    return this.thread.call('beat', [tenure, beat, progress]);
  }

  release(tenure: Tenure, beat: number, progress: Progress): Promise<boolean> {
    return this.thread.call('release', [tenure, beat, progress]);
  }

  trimTerms(name: string, below: number): Promise<void> {
    return this.thread.call('trimTerms', [name, below]);
  }

  putMember(member: Member): Promise<void> {
    return this.thread.call('putMember', [member]);
  }

  removeMember(id: string): Promise<void> {
    return this.thread.call('removeMember', [id]);
  }

  listMembers(name: string): Promise<Member[]> {
    return this.thread.call('listMembers', [name]);
  }
}
