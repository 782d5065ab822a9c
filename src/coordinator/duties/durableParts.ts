import { newOrigin } from '../../task/newOrigin.js';
import type { SharedParts } from '../sharedParts.js';
import type { DurableDutyParts } from './durableDuty.js';

type StoreParts = Pick<DurableDutyParts, 'store' | 'schedules' | 'clockAhead' | 'outbox' | 'outboxes' | 'newOrigin'>;

/** Returns what a durable duty has of its coordinator. */
export function durableParts({ store, outboxes }: Pick<SharedParts, 'store' | 'outboxes'>): StoreParts {
  const { tasks, schedules, outbox } = store;
  return { store: tasks, schedules, clockAhead: () => store.clockAhead(), outbox, outboxes, newOrigin };
}
