/** `schedules` and `schedule`: the schedules of a subsystem, and what people do with one. */
import { FailoverError, InvalidOptionError } from '../../errors.js';
import { submitSlots } from '../../operations/schedules.js';
import { scheduleInfo } from '../../requests/scheduleInfo.js';
import { deleteSchedule, type SlotKind, slotsToBackfill, unknownSchedule } from '../../requests/slots.js';
import { previewSlots } from '../../schedules/options.js';
import type { FullStore } from '../../store/taskStore.js';
import { systemClock } from '../../time/systemClock.js';
import { type Register, storeContext } from '../context.js';
import { CommandError, exits, UsageError } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { parseInstant } from '../settings/instants.js';
import { readCount, readReason, readText } from '../settings/values.js';
import { asker } from '../support/asking.js';
import { noSubsystem, type Session, session } from '../support/session.js';
import { columns } from '../text/columns.js';
import { clean, showTime, some } from '../text/words.js';
import { mustBeKnown } from './pause.js';

type Flags = Readonly<Record<string, unknown>>;

const COUNT = 5;
const COUNT_MAX = 1000;

export const schedules: Register = (program, context) => {
  const command = program
    .command('schedules')
    .description('list the schedules of a subsystem: next slot, last slot, missed')
    .argument('<name>', 'the subsystem');
  withCommonOptions(command).action((name: string, flags: Flags) =>
    session(flags, context, async (opened) => {
      const { reader, output, settings } = opened;
      const now = systemClock.wall();
      const found = (await reader.schedules(name)).map((row) => scheduleInfo(row, now));
      if (found.length === 0) await mustBeKnown(name, opened);
      output.list(found, () =>
        columns(
          ['ID', 'PATTERN', 'ZONE', 'NEXT', 'LAST', '>MISSED', 'STATE'],
          found.map(({ id, pattern, timeZone, next, last, missedCount, paused, parked }) => [
            ...[clean(id), clean(pattern), clean(timeZone)],
            ...[showTime(next, settings.time, now), showTime(last, settings.time, now), String(missedCount)],
            paused !== null ? clean(`paused by ${paused.by}`) : parked ? 'parked' : '-',
          ]),
        ),
      );
      if (found.length === 0) output.talk(`${JSON.stringify(name)} has no schedule in ${reader.label}`);
    }),
  );
};

export const schedule: Register = (program, context) => {
  const command = program
    .command('schedule')
    .description('preview a pattern; pause, resume, trigger, backfill or delete a schedule')
    .argument('<action>', 'preview PATTERN, or pause, resume, trigger, backfill, delete with NAME and ID')
    .argument('[arguments...]', 'what the action takes')
    .option('--time-zone <zone>', 'preview: the IANA time zone (default: UTC)')
    .option('--count <count>', `preview: how many slots, at most ${COUNT_MAX} (default: ${COUNT})`)
    .option('--reason <text>', 'pause: why, for those who look')
    .option('--from <time>', 'backfill: the first slot, such as 2026-05-01T00:00Z; preview: after when')
    .option('--to <time>', 'backfill: the last slot (default: now)');
  withCommonOptions(command).action((action: string, given: string[], flags: Flags) => {
    const run = actions.get(action);
    const [name, id, ...rest] = given;
    if (run === undefined && action !== 'preview') {
      throw new UsageError(`schedule takes preview, ${[...actions.keys()].join(', ')}, not ${JSON.stringify(action)}`);
    }
    mustTake(action, flags);
    if (run === undefined) return preview(given, flags);
    if (name === undefined || id === undefined || rest.length > 0) {
      throw new UsageError(`schedule ${action} takes the name of a subsystem and the id of a schedule`);
    }
    return session(flags, context, async (opened) => {
      if ((await opened.reader.leasesOf([name])).length === 0) throw noSubsystem(name, opened.reader.label);
      await run({ name, id, flags, opened, store: await opened.writer() }).catch(refuse);
    });
  });
};

/** Which options belong to which actions. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  'time-zone': ['preview'],
  count: ['preview'],
  reason: ['pause'],
  from: ['preview', 'backfill'],
  to: ['backfill'],
};

/** With `--from`, `trigger` may be a `backfill` that was meant. */
function mustTake(action: string, flags: Flags): void {
  for (const [option, takers] of Object.entries(optionsOf)) {
    const name = option === 'time-zone' ? 'timeZone' : option;
    if (flags[name] === undefined || takers.includes(action)) continue;
    throw new UsageError(`schedule ${action} does not take --${option}, which is for ${takers.join(' and ')}`);
  }
}

function preview(given: readonly string[], flags: Flags): void {
  const { output } = storeContext(flags);
  const count = readCount(flags.count, '--count', { min: 1, max: COUNT_MAX, fallback: COUNT });
  const from = readInstant(flags.from, '--from');
  const options = { timeZone: readText(flags.timeZone), count, ...(from === null ? {} : { from }) };
  // A pattern without quotes comes as five arguments.
  const slots = usage(() => previewSlots(given.join(' '), options, systemClock.wall()));
  output.list(
    slots.map((slot) => ({ slot })),
    () => slots.map((slot) => slot.toISOString()).join('\n'),
  );
}

interface Asked {
  readonly name: string;
  readonly id: string;
  readonly flags: Flags;
  readonly opened: Session;
  readonly store: FullStore;
}

const actions: ReadonlyMap<string, (asked: Asked) => Promise<void>> = new Map([
  ['pause', pause],
  ['resume', resume],
  ['trigger', trigger],
  ['backfill', backfill],
  ['delete', remove],
]);

async function pause({ name, id, flags, opened, store }: Asked): Promise<void> {
  const reason = readReason(flags);
  const request = { by: asker(), at: new Date(systemClock.wall()), ...(reason === undefined ? {} : { reason }) };
  if (!(await store.schedules.pauseSchedule(name, id, request))) throw unknownSchedule(name, id);
  opened.output.result(
    { name, id, paused: request },
    () => `${clean(id)} of ${clean(name)} is paused until it is resumed`,
  );
}

async function resume({ name, id, opened, store }: Asked): Promise<void> {
  if (!(await store.schedules.resumeSchedule(name, id, systemClock.wall()))) throw unknownSchedule(name, id);
  opened.output.result({ name, id, paused: null }, () => `${clean(id)} of ${clean(name)} goes on`);
}

async function remove({ name, id, opened, store }: Asked): Promise<void> {
  await deleteSchedule(store, { name, id, now: systemClock.wall() });
  opened.output.result({ name, id, deleted: true }, () => `${clean(id)} of ${clean(name)} is deleted`);
}

function trigger(asked: Asked): Promise<void> {
  return queue(asked, 'trigger', () => [systemClock.wall()]);
}

function backfill(asked: Asked): Promise<void> {
  const from = readInstant(asked.flags.from, '--from');
  const to = readInstant(asked.flags.to, '--to') ?? systemClock.wall();
  if (from === null) throw new UsageError('schedule backfill takes --from');
  return queue(asked, 'backfill', (row) => usage(() => slotsToBackfill(row, from, to, systemClock.wall())));
}

async function queue(
  { name, id, opened, store }: Asked,
  kind: SlotKind,
  slotsOf: (row: Parameters<typeof slotsToBackfill>[0]) => readonly number[],
): Promise<void> {
  const asked = { name, id, kind, slotsOf, now: systemClock.wall() };
  const { stored, duplicates, isFull, maxQueue } = await submitSlots(opened.reader, store, asked);
  opened.output.result({ name, id, stored, duplicates }, () => `${some(stored, 'task')} stored`);
  if (isFull) throw new CommandError(exits.refused, `the queue is full (${maxQueue})`, 'ERR_QUEUE_FULL');
}

function refuse(error: unknown): never {
  if (!(error instanceof FailoverError)) throw error;
  if (error.code === 'ERR_SCHEDULE_UNKNOWN') throw new CommandError(exits.none, error.message, 'ERR_NONE');
  if (error.code === 'ERR_SCHEDULE_TASK' || error.code === 'ERR_SCHEDULE_DECLARED')
    throw new CommandError(exits.refused, error.message, 'ERR_REFUSED');
  throw error;
}

function readInstant(value: unknown, option: string): number | null {
  const text = readText(value);
  return text === undefined ? null : parseInstant(text, option);
}

function usage<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof InvalidOptionError) throw new UsageError(error.message);
    throw error;
  }
}
