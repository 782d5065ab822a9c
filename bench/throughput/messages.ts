/** What the processes of these questions are given, and what they report. */

export interface RoundSettings {
  readonly folder: string;
  /** Rounds of each competitor, in turn; one more before, which does not count. */
  readonly rounds: number;
  readonly tasks: number;
}

export interface ThroughputReport {
  readonly type: 'report';
  /** Tasks per second, one for each round. */
  readonly managed: readonly number[];
  readonly piscina: readonly number[];
  readonly piscinaDefault: readonly number[];
}

export interface SubmissionReport {
  readonly type: 'report';
  /** By calls at once: tasks per second, one for each round. */
  readonly rates: readonly { readonly concurrent: number; readonly rates: readonly number[] }[];
}
