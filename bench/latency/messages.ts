/** What crosses between the question `latency` and its members. */
import type { FailoverOptions } from 'mongo-failover';

export interface LatencySettings {
  readonly options: FailoverOptions;
}

/** Submit so many tasks one after another, with random pauses of `pause` ms in the mean. */
export interface SubmitOrder {
  readonly type: 'submit';
  readonly count: number;
  readonly pause: number;
}

export type LatencyOrder = SubmitOrder | { readonly type: 'stop' };

export interface Submission {
  readonly id: number;
  /** Before the call, and when it was answered, on the clock that all processes share. */
  readonly at: bigint;
  readonly storedAt: bigint;
}

export type LatencyMessage =
  | { readonly type: 'master' }
  | { readonly type: 'slave' }
  | { readonly type: 'submitted'; readonly submissions: readonly Submission[] }
  | { readonly type: 'problem'; readonly text: string };
