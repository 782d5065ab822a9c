/**
 * The calls of a store for many subsystems at once: one command where there would be one for each. Each says of every
 * subsystem what the call for that one alone would say, or the error with which that would fail. A call that rejects says that
 * nothing is known of any. All come with as many as there are: a store makes several commands of what is too much for one.
 */
import type { StoreError } from '../errors.js';
import type { SeenOrders } from './orders.js';
import type { Look, Member, Notice, Observation, Progress, Tenure } from './store.js';

export interface Beat {
  readonly tenure: Tenure;
  readonly beat: number;
  readonly progress: Progress;
}

export interface ManyStore {
  /** Beats as `Store.beat` does, each of another subsystem. */
  beatAll(beats: readonly Beat[]): Promise<(boolean | StoreError)[]>;
  /** Looks as `Store.observe` does. One lease that cannot be read is no error of the others. */
  observeAll(asked: readonly Look[]): Promise<((Observation & SeenOrders) | StoreError)[]>;
  /** Returns the notices of each of these subsystems, in order. */
  readNoticesOf(names: readonly string[]): Promise<Notice[][]>;
  /** Writes, or overwrites, the lines of members. */
  putMembers(members: readonly Member[]): Promise<void>;
  /** Removes the lines of members. */
  removeMembers(ids: readonly string[]): Promise<void>;
}
