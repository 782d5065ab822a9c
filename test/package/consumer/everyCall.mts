/**
 * Makes the calls around stored tasks, as an ES module, and prints what came of them: `node everyCall.mjs FOLDER`. The types
 * are named where a program would name them.
 */
import {
  type Backfilled,
  type CancelOutcome,
  type CodedError,
  type CronFunction,
  type DoneOutcome,
  FailoverError,
  failover,
  type ManagedCluster,
  type ManagedOptions,
  type Outcome,
  type RequeuedAll,
  type ScheduledTask,
  type ScheduleInfo,
  type ScheduleOptions,
  type SlotDetails,
  type Submission,
  type Submissions,
  type SubmitOptions,
  type UnmanagedCluster,
  type UpdateOutcome,
} from 'mongo-failover';
import type { Call } from './everyCallWork.mjs';

const intervals = { INIT: 0, MASTER: 300, SLAVE: 1000, TICKING: 1000, POLL: 50 };
const service = failover({ nodb: { path: String(process.argv[2]) }, intervals, taskThreads: { most: 1 } });
const options: ManagedOptions = {
  ...{ durable: true, keepOutcomes: 60 * 60 * 1000, results: true, minInterval: 20, cancelTimeout: 1000 },
  retry: { attempts: 3, exhausted: 'dead-letter' },
};
const work = new URL('./everyCallWork.mjs', import.meta.url);
const cluster: ManagedCluster<Call> = new service.managed<Call>('calls', 'id', work, options);
const events: string[] = [];
cluster.on('cancelled', (id) => events.push(`cancelled ${id}`));
cluster.on('deadletter', (id, error) => events.push(`deadletter ${id}: ${error.message}`));
cluster.on('error', (error) => console.error(error.message));
const ended = { timeout: 20_000 };

const scheduleOptions: ScheduleOptions = { timeZone: 'Europe/Berlin', missed: 'skip', overlap: 'queue', jitter: 0 };
await cluster.schedule('nightly', '0 2 * * *', { does: 'tell slot' }, scheduleOptions);
const made: ScheduledTask<Call> = (slot) => ({ does: 'greet', whom: slot.toISOString() });
await cluster.schedule('each-second', '* * * * * *', made);
await cluster.run();
const ticked = new Promise<boolean>((resolve) => {
  const run: CronFunction = (slot) => resolve(slot.getMilliseconds() === 0);
  const job: UnmanagedCluster = service.cron('ticks', '* * * * * *', run, { timeZone: 'UTC' });
  job.on('error', (reason) => console.error(reason.message));
  void job.run();
});

const greeted: Submission = await cluster.submitWork({ id: 1, does: 'greet', whom: 'you' });
const { result }: DoneOutcome<string> = await greeted.done<string>(ended);
const failed = await cluster.submitWork({ id: 2, does: 'fail' });
const error = await failed
  .done(ended)
  .catch((reason: CodedError) => `${reason.name}: ${reason.message}, permanent ${reason.permanent}`);
const outcome: Outcome | null = await cluster.outcome(2);
const requeued: RequeuedAll = await cluster.requeueAll({ error: /nobody/, limit: 10 });
const postponed = await (await cluster.submitWork({ id: 3, does: 'postpone' })).done(ended);

const waiting = await cluster.submitWork({ id: 4, does: 'wait' });
const many: Submissions = await cluster.submitMany([5, 6].map((id) => ({ id, does: 'greet', whom: 'all' }) as const));
const sixth: Submission = await cluster.submitWork({ id: 6, does: 'greet' });
const late = await codeOf(waiting.done({ timeout: 50 }));
const removed: CancelOutcome = await cluster.cancel(5);
const updated: UpdateOutcome = await cluster.update(6, { id: 6, does: 'greet', whom: 'one' });
const stopped = [await cluster.cancel(4, { running: true }), await codeOf(waiting.done(ended))];
const changed = await sixth.done(ended);
const each = await Promise.all(
  many.submissions.map((submission) => codeOf(submission.done(ended).then(({ result: greeting }) => greeting))),
);

const due = Date.now() + 300;
const later = await cluster.submitWork({ id: 7, does: 'greet', whom: 'later' }, { at: due });
const { at } = await later.done(ended);
const onlyOnce = { uniqueFor: 60_000 } satisfies SubmitOptions;
const first = await cluster.submitWork({ id: 9, does: 'greet', whom: 'once' }, onlyOnce);
await first.done(ended);
const unique = [first.stored, (await cluster.submitWork({ id: 9, does: 'greet' })).stored];
const refused = await codeOf(cluster.submitWork({ id: 8, does: 'greet' }, { session: { inTransaction: () => true } }));

const previewed = cluster.preview('30 2 * * *', { timeZone: 'Europe/Berlin', count: 2, from: Date.UTC(2026, 2, 28) });
const triggered = await cluster.trigger('nightly');
const slots: Backfilled = await cluster.backfill(
  'nightly',
  new Date('2026-05-01T00:00Z'),
  new Date('2026-05-02T00:00Z'),
);
const told = await outcomeOf<SlotDetails>('nightly@2026-05-02T00:00:00Z');
await cluster.pauseSchedule('nightly', { reason: 'the archive is moved' });
const schedules: ScheduleInfo[] = await cluster.schedules();
await cluster.resumeSchedule('nightly');
const kept = await codeOf(cluster.deleteSchedule('nightly'));
const { clockAhead } = await cluster.status();
const second = await slotOf('each-second');

const cron = await ticked;
await service.close();

console.log(
  JSON.stringify({
    ...{ result, error, requeued, postponed: postponed.result, many, each, late, removed, updated, stopped },
    ...{ outcome: [outcome?.state, outcome?.attempts, outcome?.error?.name], changed: [sixth.stored, changed.result] },
    ...{ at: [later.stored, at.getTime() >= due], unique, refused, previewed, triggered, slots, cron, second, events },
    told: { ...told.result, late: told.result.late > 0 },
    kept: [kept, clockAhead],
    schedules: schedules.map(({ id, paused, missed }) => [id, missed, paused?.reason ?? null]),
  }),
);

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(String, (reason) => (reason instanceof FailoverError ? reason.code : String(reason)));
}

/** The outcome of a task that this program has no submission of. */
async function outcomeOf<Result>(id: number | string): Promise<Outcome<Result>> {
  for (;;) {
    const found = await cluster.outcome<Result>(id);
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether the task of a slot had its text, once there is one. */
async function slotOf(schedule: string): Promise<boolean> {
  for (;;) {
    const last = (await cluster.schedules()).find(({ id }) => id === schedule)?.last?.toISOString();
    if (last !== undefined)
      return (await outcomeOf(`${schedule}@${last.replace('.000Z', 'Z')}`)).result === `hello ${last}`;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
