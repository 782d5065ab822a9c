/** Mistakes in what members make of the orders of operators. */
import type { PlantedBug } from '../plantedBug.ts';

const watch = 'src/coordinator/orders/ordersWatch.ts';
const handing = 'src/coordinator/orders/handingOver.ts';
const caughtBy = ['named'] as const;

export const orderBugs: readonly PlantedBug[] = [
  {
    name: 'order-of-another-term',
    breaks: 'A master obeys a request that was made to the master of another term.',
    file: watch,
    find: 'const isOurs = handOver?.term === term;',
    replace: 'const isOurs = handOver !== undefined;',
    caughtBy,
  },
  {
    name: 'pause-ends-with-failover',
    breaks: 'A new master forgets that the subsystem is paused.',
    file: watch,
    find: 'this.term = term;\n    this.obey();',
    replace: 'this.term = term;\n    this.seen = { ...this.seen, orders: null };\n    this.obey();',
    caughtBy,
  },
  {
    name: 'drained-member-claims',
    breaks: 'A standby that is drained claims.',
    file: watch,
    find: "if (this.seen.drained) return 'it is drained';",
    replace: "if (this.seen.drained && this.term !== null) return 'it is drained';",
    caughtBy,
  },
  {
    name: 'answer-to-a-newer-order',
    breaks: 'The answer to a request is written over a newer one.',
    file: watch,
    find: 'if (orders?.handOver?.id !== id) break;',
    replace: 'if (orders?.handOver === undefined) break;',
    caughtBy,
  },
  {
    name: 'priority-0-claims',
    breaks: 'A member of priority 0 becomes master.',
    file: watch,
    find: "if (priority === 0) return 'its priority is 0';",
    replace: "if (priority < 0) return 'its priority is 0';",
    caughtBy,
  },
  {
    name: 'successor-has-no-start',
    breaks: 'A member that a hand-over does not name claims as soon as the one that it names.',
    file: watch,
    find: 'if (to !== null) return DEFERENCE_POLLS * poll;',
    replace: '',
    caughtBy,
  },
  {
    name: 'hand-over-waits-for-ever',
    breaks: 'A hand-over holds the queue for as long as a task runs.',
    file: handing,
    find: 'if (patience !== null) cancel =',
    replace: 'if (patience !== null && current.order === null) cancel =',
    caughtBy,
  },
  {
    name: 'order-taken-back-is-obeyed',
    breaks: 'A hand-over goes on although its asker was told that it was taken back.',
    file: handing,
    find: 'if (current.order === null ? barred : current.order.id === order?.id) return;',
    replace: 'if (current.order === null ? barred : current.order !== order) return;',
    caughtBy,
  },
  {
    name: 'all-drain-at-once',
    breaks: 'A process that is drained hands all of its masterships over at once.',
    file: 'src/coordinator/orders/turns.ts',
    find: 'if (!this.isTaken) this.waiting.shift()?.();',
    replace: 'if (!this.isTaken || this.waiting.length > 0) this.waiting.shift()?.();',
    caughtBy,
  },
  {
    name: 'old-sign-of-priority-lives',
    breaks: 'A sign that is not seen to change counts as one of a standby that lives.',
    file: 'src/coordinator/orders/preference.ts',
    find: 'return now - changedAt < SILENCE_MASTERS * this.master;',
    replace: 'return now - changedAt < SILENCE_MASTERS * this.master * 1e6;',
    caughtBy,
  },
  {
    name: 'orders-of-any-version-replaced',
    breaks: 'A write of orders replaces those that another asker has written since (MongoDB).',
    file: 'src/store/mongodb/mongodbOrders.ts',
    find: 'const same = { _id, version: expectedVersion, ...ofOurFormat };',
    replace: 'const same = { _id, ...ofOurFormat };',
    caughtBy: ['contract'],
  },
];
