/** What people ask of a schedule without a member: tasks of its slots, within the limits of the members. */
import { FailoverError } from '../errors.js';
import { askedTask, type SlotKind, unknownSchedule } from '../requests/slots.js';
import type { StoreReader } from '../store/reader.js';
import type { StoredSchedule } from '../store/schedules.js';
import type { FullStore } from '../store/taskStore.js';
import { limitsOf, type SubmissionLimits, type Submitted, submit } from './submission.js';

export interface SlotsAsked {
  readonly name: string;
  readonly id: string;
  readonly kind: SlotKind;
  /** By the wall clock. */
  readonly now: number;
  /** Returns the slots that are asked for. */
  slotsOf(schedule: StoredSchedule): readonly number[];
}

export type SlotsStored = Submitted & Pick<SubmissionLimits, 'maxQueue'>;

/**
 * Stores the tasks of slots.
 *
 * @throws FailoverError `ERR_SCHEDULE_UNKNOWN` if there is no such schedule; `ERR_SCHEDULE_TASK` if a function makes its task
 */
export async function submitSlots(
  reader: Pick<StoreReader, 'leasesOf'>,
  store: Pick<FullStore, 'schedules' | 'tasks'>,
  { name, id, kind, now, slotsOf }: SlotsAsked,
): Promise<SlotsStored> {
  const found = await store.schedules.findSchedule(name, id);
  if (found === null) throw unknownSchedule(name, id);
  const { payload: template } = found;
  if (template === null) {
    const text = `the task of ${id} is made by a function of the program: call ${kind}() there`;
    throw new FailoverError('ERR_SCHEDULE_TASK', text);
  }
  const [entry] = await reader.leasesOf([name]);
  const { key, maxQueue } = limitsOf(entry?.lease?.configuration?.settings ?? {});
  const tasks = slotsOf(found).map((slot) => askedTask(id, { slot, kind, now }, { template, key }));
  return { ...(await submit(store.tasks, name, tasks, { maxQueue })), maxQueue };
}
