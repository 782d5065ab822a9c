/** What a member needs to know of the orders of operators, where nothing is special. */
import { Turns } from '../../src/coordinator/orders/turns.ts';
import type { SeenOrders } from '../../src/store/orders.ts';
import type { Store } from '../../src/store/store.ts';

export function ordinary(store: Pick<Store, 'readOrders'>) {
  return {
    ...{ priority: 50, drain: 'process/here/1/1', drains: ['host/here', 'process/here/1/1'], stopTimeout: 1000 },
    async readOrders(asked: Parameters<Store['readOrders']>[0][number]): Promise<SeenOrders> {
      const [seen] = await store.readOrders([asked]);
      if (seen === undefined) throw new Error('the store answered with nothing');
      return seen;
    },
    turns: new Turns(),
    stuck: () => {},
    pollsOfRank: () => 0,
  };
}
