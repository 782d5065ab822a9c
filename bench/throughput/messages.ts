/** What the processes of these questions are given, and what they report. */
import type { FailoverOptions } from 'mongo-failover';

export interface ThroughputSettings {
  readonly folder: string;
  /** Rounds of each competitor, in turn; one more before, which does not count. */
  readonly rounds: number;
  /** Tasks of a round: ours, and of the loops, which are slower. */
  readonly tasks: number;
  readonly loopTasks: number;
  /** Calls of `submitWork` that are under way at once. */
  readonly atOnce: number;
}

export interface ThroughputReport {
  readonly type: 'report';
  /** Tasks per second, one for each round. */
  readonly many: readonly number[];
  readonly silent: readonly number[];
  readonly listened: readonly number[];
  /** The pair of threads: without promises, and with one for each task. */
  readonly limit: readonly number[];
  readonly promises: readonly number[];
  readonly piscina: readonly number[];
  readonly piscinaDefault: readonly number[];
}

export interface HeavySettings {
  readonly folder: string;
  readonly rounds: number;
  readonly tasks: number;
  /** How long a task shall take, in ms. */
  readonly taskTime: number;
}

export interface HeavyReport {
  readonly type: 'report';
  /** How long a task took in the bare loop, in ms: the median of the rounds. */
  readonly taskTime: number;
  readonly managed: readonly number[];
  readonly bare: readonly number[];
}

export interface SubmissionSettings {
  readonly options: FailoverOptions;
  readonly durable: boolean;
  readonly rounds: number;
  /** Most calls of a round, and most time in ms: whichever is first. */
  readonly tasks: number;
  readonly limit: number;
}

export interface SubmissionReport {
  readonly type: 'report';
  /** By calls at once: tasks per second, one for each round. */
  readonly rates: readonly { readonly concurrent: number; readonly rates: readonly number[] }[];
}
