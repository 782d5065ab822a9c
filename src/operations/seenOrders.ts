/** What operators have asked of a subsystem, as it is shown. */
import type { SeenOrders } from '../store/orders.js';
import { handOverInfo, pauseInfo } from '../wire/orderInfo.js';
import type { PauseInfo } from '../wire/status.js';
import type { HandOverView } from './views.js';

export interface OrdersView {
  readonly pause: PauseInfo | null;
  readonly handOver: HandOverView | null;
  readonly problem: string | null;
}

export const noOrdersView: OrdersView = { pause: null, handOver: null, problem: null };

export function viewOfOrders({ orders, unreadable }: SeenOrders): OrdersView {
  const { pause, handOver } = orders ?? {};
  return {
    pause: pause === undefined ? null : pauseInfo(pause),
    handOver: handOver === undefined ? null : { id: handOver.id, ...handOverInfo(handOver) },
    problem: unreadable?.message ?? null,
  };
}
