/** What the members of this question are given, and what they tell. Times are `process.hrtime` ns: one clock for all processes of a machine. */
import type { FailoverOptions } from 'mongo-failover';

export interface MemberSettings {
  readonly name: string;
  readonly options: FailoverOptions;
}

/** From a member to the runner. */
export type MemberMessage =
  | { readonly type: 'state'; readonly to: string; readonly at: bigint }
  /** The first task of a mastership is done. */
  | { readonly type: 'working'; readonly term: number }
  /** How many tasks wait here, and the 99th percentile of the round trips of this member's beats, in ms. */
  | { readonly type: 'status'; readonly queued: number; readonly roundTrip: number }
  /** `stop()` has been called at `askedAt`, the lease was given up at `droppedAt`, and `stop()` has resolved at `stoppedAt`. */
  | { readonly type: 'stopped'; readonly askedAt: bigint; readonly droppedAt: bigint; readonly stoppedAt: bigint }
  | { readonly type: 'problem'; readonly text: string };

/** From the runner to a member. `quiet`: submit nothing more. `exit`, `throw`: `process.exit()`, or an exception that nothing catches. */
export interface Order {
  readonly type: 'stop' | 'status' | 'quiet' | 'exit' | 'throw';
}
