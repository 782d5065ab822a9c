/** What the processes of this question are given, and what they report. Sizes in bytes. */
import type { FailoverOptions } from 'mongo-failover';

export interface Resident {
  /** All that the process holds in memory. */
  readonly rss: number;
  /** Without pages of files, such as those of the embedded store, which the system takes back when it needs them; the same as `rss` where the system does not tell. */
  readonly own: number;
}

export interface ManyTasksSettings {
  readonly folder: string;
  readonly durable: boolean;
  /** Numbers of tasks after which it is measured, rising. */
  readonly marks: readonly number[];
  readonly atOnce: number;
}

export interface Mark {
  readonly tasks: number;
  readonly seconds: number;
  /** Tasks/s since the mark before. */
  readonly rate: number;
  /** The median of the samples of the last part before the mark. */
  readonly resident: Resident;
  readonly samples: number;
  /** What the store takes on the disk. */
  readonly disk: number;
}

export interface ManyTasksReport {
  readonly type: 'report';
  readonly marks: readonly Mark[];
}

export interface BacklogMemberSettings {
  readonly name: string;
  readonly options: FailoverOptions;
}

export type BacklogMemberMessage =
  | { readonly type: 'state'; readonly state: string }
  | { readonly type: 'resident'; readonly resident: Resident };

export interface FillerSettings extends BacklogMemberSettings {
  /** The first id. */
  readonly first: number;
  readonly tasks: number;
  readonly bytes: number;
  readonly atOnce: number;
}

export interface FillerReport {
  readonly type: 'report';
  readonly seconds: number;
  /** Calls that the store did not answer in time, and that were made again. */
  readonly refused: number;
}
