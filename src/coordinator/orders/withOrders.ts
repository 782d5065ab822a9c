/** The store as the election of a member sees it: its looks ask for the orders, too, which are obeyed before it hears of the look. */
import type { ElectionStore } from '../../election/elector.js';
import type { OrdersWatch } from './ordersWatch.js';

export function withOrders(store: ElectionStore, watch: () => OrdersWatch): ElectionStore {
  return {
    highestTerm: (name) => store.highestTerm(name),
    observe: (asked) => {
      const { drains = [] } = watch().question;
      return watch().look(() => store.observe(asked.map((look) => ({ ...look, drains }))));
    },
    compareAndSetLease: (name, expected, next) => store.compareAndSetLease(name, expected, next),
    insertTerm: (record) => store.insertTerm(record),
    beat: (tenure, beat, progress, isEarly) => store.beat(tenure, beat, progress, isEarly),
    release: (tenure, beat, progress, died) => store.release(tenure, beat, progress, died),
    releaseDead: (tenure) => store.releaseDead(tenure),
  };
}
