/** What viewers change of one schedule: each as the command of the same name does it, and only if what they saw still holds. */
import { FailoverError } from '../errors.js';
import { submitSlots } from '../operations/schedules.js';
import { deleteSchedule } from '../requests/slots.js';
import type { StoreReader } from '../store/reader.js';
import type { StoredSchedule } from '../store/schedules.js';
import type { FullStore } from '../store/taskStore.js';
import type { Clock } from '../time/clock.js';
import type { Body } from './body.js';
import type { Answer, TriggerAnswer } from './contract.js';
import { conflict, PageError } from './messages.js';
import type { ScheduleVerb } from './route.js';
import { isoAt } from './rows.js';

export interface ScheduleActionParts {
  readonly reader: Pick<StoreReader, 'leasesOf'>;
  writer(): Promise<FullStore>;
  readonly clock: Pick<Clock, 'wall'>;
  readonly by: string;
}

/** @throws PageError */
export async function changeSchedule(
  verb: ScheduleVerb,
  name: string,
  body: Body,
  parts: ScheduleActionParts,
): Promise<Answer> {
  const id = body.scheduleId();
  switch (verb) {
    case 'pause-schedule':
      return pause(name, id, body.text('reason'), parts);
    case 'resume-schedule':
      return resume(name, id, body.time('ifAt'), parts);
    case 'delete-schedule':
      return remove(name, id, parts);
    case 'trigger':
      return trigger(name, id, parts);
  }
}

async function pause(
  name: string,
  id: string,
  reason: string | undefined,
  { writer, clock, by }: ScheduleActionParts,
): Promise<Answer> {
  const { schedules } = await writer();
  const { paused } = (await schedules.findSchedule(name, id)) ?? fail(noSchedule(name, id));
  if (paused !== null) throw conflict(id, `${paused.by} has paused it since ${isoAt(paused.at)}`);
  const request = { by, at: new Date(clock.wall()), ...(reason === undefined ? {} : { reason }) };
  if (!(await schedules.pauseSchedule(name, id, request))) throw noSchedule(name, id);
  return { ok: true };
}

async function resume(
  name: string,
  id: string,
  ifAt: number | undefined,
  { writer, clock }: ScheduleActionParts,
): Promise<Answer> {
  const { schedules } = await writer();
  const found = (await schedules.findSchedule(name, id)) ?? fail(noSchedule(name, id));
  mustBePaused(found, ifAt);
  if (!(await schedules.resumeSchedule(name, id, clock.wall()))) throw noSchedule(name, id);
  return { ok: true };
}

function mustBePaused({ id, paused }: StoredSchedule, ifAt: number | undefined): void {
  if (paused === null) throw conflict(id, 'it is not paused any more');
  if (ifAt !== undefined && paused.at.getTime() !== ifAt) {
    throw conflict(id, `its pause is another one, by ${paused.by} since ${isoAt(paused.at)}`);
  }
}

async function remove(name: string, id: string, { writer, clock }: ScheduleActionParts): Promise<Answer> {
  await deleteSchedule(await writer(), { name, id, now: clock.wall() }).catch((error: unknown) => {
    if (!(error instanceof FailoverError)) throw error;
    if (error.code === 'ERR_SCHEDULE_UNKNOWN') throw noSchedule(name, id);
    throw error.code === 'ERR_SCHEDULE_DECLARED' ? conflict(id, error.message) : error;
  });
  return { ok: true };
}

async function trigger(
  name: string,
  id: string,
  { reader, writer, clock }: ScheduleActionParts,
): Promise<TriggerAnswer> {
  const now = clock.wall();
  const asked = { name, id, kind: 'trigger', now, slotsOf: () => [now] } as const;
  const { stored, isFull } = await submitSlots(reader, await writer(), asked).catch((error: unknown) => {
    if (!(error instanceof FailoverError)) throw error;
    if (error.code === 'ERR_SCHEDULE_UNKNOWN') throw noSchedule(name, id);
    throw error.code === 'ERR_SCHEDULE_TASK' ? conflict(id, error.message) : error;
  });
  return { ok: true, result: isFull ? 'full' : stored > 0 ? 'queued' : 'known' };
}

function noSchedule(name: string, id: string): PageError {
  const text = `${JSON.stringify(name)} has no schedule ${JSON.stringify(id)}`;
  return new PageError(404, 'ERR_PAGE_NOT_FOUND', text);
}

function fail(error: PageError): never {
  throw error;
}
