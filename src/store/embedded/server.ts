/**
 * The embedded store on its own thread: takes calls, runs all that wait in one transaction, and answers when that is on
 * the disk. Calls that a lease hangs on go first; of the others only as many as one short transaction carries. Only this
 * thread waits for the disk and for the write lock, so the coordinator never does.
 *
 * The store is opened by the first call, and again after its files were removed or replaced. What was lost is told to
 * those who called, once; then the store that is there is opened, or made.
 */
import { StoreError, toWire } from '../../errors.js';
import type { StoreActivity } from './activity.js';
import {
  type CallName,
  type EmbeddedCalls,
  isUrgent,
  type Request,
  type StoreMessage,
  type StoreReply,
} from './calls.js';
import { CannotBegin, type Entries } from './environment.js';
import { NotYet, OpenedStore, type OpenParts } from './openedStore.js';
import { countPacked } from './outcomeBytes.js';
import { PinnedFiles } from './pinnedFiles.js';
import { type EmbeddedPlace, placeNow } from './place.js';
import { embeddedError } from './storeErrors.js';
import { marksOf, topicOf, Wakeups } from './wakeups.js';

/** How long calls that can wait are taken into one transaction, in ms. */
const TRANSACTION_TURN_MS = 5;
/** Leases in the urgent calls of one transaction: with more, the other members of the store would wait for too long. */
const URGENT_LEASES_MAX = 1000;
/** After which the others get the write lock: without a pause this thread would take it again before they wake up, in ms. */
const GIVE_WAY_MS = 1;
/** Between two attempts to open a store that may be opened soon, in ms. */
const OPEN_RETRY_MS = 100;
/** For how long one file must have lain there without the other one: long enough for those who had both open to notice, in ms. */
const HALF_STOOD_MS = 2000;

interface ServerParts {
  readonly place: EmbeddedPlace;
  readonly open: OpenParts;
  readonly activity: StoreActivity;
  /** Monotonic ms. */
  now(): number;
  /** Calls later, after all messages that have arrived. */
  soon(callback: () => void): void;
  after(ms: number, callback: () => void): void;
  /** Blocks this thread. */
  pause(ms: number): void;
  post(message: StoreMessage): void;
  /** Returns a number from 0 up to 1. */
  random(): number;
}

export class EmbeddedServer {
  private store: OpenedStore | undefined;
  private readonly urgent: Request[] = [];
  private readonly others: Request[] = [];
  private scheduled = false;
  private closed = false;
  /** Whether all calls of the last transaction were made. */
  private committing = false;
  private readonly pinned = new PinnedFiles();
  private wakeups: Wakeups | undefined;
  /** Why the store was let go of, until a caller has been told. */
  private lost: StoreError | undefined;
  /** Since when only one of the two files has been there. */
  private halfSince: number | undefined;

  constructor(private readonly parts: ServerParts) {}

  receive(request: Request): void {
    (isUrgent(request.call) ? this.urgent : this.others).push(request);
    this.schedule();
  }

  /** Checks that the files are still there; to be called several times a second. */
  checkFiles(): void {
    const difference = this.difference();
    if (difference !== undefined) this.lost = this.letGo(difference);
  }

  /** Says that this thread lives; to be called each second. */
  renew(): void {
    this.pinned.closeOld(this.parts.now());
    this.guarded((store) => store.renew());
    this.wakeups?.renew();
  }

  /** Keeps the files from cleaners; to be called each minute. */
  keepFromCleaners(): void {
    this.guarded((store) => store.keepFromCleaners());
  }

  close(): void {
    this.closed = true;
    this.pinned.closeAll();
    this.wakeups?.close();
    this.store?.close();
    this.store = undefined;
  }

  private schedule(after?: number): void {
    if (this.scheduled) return;
    this.scheduled = true;
    const run = (): void => {
      this.scheduled = false;
      this.run();
    };
    if (after === undefined) this.parts.soon(run);
    else this.parts.after(after, run);
  }

  private run(): void {
    if (this.closed) return;
    const group = this.nextGroup();
    if (group.length === 0) return;
    let store: OpenedStore;
    try {
      store = this.opened();
    } catch (error) {
      if (error instanceof NotYet) return this.waitToOpen(group, error);
      this.fail(group, error);
      return this.scheduleRest();
    }
    this.answer(store, group);
    this.scheduleRest();
  }

  private scheduleRest(): void {
    if (this.urgent.length > 0 || this.others.length > 0) this.schedule();
  }

  /**
   * Takes the urgent calls whose callers wait, up to so many leases, and one of the others; more of these join while the
   * transaction is short.
   */
  private nextGroup(): Request[] {
    const group = this.nextUrgent(this.parts.now());
    const next = this.others.shift();
    if (next !== undefined) group.push(next);
    return group;
  }

  private nextUrgent(now: number): Request[] {
    const group: Request[] = [];
    // Alone with the store, each transaction more is only one more wait for the disk.
    const most = this.store?.isShared === false ? Number.POSITIVE_INFINITY : URGENT_LEASES_MAX;
    for (let leases = 0, [next] = this.urgent; next !== undefined; [next] = this.urgent) {
      leases += leasesIn(next);
      if (group.length > 0 && leases > most) break;
      this.urgent.shift();
      if (next.deadline > now) group.push(next);
    }
    return group;
  }

  private waitToOpen(group: readonly Request[], error: NotYet): void {
    const until = this.parts.now() + 2 * OPEN_RETRY_MS;
    const all = [...group, ...this.others.splice(0)];
    this.fail(
      all.filter(({ deadline }) => deadline <= until),
      error,
    );
    for (const request of all) {
      if (request.deadline > until) (isUrgent(request.call) ? this.urgent : this.others).push(request);
    }
    if (this.urgent.length > 0 || this.others.length > 0) this.schedule(OPEN_RETRY_MS);
  }

  // ---- the store ----

  private opened(): OpenedStore {
    if (this.lost !== undefined) {
      const { lost } = this;
      this.lost = undefined;
      throw lost;
    }
    if (this.store !== undefined) return this.store;
    const { place, open, activity, now } = this.parts;
    const path = placeNow(place);
    activity.set('opening', now());
    try {
      const half = this.halfSince !== undefined && now() - this.halfSince >= HALF_STOOD_MS;
      this.store = OpenedStore.open(path, { ...open, owner: place.owner }, half);
      this.halfSince = undefined;
      this.store.renew();
      this.wakeups = this.wakeupsIn(path);
      return this.store;
    } catch (error) {
      if (error instanceof NotYet && error.isHalf) this.halfSince ??= now();
      else this.halfSince = undefined;
      throw embeddedError(error, 'open', path);
    } finally {
      activity.set('idle', now());
    }
  }

  private wakeupsIn(path: string): Wakeups {
    const { now, after, random } = this.parts;
    return new Wakeups(path, { now, after, random, heard: (marked) => this.parts.post({ marked }) });
  }

  private difference(): string | undefined {
    try {
      return this.store?.difference();
    } catch (error) {
      return `its files cannot be looked at (${toWire(error).message})`;
    }
  }

  private letGo(why: string): StoreError {
    const { store } = this;
    this.store = undefined;
    this.wakeups?.close();
    this.wakeups = undefined;
    try {
      if (store !== undefined) this.pinned.keep(store.descriptor, this.parts.now());
      store?.letGo();
    } catch {
      // It is of no use any more, however it ends.
    }
    const text = `the store ${store?.path} is lost: ${why}; this process lets go of it, and opens what is there now`;
    return new StoreError('ERR_STORE_GONE', text);
  }

  private guarded(call: (store: OpenedStore) => void): void {
    try {
      if (this.store !== undefined) call(this.store);
    } catch {
      // The next look finds what is wrong with the folder.
    }
  }

  // ---- the calls ----

  private answer(store: OpenedStore, group: Request[]): void {
    let outcomes: Outcome[] = [];
    // Before LMDB reads what may have been cut off, and after, before what was done counts.
    let why = this.difference();
    try {
      if (why === undefined) outcomes = this.runTogether(store, group, true);
    } catch (error) {
      if (error instanceof CannotBegin) why = error.message;
      // What failed while it was committed may be written: no call is made a second time.
      else if (this.committing) outcomes = group.map(({ call }) => failed(error, call, store));
      else outcomes = group.map((request) => this.runAlone(store, request));
    }
    why ??= this.difference();
    // What was read or written in files that no other member sees does not count.
    if (why !== undefined) return this.fail(group, this.letGo(why));
    this.parts.post(
      group.map(({ id }, index): StoreReply => {
        const outcome = outcomes[index];
        return outcome?.ok ? { id, ok: true, value: outcome.value } : { id, ok: false, error: toWire(outcome?.error) };
      }),
    );
  }

  /** Runs the group in one transaction. With `mayJoin`, calls that wait are added to it at its end. */
  private runTogether(store: OpenedStore, group: Request[], mayJoin: boolean): Outcome[] {
    const { activity, now, pause } = this.parts;
    let wrote = false;
    let committed: Outcome[] = [];
    this.committing = false;
    activity.set('locking', now());
    try {
      committed = store.transact((calls, entries) => {
        activity.set('idle', now());
        const before = entries.writes;
        const until = now() + TRANSACTION_TURN_MS;
        const outcomes: Outcome[] = [];
        for (let request = group[0]; request !== undefined; request = group[outcomes.length]) {
          outcomes.push(perform(store, calls, entries, request));
          const takesMore = mayJoin && outcomes.length === group.length && now() < until;
          const next = takesMore ? this.others.shift() : undefined;
          if (next !== undefined) group.push(next);
        }
        wrote = entries.writes > before;
        if (wrote) activity.set('writing', now());
        this.committing = true;
        return outcomes;
      });
      return committed;
    } finally {
      activity.set('idle', now());
      this.wake(group, committed);
      if (wrote && store.isShared) pause(GIVE_WAY_MS);
    }
  }

  /** Wakes those who wait for what was done: before this thread pauses, and before the answer. */
  private wake(group: readonly Request[], outcomes: readonly Outcome[]): void {
    const marked = new Set<number>();
    const names = new Set<string>();
    for (const [index, outcome] of outcomes.entries()) {
      const request = group[index];
      if (!outcome.ok || request === undefined) continue;
      for (const { slot, name } of marksOf(request.call, request.args, outcome.value)) {
        marked.add(slot);
        if (topicOf(slot) === 'lease') names.add(name);
      }
    }
    for (const slot of marked) this.wakeups?.mark(slot);
    // The file tells this coordinator nothing of what it wrote itself. Of its own tasks it knows.
    const own = [...marked].filter((slot) => topicOf(slot) === 'lease');
    if (own.length > 0) this.parts.post({ marked: own, names: [...names] });
  }

  /** Runs one call by itself, because another one of its group has failed. */
  private runAlone(store: OpenedStore, request: Request): Outcome {
    try {
      const [outcome] = this.runTogether(store, [request], false);
      return outcome ?? { ok: false, error: new Error('the call had no outcome') };
    } catch (error) {
      return failed(error, request.call, store);
    }
  }

  private fail(group: readonly Request[], thrown: unknown): void {
    if (group.length === 0) return;
    const error = toWire(thrown);
    this.parts.post(group.map(({ id }) => ({ id, ok: false, error })));
  }
}

/** Calls for many leases have them as their first argument. Each outcome that an acknowledgement carries takes as long as a lease. */
function leasesIn({ call, args: [first, , outcomes] }: Request): number {
  if (call === 'acknowledge') return 1 + countPacked(outcomes);
  return Array.isArray(first) ? first.length : 1;
}

/** Throws if the call had written something when it failed: half of a call must not be committed with the others. */
function perform(store: OpenedStore, calls: EmbeddedCalls, entries: Entries, { call, args }: Request): Outcome {
  const before = entries.writes;
  try {
    return { ok: true, value: Reflect.apply(calls[call], calls, args) };
  } catch (error) {
    if (entries.writes > before) throw error;
    return failed(error, call, store);
  }
}

function failed(error: unknown, call: CallName, store: OpenedStore): Outcome {
  return { ok: false, error: embeddedError(error, call, store.path) };
}

type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };
