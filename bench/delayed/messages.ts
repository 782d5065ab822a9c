/** What the processes of this question are given, and what they report. */
import type { FailoverOptions } from 'mongo-failover';
import type { Resident } from '../memory/messages.js';
import type { StateMessage } from '../support/entered.js';

export interface DelayedSettings {
  readonly name: string;
  readonly options: FailoverOptions;
}

export interface DelayedFillerSettings extends DelayedSettings {
  readonly tasks: number;
  /** When they are due, in ms since 1970: so far in the future that none is while it is measured. */
  readonly from: number;
}

export interface DelayedFillerReport {
  readonly type: 'report';
  readonly seconds: number;
  /** Calls that the store did not answer in time, and that were made again. */
  readonly refused: number;
}

/** What a member has cost. */
export interface Cost {
  readonly type: 'cost';
  /** Of a core. */
  readonly share: number;
  readonly resident: Resident;
}

export type DelayedMemberMessage = StateMessage | Cost | { readonly type: 'done' };
export type DelayedRunnerMessage = { readonly type: 'measure'; readonly time: number } | { readonly type: 'submit' };
