/** What the processes of this question are given, and what each of them reports. */
import type { FailoverOptions } from 'mongo-failover';

interface Rounds {
  /** One more before, which does not count. */
  readonly rounds: number;
  readonly tasks: number;
}

export interface OurDurableSettings extends Rounds {
  readonly options: FailoverOptions;
  /** Calls of `submitWork` that are under way at once. */
  readonly atOnce: number;
}

export interface ClaimLoopSettings extends Rounds {
  readonly uri: string;
}

export interface RawInsertSettings extends Rounds {
  readonly uri: string;
}

export interface AgendaSettings {
  readonly uri: string;
  readonly rounds: number;
  readonly jobs: number;
  readonly concurrency: number;
}

export type BullmqAdding = 'calls' | 'bulk' | 'before';

export interface BullmqSettings {
  readonly port: number;
  readonly rounds: number;
  readonly jobs: number;
  readonly concurrency: number;
  readonly atOnce: number;
  /** See bench/peers/bullmq.js. */
  readonly adding: BullmqAdding;
}

export interface RateReport {
  readonly type: 'report';
  /** Tasks per second, one for each round. */
  readonly rates: readonly number[];
}

export interface OurDurableReport extends RateReport {
  /** Tasks per second until the last of them was stored; they were worked off in that time. */
  readonly stored: readonly number[];
  /** Calls of `submitWork` that the store did not answer in time, and that were made again. */
  readonly refused: number;
}
