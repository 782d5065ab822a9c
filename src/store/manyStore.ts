/**
 * The calls of a store for many subsystems at once: one command where there would be one for each. Each says of every
 * subsystem what the call for that one alone would say, or the error with which that would fail. A call that rejects says that
 * nothing is known of any. All come with as many as there are: a store makes several commands of what is too much for one.
 */
import type { StoreError } from '../errors.js';
import type { SeenOrders } from './orders.js';
import type { Lease, Look, Member, Notice, Observation, Progress, Store, Tenure, TermRecord, Tip } from './store.js';

export interface Beat {
  readonly tenure: Tenure;
  readonly beat: number;
  readonly progress: Progress;
}

export interface Claiming {
  readonly name: string;
  readonly expected: Lease | null;
  readonly next: Lease;
}

export interface Releasing extends Beat {
  /** The claim, if it is to count as that of a holder that died. */
  readonly died?: string;
}

export interface ManyStore {
  highestTerms(names: readonly string[]): Promise<(Tip | StoreError)[]>;
  /** Puts leases in the places of others as `Store.compareAndSetLease` does. */
  claimAll(claims: readonly Claiming[]): Promise<(boolean | StoreError)[]>;
  insertTerms(records: readonly TermRecord[]): Promise<(Awaited<ReturnType<Store['insertTerm']>> | StoreError)[]>;
  releaseAll(releases: readonly Releasing[]): Promise<(boolean | StoreError)[]>;
  /** Beats as `Store.beat` does, each of another subsystem. */
  beatAll(beats: readonly Beat[]): Promise<(boolean | StoreError)[]>;
  /** Looks as `Store.observe` does. One lease that cannot be read is no error of the others. */
  observeAll(asked: readonly Look[]): Promise<((Observation & SeenOrders) | StoreError)[]>;
  /** Returns the notices of each of these subsystems, in order. */
  readNoticesOf(names: readonly string[]): Promise<Notice[][]>;
  /** Returns the members of each of these subsystems, in order, as `Store.listMembers` does. */
  listMembersOf(names: readonly string[]): Promise<Member[][]>;
  /** Writes, or overwrites, the lines of members. */
  putMembers(members: readonly Member[]): Promise<void>;
  /** Removes the lines of members. */
  removeMembers(ids: readonly string[]): Promise<void>;
}
