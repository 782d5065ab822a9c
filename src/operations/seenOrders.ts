/** What operators have asked of a subsystem, as it is shown. */
import type { LeaseEntry } from '../store/reader.js';
import type { HandOverView, PauseView } from './views.js';

/** One subsystem that is looked at. */
export interface Asked {
  readonly name: string;
  readonly lease: LeaseEntry | null;
}

export interface OrdersSeen {
  readonly pause: PauseView | null;
  readonly handOver: HandOverView | null;
  readonly problem: string | null;
}

export const noOrdersSeen: OrdersSeen = { pause: null, handOver: null, problem: null };
