/** What operators have asked of a subsystem, as it is shown. */
import type { HandOver, Pause, SeenOrders } from '../store/orders.js';
import type { HandOverView, PauseView } from './views.js';

export interface OrdersView {
  readonly pause: PauseView | null;
  readonly handOver: HandOverView | null;
  readonly problem: string | null;
}

export const noOrdersView: OrdersView = { pause: null, handOver: null, problem: null };

export function viewOfOrders({ orders, unreadable }: SeenOrders): OrdersView {
  const { pause, handOver } = orders ?? {};
  return {
    pause: pause === undefined ? null : pauseView(pause),
    handOver: handOver === undefined ? null : handOverView(handOver),
    problem: unreadable?.message ?? null,
  };
}

function pauseView({ by, reason, at, until, standby }: Pause): PauseView {
  return { by, reason: reason ?? null, at, until: until === undefined ? null : new Date(until), standby };
}

function handOverView({ id, term, to, by, reason, at, state, why }: HandOver): HandOverView {
  return { id, term, to: to ?? null, by, reason: reason ?? null, at, state, why: why ?? null };
}
