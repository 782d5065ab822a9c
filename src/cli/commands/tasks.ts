/** `tasks`: what waits in the queue of a subsystem, or its dead letters. */

import { PAGE_MAX } from '../../store/reader.js';
import type { FoundDeadLetter, StoredTask } from '../../store/taskStore.js';
import { decodeTask } from '../../task/taskCodec.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { toJson } from '../output.js';
import { withCommonOptions } from '../settings/common.js';
import { readCount } from '../settings/values.js';
import { type Session, session } from '../support/session.js';
import { columns } from '../text/columns.js';
import { clean, showId, showTime, some } from '../text/words.js';
import { mustBeKnown } from './pause.js';

const LIMIT = 50;

type Flags = Readonly<Record<string, unknown>>;

interface Asked {
  readonly name: string;
  readonly after: number;
  readonly limit: number;
  readonly withPayload: boolean;
}

export const tasks: Register = (program, context) => {
  const command = program
    .command('tasks')
    .description('list the stored tasks of a subsystem in their order, or its dead letters')
    .argument('<name>', 'the subsystem')
    .option('--dead', 'the dead letters instead')
    .option('--limit <count>', `how many, at most ${PAGE_MAX} (default: ${LIMIT})`)
    .option('--after <number>', 'begin after the task of this number')
    .option('--payload', 'with what the tasks hold');
  withCommonOptions(command).action((name: string, flags: Flags) => {
    const asked: Asked = {
      name,
      after: readCount(flags.after, '--after', { fallback: 0 }),
      limit: readCount(flags.limit, '--limit', { min: 1, max: PAGE_MAX, fallback: LIMIT }),
      withPayload: flags.payload === true,
    };
    return session(flags, context, (opened) => (flags.dead === true ? letters(asked, opened) : queued(asked, opened)));
  });
};

async function queued({ name, after, limit, withPayload }: Asked, opened: Session): Promise<void> {
  const { reader, output, settings } = opened;
  const [entry] = await reader.leasesOf([name]);
  const done = entry?.state.done ?? 0;
  const found = await reader.tasks(name, { after: Math.max(after, done), limit }, withPayload);
  if (found.length === 0 && after === 0) await mustBeKnown(name, opened);
  const rows = found.map((task) => ({ ...taskFacts(task), ...payload(task, withPayload) }));
  const now = systemClock.wall();
  output.list(rows, () =>
    columns(
      ['>NUMBER', 'ID', '>ATTEMPTS', '>DEATHS', 'STORED', ...(withPayload ? ['PAYLOAD'] : [])],
      rows.map((row) => [
        ...[String(row.number), showId(row.id), String(row.attempts), String(row.deaths)],
        ...[showTime(row.at, settings.time, now), ...shownPayload(row)],
      ]),
    ),
  );
  tellRest(
    found.map(({ seq }) => seq),
    limit,
    'task',
    name,
    opened,
  );
}

async function letters({ name, after, limit, withPayload }: Asked, opened: Session): Promise<void> {
  const { reader, output, settings } = opened;
  const found = await reader.letters(name, { after, limit }, withPayload);
  if (found.length === 0 && after === 0) await mustBeKnown(name, opened);
  const rows = found.map((letter) => ({ ...letterFacts(letter), ...payload(letter, withPayload) }));
  const now = systemClock.wall();
  output.list(rows, () =>
    columns(
      ['>NUMBER', 'ID', '>ATTEMPTS', 'GIVEN UP', 'ERROR', ...(withPayload ? ['PAYLOAD'] : [])],
      rows.map((row) => [
        ...[String(row.number), showId(row.id), String(row.attempts), showTime(row.at, settings.time, now)],
        ...[errorText(row.error), ...shownPayload(row)],
      ]),
    ),
  );
  tellRest(
    found.map(({ seq }) => seq),
    limit,
    'dead letter',
    name,
    opened,
  );
}

function taskFacts({ seq, id, attempts, deaths, at }: StoredTask) {
  return { number: seq, id, attempts, deaths, at };
}

function letterFacts({ seq, id, attempts, at, name, message, code }: FoundDeadLetter) {
  return { number: seq, id, attempts, at, error: { name, message, code: code ?? null } };
}

export function errorText({ name, message, code }: { name: string; message: string; code: string | null }): string {
  return clean(`${name}${code === null ? '' : ` ${code}`}: ${message}`);
}

function payload({ bytes }: { readonly bytes: Uint8Array }, withPayload: boolean): { payload?: unknown } {
  return withPayload ? { payload: decodeTask(Buffer.from(bytes)) } : {};
}

function shownPayload(row: { readonly payload?: unknown }): string[] {
  return 'payload' in row ? [clean(toJson(row.payload))] : [];
}

function tellRest(
  numbers: readonly number[],
  limit: number,
  noun: string,
  name: string,
  { output, reader }: Session,
): void {
  const last = numbers.at(-1);
  if (last === undefined) output.talk(`${JSON.stringify(name)} has no such ${noun} in ${reader.label}`);
  else if (numbers.length === limit) output.talk(`${some(limit, noun)} shown; --after ${last} shows the next ones`);
}
