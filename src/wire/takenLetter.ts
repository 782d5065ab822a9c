/** A dead letter on its way back into a queue. */
import { StoreError } from '../errors.js';
import type { TaskDetails } from '../task/task.js';
import type { Clock } from '../time/clock.js';

/** How old a claim may be when its letter is queued, in ms. */
export const CLAIM_FRESH_MAX_MS = 10_000;

/** A dead letter that a call of `requeue` has claimed. */
export interface TakenLetter {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** What its task had beside them. */
  readonly details?: TaskDetails | undefined;
  readonly claim: string;
  /** When the claim was asked for, in ms since boot. */
  readonly began: number;
}

/** @throws StoreError `ERR_STORE_UNAVAILABLE` if the claim is so old that another member may have replaced it. */
export function mustBeFresh({ began }: TakenLetter, clock: Pick<Clock, 'sinceBoot'>): void {
  const age = clock.sinceBoot() - began;
  if (age < CLAIM_FRESH_MAX_MS) return;
  const text = `the dead letter was claimed ${Math.round(age)} ms ago, which is too long to put it back: call requeue again`;
  throw new StoreError('ERR_STORE_UNAVAILABLE', text);
}
