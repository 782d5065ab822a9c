/** What the election asks for: requests to the store, and news for the member. Carried out by the elector, in order. */
import type { FailoverErrorCode } from '../errors.js';
import type { Lease, Progress } from '../store/store.js';
import type { Phase } from './transitions.js';

/** Requests to the store; each is answered once, by an event with the same number. */
export type StoreRequest =
  | { readonly type: 'readTip'; readonly request: number }
  | { readonly type: 'observe'; readonly request: number; readonly tip: number; readonly wait: number }
  | { readonly type: 'writeLease'; readonly request: number; readonly expected: Lease | null; readonly next: Lease }
  | {
      readonly type: 'insertTerm';
      readonly request: number;
      readonly term: number;
      readonly claim: string;
      readonly ttl: number;
    }
  /** `due` is when the schedule wanted it, to measure how late it goes out. `early`: it comes before that, with progress. */
  | {
      readonly type: 'beat';
      readonly request: number;
      readonly term: number;
      readonly beat: number;
      readonly due: number;
      readonly early: boolean;
    }
  | {
      readonly type: 'release';
      readonly request: number;
      readonly term: number;
      readonly beat: number;
      /** The claim, if the next master is to take this for the release of one that died. */
      readonly died?: string;
    }
  /** Releases the lease of another member, whose process is gone (rule 12). */
  | {
      readonly type: 'releaseDead';
      readonly request: number;
      readonly term: number;
      readonly holder: string;
      readonly claim: string;
    };

/** Why a mastership ended: in words, and the code of the error that tells users of it. */
export interface Deposition {
  readonly reason: string;
  readonly code: FailoverErrorCode;
}

/**
 * Let the running work finish and start none; say `drained`, with this, when nothing of it runs. If it would not end, say
 * `abandon` at a stop, and `handOverCancelled` at a hand-over, whose drains are numbered.
 */
export type Drain =
  | { readonly type: 'drain'; readonly for: 'stop' }
  | { readonly type: 'drain'; readonly for: 'handOver'; readonly term: number; readonly drain: number };

export type News =
  | { readonly type: 'phase'; readonly from: Phase; readonly to: Phase }
  /** The lease is this member's until then, by its monotonic clock. */
  | { readonly type: 'lease'; readonly term: number; readonly validUntil: number }
  | { readonly type: 'noLease' }
  /** Work may start. `continued`: the lease was this member's own before, so its own progress is the newer one. */
  | { readonly type: 'elected'; readonly term: number; readonly progress: Progress; readonly continued: boolean }
  /** Work must stop now; the mastership may yet be saved. */
  | { readonly type: 'fence'; readonly reason: string }
  /** Work may go on: the mastership was saved after a fence, or its hand-over was cancelled. */
  | { readonly type: 'resume'; readonly after: 'fence' | 'handOver' }
  /**
   * It is lost, and `noLease` came before; or it was given up, and that comes after: work has what is left of it.
   * Rule 10: docs/explain/protocol.md#rule-10-a-lease-proves-that-work-is-alive
   */
  | ({ readonly type: 'deposed' } & Deposition)
  /** This member has waited so long in that epoch of the store, in ms, so the store may be marked as settled (rule 11). */
  | { readonly type: 'settle'; readonly epoch: string; readonly wait: number }
  /** A new version of another member's lease. */
  | { readonly type: 'seen'; readonly lease: Lease | null }
  | { readonly type: 'storeFailed'; readonly error: Error }
  /** One beat failed; the mastership lasts as long as its validity. */
  | { readonly type: 'beatFailed'; readonly error: Error }
  | Drain
  /** It was handed over, after a drain: this member counts on nothing, and the release goes out after this. */
  | { readonly type: 'handedOver'; readonly term: number }
  | { readonly type: 'stopped' };

export type Effect = StoreRequest | News;
