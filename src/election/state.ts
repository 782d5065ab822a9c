/**
 * What the election knows, and what it is told: the state between two steps, and the events. protocol.ts makes the steps.
 * The rules that these comments name: docs/explain/protocol.md#the-rules
 */
import type { Intervals } from '../options/options.js';
import type { Lease, Observation, Tip } from '../store/store.js';
import type { ProcessIdentity } from '../surroundings/processIdentity.js';
import type { Deposition } from './effects.js';
import type { Phase } from './transitions.js';

export interface ElectionConfig {
  /** Unique for this member for all time. */
  readonly holder: string;
  readonly intervals: Intervals;
  /** How long before the validity ends work must stop, in ms. */
  readonly grace: number;
  /** What each claim says of this member; it decides nothing in here. */
  readonly configuration?: NonNullable<Lease['configuration']>;
  /** The process that each claim names; it decides nothing in here. */
  readonly process?: ProcessIdentity;
  /**
   * Beats and looks fall on multiples of MASTER and POLL from here, and never later than without it. It is one for all members
   * of a coordinator, so theirs go out together. Missing: each has times of its own.
   */
  readonly phase?: number;
}

/** What a standby knows of the lease, and since when it has stood so (rule 1). */
export interface Seen {
  readonly tip: Tip;
  readonly lease: Lease | null;
  /** Whether the store vouches that no lease which it lost can still be valid (rule 11). */
  readonly settled: boolean;
  /** When the answer that first showed this version was received. */
  readonly since: number;
  /** How much later than it might this member claims, by the last look, in ms: others go first. */
  readonly deference: number;
}

export interface Claim {
  readonly step: 'lease' | 'record' | 'verify' | 'prove';
  readonly term: number;
  readonly id: string;
  readonly expected: Lease | null;
  /** Before the compare-and-set was sent: validity runs from here (rule 4). */
  readonly sentAt: number;
  /** Whether the lease that is claimed was this member's own. */
  readonly continued: boolean;
  /** The epoch that it was begun in; in another one it cannot be won. */
  readonly epoch: string;
  /** How long this member has waited in an epoch that is not settled, in ms; null in one that is (rule 11). */
  readonly waited: number | null;
  readonly failures: number;
}

export interface Mastership {
  readonly term: number;
  readonly claim: string;
  readonly validUntil: number;
  readonly beat: number;
  /** By when the next beat must be out; while a release has to be tried again, from when on. */
  readonly nextBeatAt: number;
  /** When the schedule alone wants it. */
  readonly gridAt: number;
  readonly lastSentAt: number;
  /** Request → when it was sent. */
  readonly inFlight: ReadonlyMap<number, number>;
  readonly fenced: boolean;
  /** Progress that no beat has carried yet. */
  readonly dirty: boolean;
  /** `no`, `due` (work has stopped), or the request of the release under way. */
  readonly release: 'no' | 'due' | number;
  /** Work ends for another member to be master; null: it does not. */
  readonly handOver: HandingOver | null;
}

interface HandingOver {
  /** The number of its effect `drain`: the answer to an earlier one is ignored. */
  readonly drain: number;
  readonly drained: boolean;
}

/** A lease that this member counts on no more, and that it releases for the others. */
export interface Parting {
  readonly term: number;
  readonly claim: string;
  readonly beat: number;
  /** Until then a release that failed is tried again; then the lease runs out. */
  readonly until: number;
  /** The release under way; null while it waits for `retryAt`. */
  readonly request: number | null;
  readonly retryAt: number;
}

/** A time in which this member claims nothing. */
export interface Rest {
  /** By its own clock; null: until it is told that it has rested. */
  readonly until: number | null;
  /** The claim whose lease it handed over. From then on that lease ends the rest, if it is still released. */
  readonly early: { readonly from: number; readonly claim: string } | null;
}

export interface Looked extends Pick<Observation, 'lease' | 'settled' | 'epoch'> {
  readonly holderIsGone: boolean;
  readonly deference: number;
}

export interface ElectionState {
  readonly phase: Phase;
  readonly tip: Tip | null;
  readonly seen: Seen | null;
  /** The lease of a look that waits for the tip to be read. */
  readonly looked: Looked | null;
  /** The look or claim step under way; an answer to any other is late and ignored. */
  readonly pending: number | null;
  readonly nextLookAt: number | null;
  /** When the last look was begun; null before the first. */
  readonly lastLookAt: number | null;
  readonly failedLooks: number;
  readonly claim: Claim | null;
  readonly mastership: Mastership | null;
  /** The claim by which this member was last master: while the lease holds it, no other member has been (rule 2). */
  readonly heldClaim: string | null;
  /** The claim under which work last ran, or its unbroken successor: this member's own progress is the newest. */
  readonly workedClaim: string | null;
  /** The epoch of the last whole look: the two claims above were made in it. */
  readonly epoch: string | null;
  /** The longest time to live that was ever seen under this name, in ms: a lost lease may have had it. */
  readonly longestTtl: number;
  readonly stopping: 'no' | 'draining' | 'drained';
  /** It resigned, and work may still run: it claims nothing (rule 10). */
  readonly unfit: boolean;
  readonly rests: Rest | null;
  /** It was told that it has rested, or its claim was not sent: what it saw may be old, so it claims by the next look that is answered. */
  readonly looksFirst: boolean;
  readonly parting: Parting | null;
  /** Its process ends by an error while it works. */
  readonly dying: boolean;
  readonly requests: number;
  readonly claims: number;
  /** How many hand-overs were begun. */
  readonly drains: number;
  /** When `tick` is due; null when nothing is. */
  readonly wakeAt: number | null;
}

export type ElectionEvent =
  | { readonly type: 'run' }
  | { readonly type: 'tick' }
  /** `stop()` was called. */
  | { readonly type: 'stop' }
  /** Nothing of the work runs any more, after an effect `drain`: of a hand-over, the one of this number. */
  | { readonly type: 'drained'; readonly drain?: number }
  /** Work would not stop: end without a release, and let the lease run out. */
  | { readonly type: 'abandon' }
  /**
   * The work hangs, or does not load: a mastership is given up, and none is claimed before `fit` (rule 10). `nothingRuns`:
   * nothing of the work runs, so the lease is released.
   */
  | ({ readonly type: 'resign'; readonly nothingRuns: boolean } & Deposition)
  /** Nothing of the work runs any more, and nothing holds it up. */
  | { readonly type: 'fit' }
  /** Another member should be master: a mastership of this term is released once its work has drained. */
  | { readonly type: 'handOver'; readonly term: number }
  /** The work did not end, or the request was taken back: a mastership of this term goes on. */
  | { readonly type: 'handOverCancelled'; readonly term: number }
  /** No claim is made until then, by the clock of this member; null: until `rested`. */
  | { readonly type: 'rest'; readonly until: number | null }
  /** Every rest is over. The member claims by a look that is answered from now on. */
  | { readonly type: 'rested' }
  /** The store is said to be back. */
  | { readonly type: 'available' }
  /** The process that holds the lease is said to be gone: a look, which says it again, comes at once (rule 12). */
  | { readonly type: 'holderGone' }
  /** The lease is said to have changed: a standby looks soon. */
  | { readonly type: 'hint' }
  /** This process ends by an error while it works: what it releases from now on is the lease of a member that died. */
  | { readonly type: 'dying' }
  /** There is progress that the standbys should hear of early. */
  | { readonly type: 'progress' }
  /** Another clock ran ahead of the monotonic one by `ahead` ms: the machine slept, or time was set (rule 8). */
  | { readonly type: 'clockJump'; readonly ahead: number }
  | Answer;

/** What the store said to an effect with the same request. */
export type Answer =
  | { readonly type: 'tip'; readonly request: number; readonly tip: Tip }
  /**
   * `holderIsGone`: the process that made the claim of this lease is certainly gone (rule 12). `deference`: this member
   * claims so many ms later than it might, because another should go first; 0 by default.
   */
  | {
      readonly type: 'observed';
      readonly request: number;
      readonly observation: Observation;
      readonly holderIsGone?: boolean;
      readonly deference?: number;
    }
  | { readonly type: 'leaseWritten'; readonly request: number; readonly written: boolean }
  | { readonly type: 'termInserted'; readonly request: number; readonly inserted: boolean; readonly claim: string }
  | { readonly type: 'beaten'; readonly request: number; readonly matched: boolean }
  | { readonly type: 'released'; readonly request: number; readonly matched: boolean }
  | { readonly type: 'deadReleased'; readonly request: number; readonly matched: boolean }
  | { readonly type: 'failed'; readonly request: number; readonly error: Error };

export const initialState: ElectionState = {
  phase: 'stopped',
  tip: null,
  seen: null,
  looked: null,
  pending: null,
  nextLookAt: null,
  lastLookAt: null,
  failedLooks: 0,
  claim: null,
  mastership: null,
  heldClaim: null,
  workedClaim: null,
  epoch: null,
  longestTtl: 0,
  stopping: 'no',
  unfit: false,
  rests: null,
  looksFirst: false,
  parting: null,
  dying: false,
  requests: 0,
  claims: 0,
  drains: 0,
  wakeAt: null,
};
