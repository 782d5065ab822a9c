/** What one cluster on the coordinator thread is made of. */
import type { Suspensions } from '../election/suspensions.js';
import type { Configuration } from '../options/configuration.js';
import type { Intervals } from '../options/options.js';
import type { Store } from '../store/store.js';
import type { ProcessIdentity } from '../surroundings/processIdentity.js';
import type { Clock } from '../time/clock.js';
import type { MemberEvent } from '../wire/messages.js';
import type { SharedLease } from '../wire/sharedLease.js';
import type { Unfit } from '../wire/status.js';
import type { DeathWatch } from './deathWatch.js';
import type { Duty } from './duties/duty.js';
import type { MemberMetrics } from './memberMetrics.js';
import type { OrdersWatchParts } from './orders/ordersWatch.js';
import type { SentBeats } from './sentBeats.js';

/** What a member is told about the orders of operators. */
type OrderPart =
  | 'name'
  | 'priority'
  | 'drains'
  | 'stopTimeout'
  | 'readOrders'
  | 'afterBeats'
  | 'turns'
  | 'stuck'
  | 'pollsOfRank';

export interface MemberParts extends Pick<OrdersWatchParts, OrderPart> {
  readonly holder: string;
  readonly host: string;
  readonly pid: number;
  /** Which version of this package it runs. */
  readonly version: string;
  /** The key of the drain of this process. */
  readonly drain: string;
  /** What its claims say of this process. */
  readonly process: ProcessIdentity;
  /** Shared by all members of the coordinator. */
  readonly deaths: DeathWatch;
  /** The store in words, without credentials. */
  readonly storeText: string;
  readonly intervals: Intervals;
  readonly configuration: Configuration;
  readonly grace: number;
  readonly requestTimeout: number;
  /** When the members of a coordinator do together what they all do now and then, by the monotonic clock. */
  readonly phase?: number;
  readonly store: Store;
  readonly clock: Clock;
  /** That of all members of the coordinator. */
  readonly suspensions?: Suspensions;
  /** Says when beats have been sent, if the store sends them later than it is asked to. */
  readonly sentBeats?: SentBeats;
  readonly lease: SharedLease;
  /** Counts what happens, where that is observed. */
  readonly metrics?: MemberMetrics;
  emit(event: MemberEvent): void;
  /** Called once, when the member has stopped; `farewell` resolves when it has signed off in the store, too. */
  ended(farewell: Promise<void>): void;
  /** A member of another kind should work: `resign`, and `fit` again when the opposite is told and nothing of the work runs. */
  standBack(reason: string): void;
  comeForward(): void;
  /** Says why it claims nothing; null when it is fit. */
  unfit(): Unfit | null;
  /** Makes what the member does with a mastership; `progressed` asks for an early beat. */
  makeDuty(progressed: () => void): Duty;
}
