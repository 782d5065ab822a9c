/**
 * The store without a server: an LMDB environment in a folder, shared by the processes and threads of one machine. A
 * thread of its own does all of it, because it waits for the disk and for the write lock of the others; this is what the
 * coordinator sees of it.
 *
 * A process that dies while it holds the write lock frees it. One that is stopped (SIGSTOP) in that moment does not; then
 * the calls of the others end by their time limit. What was acknowledged is on the disk, in the files that lie in the
 * folder at that moment.
 */

import { StoreError } from '../../errors.js';
import type { Clock } from '../../time/clock.js';
import { systemClock } from '../../time/systemClock.js';
import type { ManyStore } from '../manyStore.js';
import type { Drain, OrdersAsked, OrdersChange, Preferred, SeenOrders } from '../orders.js';
import type { OutboxStore } from '../outbox.js';
import type { Presence } from '../presence.js';
import type { ScheduleStore } from '../schedules.js';
import type {
  DeadTenure,
  Hint,
  Lease,
  Look,
  Member,
  Notice,
  Observation,
  Progress,
  Store,
  Tenure,
  TermRecord,
  Tip,
} from '../store.js';
import type { Success } from '../successes.js';
import type { SlotTake, TakenSlot } from '../takenSlots.js';
import type { FullStore, TaskStore } from '../taskStore.js';
import { EmbeddedMany } from './embeddedMany.js';
import { EmbeddedOutbox } from './embeddedOutbox.js';
import { EmbeddedScheduleStore } from './embeddedSchedules.js';
import { EmbeddedTasks } from './embeddedTasks.js';
import { Gate } from './gate.js';
import { MarkedHints } from './markedHints.js';
import { type EmbeddedPlace, placeNow } from './place.js';
import { type StoreCaller, StoreThread } from './storeThread.js';

/** Makes the folder, its files and the thread, in ms: on a busy machine, and on a slow disk, that takes its time. */
const OPENING = 5000;

export class EmbeddedStore implements FullStore {
  private state: 'new' | 'open' | 'closed' = 'new';
  readonly tasks: TaskStore;
  readonly many: ManyStore;
  readonly outbox: OutboxStore;
  readonly schedules: ScheduleStore;

  constructor(
    place: EmbeddedPlace,
    private readonly commandTimeout: number,
    clock: Clock = systemClock,
    gate: Gate = new Gate(),
    private readonly thread: StoreCaller = new StoreThread({
      place,
      text: placeNow(place),
      commandTimeout,
      clock,
      gate,
    }),
  ) {
    this.tasks = new EmbeddedTasks(this.guarded);
    this.schedules = new EmbeddedScheduleStore(this.guarded);
    this.many = new EmbeddedMany(this.guarded);
    this.outbox = new EmbeddedOutbox(this.guarded);
  }

  private readonly hints = new MarkedHints();

  /** The thread, for a store that is open. */
  private readonly guarded: Pick<StoreCaller, 'call'> = {
    call: async (...call) => {
      if (this.state === 'open') return this.thread.call(...call);
      throw new StoreError('ERR_STORE', this.state === 'closed' ? 'the store is closed' : 'the store is not open');
    },
  };

  async open(): Promise<void> {
    this.mustNotBeClosed('the store is closed');
    try {
      await this.thread.call('open', [], Math.max(OPENING, 2 * this.commandTimeout));
    } finally {
      this.mustNotBeClosed('the store was closed while it opened');
    }
    if (this.state !== 'new') return;
    this.state = 'open';
    await this.thread.call('removeOldMembers', []);
  }

  private mustNotBeClosed(text: string): void {
    if (this.state === 'closed') throw new StoreError('ERR_STORE', text);
  }

  close(): Promise<void> {
    this.state = 'closed';
    return this.thread.close();
  }

  /** A folder does not tell when it comes back. */
  onAvailable(): () => void {
    return () => {};
  }

  onHint(listener: (hint: Hint) => void): () => void {
    return this.thread.onMarked((message) => {
      for (const hint of this.hints.hintsOf(message)) listener(hint);
    });
  }

  /** All that share the folder are woken by one file, whatever it is about. */
  wantHints(): void {}

  settle(epoch: string, wait: number): Promise<void> {
    return this.guarded.call('settle', [epoch, wait]);
  }

  highestTerm(name: string): Promise<Tip> {
    return this.guarded.call('highestTerm', [name]);
  }

  observe(asked: readonly Look[]): Promise<(Observation & SeenOrders)[]> {
    return this.guarded.call('observe', [asked]);
  }

  compareAndSetLease(name: string, expected: Lease | null, next: Lease): Promise<boolean> {
    return this.guarded.call('compareAndSetLease', [name, expected, next]);
  }

  insertTerm(record: TermRecord): ReturnType<Store['insertTerm']> {
    return this.guarded.call('insertTerm', [record]);
  }

  beat(tenure: Tenure, beat: number, progress: Progress): Promise<boolean> {
    return this.guarded.call('beat', [tenure, beat, progress]);
  }

  release(tenure: Tenure, beat: number, progress: Progress, died?: string): Promise<boolean> {
    return this.guarded.call('release', [tenure, beat, progress, died]);
  }

  releaseDead(tenure: DeadTenure): Promise<boolean> {
    return this.guarded.call('releaseDead', [tenure]);
  }

  trimTerms(name: string, below: number): Promise<void> {
    return this.guarded.call('trimTerms', [name, below]);
  }

  putMember(member: Member): Promise<void> {
    return this.guarded.call('putMember', [member]);
  }

  removeMember(id: string): Promise<void> {
    return this.guarded.call('removeMember', [id]);
  }

  putNotice(notice: Notice): Promise<void> {
    return this.guarded.call('putNotice', [notice]);
  }

  readNotices(name: string): Promise<Notice[]> {
    return this.guarded.call('readNotices', [name]);
  }

  listMembers(name: string): Promise<Member[]> {
    return this.guarded.call('listMembers', [name]);
  }

  readOrders(asked: readonly OrdersAsked[]): Promise<SeenOrders[]> {
    return this.guarded.call('readOrders', [asked]);
  }

  writeOrders(name: string, expectedVersion: number | null, change: OrdersChange): Promise<boolean> {
    return this.guarded.call('writeOrders', [name, expectedVersion, change]);
  }

  putDrain(drain: Drain): Promise<void> {
    return this.guarded.call('putDrain', [drain]);
  }

  removeDrain(key: string): Promise<void> {
    return this.guarded.call('removeDrain', [key]);
  }

  listDrains(): Promise<Drain[]> {
    return this.guarded.call('listDrains', []);
  }

  putPreferred(preferred: Preferred): Promise<void> {
    return this.guarded.call('putPreferred', [preferred]);
  }

  putPresence(presence: Presence): Promise<void> {
    return this.guarded.call('putPresence', [presence]);
  }

  readPresences(known: readonly string[]): Promise<Presence[]> {
    return this.guarded.call('readPresences', [known]);
  }

  putSuccess(success: Omit<Success, 'at'>): Promise<void> {
    return this.guarded.call('putSuccess', [success]);
  }

  findSuccess(name: string, key: string): Promise<Success | null> {
    return this.guarded.call('findSuccess', [name, key]);
  }

  /** All members are on this machine. */
  async clockAhead(): Promise<'none'> {
    return 'none';
  }

  takeSlot(take: SlotTake): Promise<TakenSlot> {
    return this.guarded.call('takeSlot', [take]);
  }
}
