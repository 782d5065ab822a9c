/**
 * The store as the election sees it: one lease and a chain of term records per subsystem, and the members for people
 * to look at. Two implementations pass one contract suite (test/contract).
 *
 * Every call may fail at any moment with a `StoreError`; then its outcome is unknown, unless the error says that
 * nothing was sent. No call tries a write a second time on its own: a late second attempt could land after the caller
 * has given up. Every call ends within the time limit that the store was made with.
 */
import type { Configuration } from '../options/configuration.js';
import type { ProcessIdentity } from '../surroundings/processIdentity.js';
import type { TaskId } from '../task/task.js';
import type { Drain, OrdersAsked, OrdersChange, Preferred, SeenOrders } from './orders.js';
import type { Presence } from './presence.js';
import type { ServerAhead } from './serverAhead.js';
import type { Success } from './successes.js';
import type { SlotTake, TakenSlot } from './takenSlots.js';

/** How far the work has come, carried by the lease from the holder to the standbys. */
export interface Progress {
  /** The newest identifier: of the last task done (managed), or what `synchronize(id)` was given (unmanaged). */
  readonly identifier: TaskId | null;
  /** How many tasks were ever done under this lease; carried on from holder to holder. */
  readonly count: number;
  /** The ids of the last tasks done, oldest first: a window on the end of that count. */
  readonly recent: readonly TaskId[];
}

export interface Lease extends Progress {
  readonly term: number;
  readonly beat: number;
  /** The number of the last acknowledgement under this claim (see taskStore.ts); 0 before the first. */
  readonly ack: number;
  /** Unique per member; `null` when released. */
  readonly holder: string | null;
  /** Unique per claim. */
  readonly claim: string;
  /** How long the holder's standbys must see no new beat before they claim, in ms. */
  readonly ttl: number;
  /** How the holder is configured. Missing if an older version made this claim. No rule of the election reads it. */
  readonly configuration?: Configuration;
  /** The process that made this claim. Missing if an older version made it, or where processes cannot be told apart. */
  readonly process?: ProcessIdentity;
  /**
   * Released, and the holder had died, or its process ended by an error while it worked (rule 12).
   * The rules: docs/explain/protocol.md#the-rules
   */
  readonly died?: true;
}

/** One per mastership, only ever inserted: the fence, and the history. */
export interface TermRecord {
  readonly name: string;
  readonly term: number;
  readonly holder: string;
  readonly claim: string;
  /** As in the lease: the holder counts on it, whatever becomes of the lease. */
  readonly ttl: number;
}

/** The highest record of a subsystem; zeros when there is none. */
export interface Tip {
  readonly term: number;
  /** The `ttl` of that mastership's lease, which a store without atomic writes may have lost. */
  readonly ttl: number;
  /** The claim by which that mastership was won. Missing if there is no record. */
  readonly claim?: string;
  /** The epoch of the store that this was read in. */
  readonly epoch: string;
}

/** What one poll sees. */
export interface Observation {
  readonly lease: Lease | null;
  /** Whether the record right above the tip that was asked about exists. */
  readonly newer: boolean;
  /**
   * Whether the store vouches that no lease which it no longer holds can still be valid, for times to live of up to the
   * `wait` that was asked about.
   */
  readonly settled: boolean;
  /** Names the life of the store: another id means that the store was emptied or replaced, and forgot what it held. */
  readonly epoch: string;
}

/** One subsystem that a poll asks about. */
export interface Look extends OrdersAsked {
  readonly tip: number;
  /** In ms; 0, the default, takes any settled store. */
  readonly wait?: number;
}

/** Who may write the lease: no other holder matches. */
export interface Tenure {
  readonly name: string;
  readonly term: number;
  readonly holder: string;
}

/** Which claim of a holder that has died a release is for: no other lease matches. */
export interface DeadTenure extends Tenure {
  readonly claim: string;
}

/** Describes a member as the store knows it. */
export interface Member {
  /** Names the member as the lease does. */
  readonly id: string;
  /** Names its subsystem. */
  readonly name: string;
  /** Names its machine. */
  readonly host: string;
  /** Holds its process id. */
  readonly pid: number;
  /** Holds its state when it last wrote this. */
  readonly state: string;
  /** Says when the member last wrote this, by its own wall clock: for people only. */
  readonly at: Date;
  /** Says how far it goes first among standbys, from 0 to 100. Missing if an older version wrote this. */
  readonly priority?: number;
  /** Says whether it claims nothing because of a drain. Missing if an older version wrote this. */
  readonly drained?: boolean;
  /** Names the drain of its process. Missing if an older version wrote this. */
  readonly drain?: string;
  /** Says which version of this package it runs. Missing if an older version wrote this. */
  readonly version?: string;
}

/**
 * What a standby says whose configuration is not the master's: one for each subsystem, kind and `wants`, which the next
 * member that says the same overwrites. No clock of another machine is read: who sees it change knows that a member lives.
 */
export interface Notice {
  readonly name: string;
  readonly holder: string;
  readonly configuration: Configuration;
  /** The member's SLAVE + TICKING, in ms. */
  readonly ttl: number;
  /** Counts up with each time that the member writes it. */
  readonly count: number;
  /** Whether tasks wait that the member could do and the master cannot. */
  readonly wants: boolean;
}

/** What a hint is about: the lease of a subsystem, or its stored tasks. */
export type HintTopic = 'lease' | 'tasks';

/** Says that something may have changed. Nothing depends on it: it may be lost, late, wrong, or come twice. */
export interface Hint {
  readonly topic: HintTopic;
  /** Returns whether it may be about the subsystem of this name. */
  concerns(name: string): boolean;
}

/** The names of the subsystems that hints are wanted about, by topic. */
export type WantedHints = Readonly<Record<HintTopic, readonly string[]>>;

export interface Store {
  /** Makes ready what the other calls need (connection, indexes, files). May be called again after it failed. */
  open(): Promise<void>;
  /** Ends everything; the store cannot be used afterwards. Never rejects. */
  close(): Promise<void>;
  /** Calls `listener` whenever the store is found back after it was away. Returns how to stop that. */
  onAvailable(listener: () => void): () => void;
  /** Calls `listener` when another coordinator may have changed something, where the store can tell. Returns how to stop that. */
  onHint(listener: (hint: Hint) => void): () => void;
  /** Says what hints are wanted about from now on: nothing at first. A store may hint at more. */
  wantHints(wanted: WantedHints): void;

  highestTerm(name: string): Promise<Tip>;
  /**
   * The lease, whether the record `tip + 1` exists, and the orders, in one read. Several subsystems in one call, answers in
   * order. Orders that cannot be read do not make it fail.
   */
  observe(asked: readonly Look[]): Promise<(Observation & SeenOrders)[]>;
  /**
   * Marks the store as settled for times to live of up to `wait` ms, and may be called again. Changes nothing if the
   * store is in another epoch by now, because the caller has not waited in that one.
   */
  settle(epoch: string, wait: number): Promise<void>;
  /**
   * Puts `next` in the place of `expected` if the lease still has its (term, claim, beat, ack, holder); with `null`, if there
   * is no lease. True when it was written. Fields of the document that this version does not know stay as they are.
   */
  compareAndSetLease(name: string, expected: Lease | null, next: Lease): Promise<boolean>;
  /** Inserts a record whose key is (name, term). When that key exists, says whose claim it is. */
  insertTerm(record: TermRecord): Promise<{ inserted: true } | { inserted: false; claim: string }>;
  /**
   * Sets beat and progress if the lease is still of this tenure. False: it is not, the mastership is lost. `isEarly`: it comes
   * before its time, because of its progress, and goes out without the beats of other leases.
   */
  beat(tenure: Tenure, beat: number, progress: Progress, isEarly?: boolean): Promise<boolean>;
  /**
   * Beats as `beat` does, and sets the holder to `null`: the next member may claim at once. With `died`, which is the
   * claim, the next member takes it for the release of a holder that died.
   */
  release(tenure: Tenure, beat: number, progress: Progress, died?: string): Promise<boolean>;
  /** Releases the lease for a holder that has died (rule 12). False: the lease is not of that claim any more. */
  releaseDead(tenure: DeadTenure): Promise<boolean>;
  /** Deletes records of terms below `below`. Never the tip. */
  trimTerms(name: string, below: number): Promise<void>;

  /** Writes, or overwrites, the member's line. */
  putMember(member: Member): Promise<void>;
  removeMember(id: string): Promise<void>;
  /** Writes, or overwrites, the notice of this subsystem, kind and `wants`. */
  putNotice(notice: Notice): Promise<void>;
  /** Returns the notices of a subsystem, at most one for each kind and `wants`. Those that cannot be read are missing. */
  readNotices(name: string): Promise<Notice[]>;
  /** Returns the members of a subsystem, in no order; those not seen for an hour may be missing. */
  listMembers(name: string): Promise<Member[]>;

  /** Returns what operators ask of these subsystems, in order. Orders that cannot be read do not make it fail. */
  readOrders(asked: readonly OrdersAsked[]): Promise<SeenOrders[]>;
  /**
   * Changes the orders of a subsystem if they still have this version; with null, if there are none. True when it was
   * written: then the version is one more. Fields of the document that this version does not know stay as they are.
   */
  writeOrders(name: string, expectedVersion: number | null, change: OrdersChange): Promise<boolean>;
  /** Writes, or overwrites, a drain. */
  putDrain(drain: Drain): Promise<void>;
  removeDrain(key: string): Promise<void>;
  /** Returns all drains, in no order. Those that cannot be read are missing. */
  listDrains(): Promise<Drain[]>;
  /** Writes, or overwrites, the sign of the standby that goes first. */
  putPreferred(preferred: Preferred): Promise<void>;
  /** Writes, or overwrites, the line of a process. `removeMember(presenceId(key))` takes it away. */
  putPresence(presence: Presence): Promise<void>;
  /**
   * Returns the lines of all processes, in no order. Those that cannot be read are missing, and so may be those not seen for an
   * hour. Candidacies of sets that are `known` are left out.
   */
  readPresences(known: readonly string[]): Promise<Presence[]>;

  /** Puts a success on record. The first one of a name and a key stays. */
  putSuccess(success: Omit<Success, 'at'>): Promise<void>;
  /** Returns the success of a name and a key; null if there is none. */
  findSuccess(name: string, key: string): Promise<Success | null>;

  clockAhead(): Promise<ServerAhead>;

  /**
   * Takes a slot of a job, if the last one that was taken is an earlier one, or `replaces`, or if none was. Of all that take a slot
   * one does. The same take again has the same answer, until a later slot is taken. One that fails may have taken the slot.
   */
  takeSlot(take: SlotTake): Promise<TakenSlot>;
}
