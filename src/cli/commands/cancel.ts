/** `cancel`: takes queued tasks out of a stored queue. */
import { askCancel, type ChangeTaskOutcome } from '../../operations/requests.js';
import type { LeaseEntry } from '../../store/reader.js';
import type { TaskId } from '../../task/task.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { CommandError, exits } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { parseDuration } from '../settings/durations.js';
import { readText } from '../settings/values.js';
import { asker } from '../support/asking.js';
import { type Session, session } from '../support/session.js';
import { taskIdsOf } from '../support/taskIds.js';
import { clean, showId } from '../text/words.js';
import { mustBeKnown } from './pause.js';

/** How long the master is waited for, in ms. */
const TIMEOUT_MS = 15_000;
const TIMEOUT_MAX_MS = 3_600_000;

type Flags = Readonly<Record<string, unknown>>;

export const cancel: Register = (program, context) => {
  const command = program
    .command('cancel')
    .description('take tasks out of the queue, so they begin no more')
    .argument('<name>', 'the subsystem')
    .argument('<ids...>', 'ids of tasks; quoted ("7") an id is a text')
    .option('--running', 'end the work on a task that runs, too')
    .option('--wait <duration>', 'how long to wait for the master (15s)');
  withCommonOptions(command).action((name: string, ids: string[], flags: Flags) => {
    const timeout = readWait(flags);
    for (const id of ids) taskIdsOf(id);
    return session(flags, context, (opened) => run(name, ids, { running: flags.running === true, timeout }, opened));
  });
};

export const words: Readonly<Record<ChangeTaskOutcome, string>> = {
  removed: 'cancelled',
  requested: 'requested: no master has decided yet',
  done: 'was done before',
  unknown: 'is not queued',
  updated: 'changed',
  full: 'refused: too many requests wait for a master',
};

async function run(
  name: string,
  ids: readonly string[],
  asked: { readonly running: boolean; readonly timeout: number },
  opened: Session,
): Promise<void> {
  await durableLease(name, opened, 'cancelled');
  const { output, signal } = opened;
  const outcomes: ChangeTaskOutcome[] = [];
  await output.items(async (item) => {
    for (const argument of ids) {
      signal.throwIfAborted();
      const { id, outcome } = await cancelOne(name, argument, asked, opened);
      item({ id, outcome }, () => `${showId(id)}  ${words[outcome]}`);
      outcomes.push(outcome);
    }
  });
  const removed = outcomes.filter((outcome) => outcome === 'removed').length;
  output.talk(`${clean(name)}: ${removed} cancelled${removed === ids.length ? '' : `, ${ids.length - removed} not`}`);
  if (removed === 0) process.exitCode = exitOf(outcomes);
}

/** Returns for how long the master is waited for, in ms. */
export function readWait({ wait }: Flags): number {
  const text = readText(wait);
  return text === undefined ? TIMEOUT_MS : parseDuration(text, '--wait', { min: 0, max: TIMEOUT_MAX_MS });
}

/** Returns the lease of a subsystem, whose queue must be in the store. `what` could not be done to its tasks else. */
export async function durableLease(name: string, opened: Session, what: string): Promise<LeaseEntry | undefined> {
  await mustBeKnown(name, opened);
  const [entry] = await opened.reader.leasesOf([name]);
  const kind = entry?.lease?.configuration?.kind;
  if (kind === undefined || kind === 'durable') return entry;
  const text = `the queue of ${JSON.stringify(name)} is not in the store (its kind is ${kind}), so nothing can be ${what} there`;
  throw new CommandError(exits.refused, text, 'ERR_REFUSED');
}

/** The exit code where no task was changed. */
export function exitOf(outcomes: readonly ChangeTaskOutcome[]): number {
  if (outcomes.includes('requested')) return exits.late;
  return outcomes.every((outcome) => outcome === 'unknown') ? exits.none : exits.refused;
}

/** An argument such as 7 is the number, or else the text. */
async function cancelOne(
  name: string,
  argument: string,
  asked: { readonly running: boolean; readonly timeout: number },
  { reader, writer }: Session,
): Promise<{ readonly id: TaskId; readonly outcome: ChangeTaskOutcome }> {
  const meanings = taskIdsOf(argument);
  const by = asker();
  for (const id of meanings) {
    const outcome = await askCancel(reader, await writer(), { name, by, id, ...asked }, systemClock);
    if (outcome !== 'unknown') return { id, outcome };
  }
  return { id: meanings[0] ?? argument, outcome: 'unknown' };
}
