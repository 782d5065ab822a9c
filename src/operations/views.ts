/** What there is to see of a subsystem, for whatever shows it: the command line, a page, metrics. All of it is plain data. */
import type { ClusterKind } from '../options/configuration.js';
import type { TaskId } from '../task/task.js';
import type { HandOverInfo, PauseInfo } from '../wire/status.js';

/** A member as its own line in the store says. */
export interface MemberView {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly state: string;
  /** When it last wrote its line, by its own wall clock. */
  readonly at: Date;
  /** Whether it claims nothing because of a drain; null if its version does not say. */
  readonly drained: boolean | null;
  /** Which version of this package it runs; null if that does not say. */
  readonly version: string | null;
}

/**
 * `held`: a member is master. `released`: the next one may claim at once. `overdue`: held, and no beat has come for longer
 * than the lease lasts, by the wall clocks. `none`: no member was ever master. `unreadable`: another program wrote it.
 */
export type LeaseState = 'held' | 'released' | 'overdue' | 'none' | 'unreadable';

export interface MasterView {
  readonly id: string;
  /** Null if its line is not in the store. */
  readonly host: string | null;
  readonly pid: number | null;
}

export interface QueueView {
  /** Where the tasks are: `memory` is that of each member, and is not to be seen here. */
  readonly where: 'store' | 'memory';
  /** How many wait, the running one included; null if they are in memory. */
  readonly queued: number | null;
  /** The number up to which all are done; null if they are in memory. */
  readonly done: number | null;
  /** When the oldest one was stored; null if none waits. */
  readonly headAt: Date | null;
  /** For how long it has waited, in ms, by the wall clocks. */
  readonly headAge: number | null;
}

export interface HandOverView extends HandOverInfo {
  readonly id: string;
}

export interface SubsystemView {
  readonly name: string;
  /** Null if no master has said so yet, or an older version is master. */
  readonly kind: ClusterKind | null;
  readonly state: LeaseState;
  /** Null while the lease is not held. */
  readonly master: MasterView | null;
  /** The number of the last mastership; 0 before the first. */
  readonly term: number;
  readonly beat: number;
  /** How long the lease lasts without a beat, in ms; null if there is none. */
  readonly ttl: number | null;
  /** When the lease was last written, by the wall clock of its holder. */
  readonly at: Date | null;
  /** How long ago that was, in ms, by the wall clock here. */
  readonly age: number | null;
  /** How many tasks were ever done under this lease. */
  readonly count: number;
  /** The id of the last one, or what `synchronize(id)` was given. */
  readonly identifier: TaskId | null;
  /** Whether the last holder died without a release of its own. */
  readonly died: boolean;
  /** Null for an unmanaged cluster. */
  readonly queue: QueueView | null;
  /** How many dead letters there are, counted up to `DEAD_COUNTED_MAX`. */
  readonly dead: number;
  readonly members: number;
  readonly pause: PauseInfo | null;
  readonly handOver: HandOverView | null;
  /** Why something could not be read. */
  readonly problem: string | null;
}

export interface TermView {
  readonly term: number;
  readonly holder: string;
  /** When it was won, by the wall clock of its member. */
  readonly at: Date | null;
}

/** All of one subsystem. */
export interface SubsystemDetails extends SubsystemView {
  /** How the master is configured. */
  readonly settings: Readonly<Record<string, string>>;
  readonly memberList: readonly MemberView[];
  /** The newest first. */
  readonly terms: readonly TermView[];
}

/** So many dead letters of a subsystem are counted; there may be more. */
export const DEAD_COUNTED_MAX = 10_000;
