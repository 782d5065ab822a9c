/** A pause, and its end. */
import type { Pause, SeenOrders } from '../store/orders.js';
import type { Clock } from '../time/clock.js';
import { type Asked, change, refused } from './change.js';
import type { Desk } from './desk.js';

export interface PauseAsked {
  readonly name: string;
  readonly by: string;
  readonly reason: string | undefined;
  /** In ms; undefined: until it is resumed. */
  readonly duration: number | undefined;
  readonly standby: boolean;
}

/** Pauses a subsystem. If it is paused already, that is refused, or with `replaces` changed. */
export function writePause(
  desk: Desk,
  { name, by, reason, duration, standby }: PauseAsked,
  { clock, replaces }: { readonly clock: Pick<Clock, 'wall'>; readonly replaces: boolean },
): Promise<Asked<Pause>> {
  return change<SeenOrders, Pause>(desk, name, desk.orders, ({ orders }) => {
    const before = orders?.pause;
    const now = clock.wall();
    const isOver = before?.until !== undefined && before.until <= now;
    if (before !== undefined && !isOver && !replaces) {
      return refused(`it is paused already, by ${before.by} since ${before.at.toISOString()}`);
    }
    const request: Pause = {
      ...{ by, at: new Date(now), standby },
      ...(reason === undefined ? {} : { reason }),
      ...(duration === undefined ? {} : { until: now + duration }),
    };
    return { change: { pause: request }, request };
  });
}

/** Ends the pause of a subsystem. Returns the pause that it had. `ifAt`: only if it was asked for at that time, in ms. */
export function endPause(desk: Desk, name: string, ifAt?: number): Promise<Asked<Pause>> {
  return change<SeenOrders, Pause>(desk, name, desk.orders, ({ orders }) => {
    const request = orders?.pause;
    if (request === undefined) return refused('it is not paused');
    if (ifAt !== undefined && request.at.getTime() !== ifAt) {
      return refused(`its pause is another one, by ${request.by} since ${request.at.toISOString()}`);
    }
    return { change: { pause: null }, request };
  });
}
