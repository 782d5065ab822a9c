/**
 * The one database that all simulated members share: leases, term records, orders, tasks and dead letters. Two copies of
 * everything: `current`, what the primary shows, and `committed`, what no restart takes back. A write is applied at
 * once, committed in order a little later, and acknowledged only then; reads of the lease show what is current, reads of
 * tasks what is committed, as in MongoDB.
 *
 * A restart drops what is not committed. A split makes a second, stale primary: it shows what it has and takes writes, but
 * commits none, and all of them are gone when it ends. A loss empties everything, or puts a backup in its place, and
 * begins another epoch.
 */
import type { TaskMark } from '../../../src/store/changes.ts';
import type { Orders, OrdersAsked, OrdersChange, Preferred, SeenOrders } from '../../../src/store/orders.ts';
import type { Entry } from '../../../src/store/outbox.ts';
import type { Lease, Progress, Tenure, TermRecord } from '../../../src/store/store.ts';
import type {
  AddResult,
  AttemptsRecord,
  Burial,
  Checkpoint,
  DeadLetter,
  NewTask,
  RecordMark,
  RelayedTask,
  RelayResult,
  StoredTask,
  TaskOutcome,
} from '../../../src/store/taskStore.ts';
import type { TaskId } from '../../../src/task/task.ts';
import { ChangeBook } from '../../support/changeBook.ts';
import { MemoryOutbox } from '../../support/memoryOutbox.ts';
import { putOutcomes, takesCheckpoint } from '../../support/outcomes.ts';
import { isLater, isSame } from '../../support/recordMarks.ts';
import type { Timeline } from '../../support/skewedClock.ts';

/** The lease's document: a claim or a beat leaves `done` and `burial` as they are. */
export interface LeaseDocument {
  readonly lease: Lease;
  readonly done: number;
  readonly burial: Burial | null;
}

export class Documents {
  lease: LeaseDocument | null = null;
  tip: Pick<TermRecord, 'term' | 'ttl'> & { readonly claim?: string } = { term: 0, ttl: 0 };
  terms = new Map<number, string>();
  tasks = new Map<number, StoredTask>();
  /** The number under which each id was last stored. */
  numbers = new Map<TaskId, number>();
  next = 1;
  letters = new Map<number, DeadLetter>();
  changes = new ChangeBook();
  outbox = new MemoryOutbox();
  /** Until when an id stays taken, by the wall clock of the member that stored its task. */
  taken = new Map<TaskId, number>();
  outcomes = new Map<TaskId, TaskOutcome>();
  /** Which checkpoint of each task came last. */
  checkpoints = new Map<number, RecordMark>();
  epoch = 1;
  /** The longest wait that the store was settled for in this epoch, in ms. */
  settledFor = 0;
  orders: Orders | null = null;
  drains: ReadonlySet<string> = new Set();
  preferred: Preferred | null = null;

  get done(): number {
    return this.lease?.done ?? 0;
  }

  clone(): Documents {
    const copy = new Documents();
    const { lease, tip, next, epoch, settledFor, orders, drains, preferred } = this;
    Object.assign(copy, { lease, tip, next, epoch, settledFor, orders, drains, preferred });
    copy.terms = new Map(this.terms);
    copy.tasks = new Map(this.tasks);
    copy.numbers = new Map(this.numbers);
    copy.letters = new Map(this.letters);
    copy.changes = this.changes.clone();
    copy.outbox = this.outbox.clone();
    copy.taken = new Map(this.taken);
    copy.outcomes = new Map(this.outcomes);
    copy.checkpoints = new Map(this.checkpoints);
    return copy;
  }
}

export type Change = (documents: Documents) => void;

/** What a task was made of, and whether another member was master by then. */
export interface Moved {
  readonly origin: string;
  readonly isDeposed: boolean;
}

/** What the checks hear of it. */
export interface DatabaseWatch {
  /** A task is stored for good. `source`: it was moved here from the outbox. */
  stored(seq: number, id: TaskId, source?: Moved): void;
  /** An entry of the outbox is stored for good. */
  entered(entry: Pick<Entry, 'id' | 'origin' | 'at'>): void;
  /** Entries are read that are due by this time. */
  entriesAsked(now: number): void;
  /** An entry gets no task: its id is taken. */
  refused(origin: string): void;
  /** An entry is gone. */
  left(origin: string): void;
  /** `done` was raised, or a burial begun, in the name of this tenure. */
  acknowledged(tenure: Tenure, done: number, burial: Burial | null): void;
  released(tenure: Tenure, done: number): void;
  /** A task is marked as cancelled. */
  cancelled(seq: number): void;
  /** A user is told that the task will not begin any more. */
  toldRemoved(seq: number): void;
  /** From now on the store holds nothing but this. */
  lost(documents: Documents): void;
}

/** One primary, and what it has. */
export class Primary {
  private readonly pending: { readonly change: Change; readonly settle: (committed: boolean) => void }[] = [];
  private lastCommitAt = 0;
  readonly current: Documents;

  constructor(
    private readonly timeline: Timeline,
    readonly committed: Documents,
    private readonly commitDelay: (() => number) | null,
  ) {
    this.current = committed.clone();
  }

  /** Applies the change; `settle` is called when it is committed, or when it never will be. None: waits for all before it. */
  write(change: Change, settle: (committed: boolean) => void): void {
    change(this.current);
    this.pending.push({ change, settle });
    if (this.commitDelay === null) return;
    this.lastCommitAt = Math.max(this.lastCommitAt, this.timeline.now() + this.commitDelay());
    if (this.lastCommitAt <= this.timeline.now()) this.commit();
    else this.timeline.at(this.lastCommitAt, () => this.commit());
  }

  /** Its end: what is not committed is gone. */
  lose(): void {
    for (const { settle } of this.pending.splice(0)) settle(false);
  }

  private commit(): void {
    const first = this.pending.shift();
    if (first === undefined) return;
    first.change(this.committed);
    first.settle(true);
  }
}

export class Database {
  main: Primary;
  stale: Primary | null = null;
  down = false;

  constructor(
    private readonly timeline: Timeline,
    private readonly commitDelay: () => number,
    readonly watch: DatabaseWatch,
  ) {
    this.main = new Primary(timeline, new Documents(), commitDelay);
  }

  restart(downFor: number, back: () => void): void {
    if (this.down) return;
    this.down = true;
    this.stale?.lose();
    this.stale = null;
    this.main.lose();
    this.timeline.at(this.timeline.now() + downFor, () => {
      this.main = new Primary(this.timeline, this.main.committed, this.commitDelay);
      this.down = false;
      back();
    });
  }

  /** For times to live of any length, before the first member comes. */
  settleForGood(): void {
    for (const documents of [this.main.committed, this.main.current]) documents.settledFor = Number.POSITIVE_INFINITY;
  }

  backup(): Documents {
    return this.main.committed.clone();
  }

  /** The calls under way lose their connection. */
  lose(backup: Documents): void {
    if (this.down) return;
    this.stale?.lose();
    this.stale = null;
    this.main.lose();
    const documents = backup.clone();
    Object.assign(documents, { epoch: this.main.committed.epoch + 1, settledFor: 0 });
    this.watch.lost(documents);
    this.main = new Primary(this.timeline, documents, this.commitDelay);
  }

  /** The primary is cut off, and another one takes its place: with all that was committed. */
  split(ms: number): void {
    if (this.down || this.stale !== null) return;
    const { committed, current } = this.main;
    this.main.lose();
    const stale = new Primary(this.timeline, committed.clone(), null);
    Object.assign(stale.current, current.clone());
    this.stale = stale;
    this.main = new Primary(this.timeline, committed, this.commitDelay);
    this.timeline.at(this.timeline.now() + ms, () => {
      if (this.stale !== stale) return;
      stale.lose();
      this.stale = null;
    });
  }
}

// ---- the writes: each says what it changes, and what it answers ----

interface Outcome<T> {
  readonly change: Change;
  readonly answer: T;
}

const nothing: Change = () => {};

export function setLease(document: LeaseDocument): Change {
  return (documents) => {
    documents.lease = document;
  };
}

export function held(document: LeaseDocument | null, { term, holder }: Tenure): LeaseDocument | null {
  return document?.lease.term === term && document.lease.holder === holder ? document : null;
}

export function beaten(document: LeaseDocument, beat: number, { identifier, count, recent }: Progress): LeaseDocument {
  return { ...document, lease: { ...document.lease, beat, identifier, count, recent } };
}

export function settle(epoch: string, wait: number): Change {
  return (documents) => {
    if (epoch === `${documents.epoch}`) documents.settledFor = Math.max(documents.settledFor, wait);
  };
}

export function ordersFor({ orders, preferred, drains }: Documents, asked: OrdersAsked | undefined): SeenOrders {
  return { orders, preferred, drained: asked?.drains?.some((key) => drains.has(key)) ?? false };
}

/** By compare-and-set on the version. */
export function changeOrders(
  { current }: Primary,
  name: string,
  expected: number | null,
  { handOver = current.orders?.handOver, pause = current.orders?.pause }: OrdersChange,
): Outcome<boolean> {
  if ((current.orders?.version ?? null) !== expected) return { change: nothing, answer: false };
  const parts = { ...(handOver ? { handOver } : {}), ...(pause ? { pause } : {}) };
  const orders: Orders = { name, version: (expected ?? 0) + 1, ...parts };
  return {
    change: (documents) => {
      documents.orders = orders;
    },
    answer: true,
  };
}

export function putPreferred(preferred: Preferred): Change {
  return (documents) => {
    documents.preferred = preferred;
  };
}

export function insertTerm({ current }: Primary, record: TermRecord): Outcome<string | null> {
  const { term, claim, ttl } = record;
  const found = current.terms.get(term);
  if (found !== undefined) return { change: nothing, answer: found };
  const change: Change = (documents) => {
    documents.terms.set(term, claim);
    if (term > documents.tip.term) documents.tip = { term, ttl, claim };
  };
  return { change, answer: null };
}

export function trimTerms(below: number): Change {
  return ({ terms, tip }) => {
    for (const term of terms.keys()) if (term < below && term !== tip.term) terms.delete(term);
  };
}

/** Stores tasks that have no origin yet, and whose id is free. */
class Adding {
  private readonly stored: StoredTask[] = [];
  private readonly ids = new Set<TaskId>();
  private next: number;

  constructor(
    private readonly current: Documents,
    private readonly at: Date,
  ) {
    this.next = current.next;
  }

  add(
    task: NewTask & { readonly origin?: string },
  ): { readonly type: 'stored'; readonly seq: number } | { type: 'known' } {
    const { current, at, ids } = this;
    const before = current.numbers.get(task.id) ?? 0;
    const isQueued = before > current.done || before === current.lease?.burial?.seq;
    if (ids.has(task.id) || isQueued || (current.taken.get(task.id) ?? 0) > at.getTime()) return { type: 'known' };
    ids.add(task.id);
    const seq = this.next;
    this.next += 1;
    this.stored.push({ ...task, seq, attempts: 0, deaths: 0, recordedBy: null, at });
    return { type: 'stored', seq };
  }

  change(): Change {
    const { stored, at } = this;
    return (documents) => {
      for (const { idRule, ...task } of stored) {
        documents.tasks.set(task.seq, task);
        documents.numbers.set(task.id, task.seq);
        documents.next = task.seq + 1;
        if (typeof idRule === 'number') documents.taken.set(task.id, at.getTime() + idRule);
      }
    };
  }
}

export function addTasks({ current }: Primary, tasks: readonly NewTask[], at: Date): Outcome<AddResult[]> {
  const adding = new Adding(current, at);
  const answer = tasks.map(({ id, bytes, idRule }) => adding.add({ id, bytes, idRule }));
  return { change: adding.change(), answer };
}

/** Finding no task of an origin and inserting at the next number is one write here: taskAdder.ts says why it may be. */
export function relayTasks({ current }: Primary, tasks: readonly RelayedTask[], at: Date): Outcome<RelayResult[]> {
  const adding = new Adding(current, at);
  const origins = new Map([...current.tasks.values()].map(({ origin, seq }) => [origin, seq]));
  const answer = tasks.map((task): RelayResult => {
    const seq = origins.get(task.origin);
    if (seq !== undefined) return { type: 'relayed', seq };
    const result = adding.add(task);
    if (result.type === 'stored') origins.set(task.origin, result.seq);
    return result;
  });
  return { change: adding.change(), answer };
}

export function tasksAfter(
  { committed }: Primary,
  seq: number,
  limit: { readonly tasks: number; readonly bytes: number },
): StoredTask[] {
  const found: StoredTask[] = [];
  let bytes = 0;
  for (let next = seq + 1; next < committed.next && found.length < limit.tasks; next++) {
    const task = committed.tasks.get(next);
    if (task === undefined) continue;
    bytes += task.bytes.byteLength;
    if (found.length > 0 && bytes > limit.bytes) break;
    found.push(task);
  }
  return found;
}

export function setAttempts(term: number, record: AttemptsRecord): Change {
  const { seq, number, attempts, deaths, permanent } = record;
  return (documents) => {
    const task = documents.tasks.get(seq);
    if (task === undefined || !isLater({ term, number }, task.recordedBy)) return;
    documents.tasks.set(seq, {
      ...task,
      attempts,
      deaths,
      recordedBy: { term, number },
      ...(permanent ? { permanent } : {}),
    });
  };
}

export function setCheckpoint({ current }: Primary, term: number, checkpoint: Checkpoint): Outcome<boolean> {
  const { seq, number, bytes } = checkpoint;
  const takes = ({ tasks, checkpoints }: Documents): boolean =>
    takesCheckpoint(tasks.get(seq), term, checkpoint, checkpoints.get(seq) ?? null);
  const change: Change = (documents) => {
    const task = documents.tasks.get(seq);
    if (task === undefined || !takes(documents)) return;
    documents.tasks.set(seq, { ...task, checkpoint: bytes });
    documents.checkpoints.set(seq, { term, number });
  };
  return { change, answer: takes(current) };
}

export function keepOutcomes(outcomes: readonly TaskOutcome[]): Change {
  return (documents) => putOutcomes(documents.outcomes, outcomes);
}

export function trimOutcomes(before: Date): Change {
  return ({ outcomes }) => {
    for (const [id, { until }] of outcomes) if (until < before) outcomes.delete(id);
  };
}

export function clearAttempts(seq: number, recordedBy: RecordMark | null): Change {
  return (documents) => {
    const task = documents.tasks.get(seq);
    if (task === undefined || !isSame(task.recordedBy, recordedBy)) return;
    documents.tasks.set(seq, { ...task, attempts: 0, deaths: 0, permanent: false });
  };
}

export function markTask(term: number, mark: TaskMark): Change {
  return (documents) => {
    const task = documents.tasks.get(mark.seq);
    const marked = task === undefined ? null : documents.changes.mark(task, term, mark);
    if (marked !== null) documents.tasks.set(mark.seq, marked);
  };
}

export function trimTasks({ current }: Primary, through: number): Change {
  const gone = [...current.tasks.keys()].filter((seq) => seq <= through);
  return (documents) => {
    for (const seq of gone) documents.tasks.delete(seq);
  };
}

export function putLetter(letter: DeadLetter): Change {
  return (documents) => {
    if (!documents.letters.has(letter.seq)) documents.letters.set(letter.seq, letter);
  };
}
