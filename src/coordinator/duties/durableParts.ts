import { bson } from '../../task/bson.js';
import type { SharedParts } from '../sharedParts.js';
import type { DurableDutyParts } from './durableDuty.js';

type StoreParts = Pick<DurableDutyParts, 'store' | 'schedules' | 'outbox' | 'outboxes' | 'newOrigin'>;

/** Returns what a durable duty has of its coordinator. */
export function durableParts({ store, outboxes }: Pick<SharedParts, 'store' | 'outboxes'>): StoreParts {
  const newOrigin = (): string => new bson.ObjectId().toHexString();
  return { store: store.tasks, schedules: store.schedules, outbox: store.outbox, outboxes, newOrigin };
}
