/** `requeue` and `discard`: what becomes of dead letters. */
import { randomUUID } from 'node:crypto';
import { eachLetter, errorOf, LetterDesk } from '../../operations/letters.js';
import { limitsOf } from '../../operations/submission.js';
import type { TaskId } from '../../task/task.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { CommandError, exits, UsageError } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { readCount, readFilled } from '../settings/values.js';
import { asker, mustBeSure } from '../support/asking.js';
import { type Session, session } from '../support/session.js';
import { taskIdsOf } from '../support/taskIds.js';
import { clean, showId, some } from '../text/words.js';

type Flags = Readonly<Record<string, unknown>>;

interface Letter {
  readonly id: TaskId;
  /** Null for the head of the queue, which is no letter. */
  readonly error: string | null;
}

type Verb = 'requeue' | 'discard';

export const requeue: Register = (program, context) => {
  const command = program
    .command('requeue')
    .description('put dead letters back into the queue, or give the blocked head of the queue its attempts again')
    .argument('<name>', 'the subsystem')
    .argument('[ids...]', 'ids of tasks; quoted ("7") an id is a text')
    .option('--all', 'all dead letters; asks before')
    .option('--error <regex>', 'with --all, those whose error matches, such as "TypeError ERR_X: it failed"')
    .option('--limit <count>', 'with --all, at most so many, the oldest first')
    .option('--dry-run', 'show them, and change nothing')
    .option('-y, --yes', 'do not ask');
  withCommonOptions(command).action((name: string, ids: string[], flags: Flags) => {
    check('requeue', ids, flags);
    return session(flags, context, (opened) => run('requeue', name, ids, flags, opened));
  });
};

export const discard: Register = (program, context) => {
  const command = program
    .command('discard')
    .description('remove dead letters for good; asks before')
    .argument('<name>', 'the subsystem')
    .argument('[ids...]', 'ids of tasks; quoted ("7") an id is a text')
    .option('--all', 'all dead letters')
    .option('--error <regex>', 'with --all, those whose error matches')
    .option('--limit <count>', 'with --all, at most so many, the oldest first')
    .option('--dry-run', 'show them, and change nothing')
    .option('-y, --yes', 'do not ask');
  withCommonOptions(command).action((name: string, ids: string[], flags: Flags) => {
    check('discard', ids, flags);
    return session(flags, context, (opened) => run('discard', name, ids, flags, opened));
  });
};

function check(verb: Verb, ids: readonly string[], flags: Flags): void {
  const isAll = flags.all === true;
  if (ids.length > 0 === isAll) throw new UsageError(`${verb} takes ids, or --all, and one of the two`);
  if (!isAll && (flags.error !== undefined || flags.limit !== undefined)) {
    throw new UsageError('--error and --limit are for --all');
  }
  for (const id of ids) taskIdsOf(id);
  patternOf(flags);
  readCount(flags.limit, '--limit', { min: 1, fallback: 1 });
}

function patternOf({ error }: Flags): RegExp | null {
  const text = readFilled(error, '--error');
  if (text === undefined) return null;
  try {
    return new RegExp(text, 'u');
  } catch (cause) {
    throw new UsageError(`--error takes a regular expression: ${cause instanceof Error ? cause.message : cause}`);
  }
}

async function run(verb: Verb, name: string, ids: readonly string[], flags: Flags, opened: Session): Promise<void> {
  const { reader, output, signal } = opened;
  const [entry] = await reader.leasesOf([name]);
  const configuration = entry?.lease?.configuration;
  if (verb === 'requeue' && configuration !== undefined && configuration.kind !== 'durable') {
    const text = `the queue of ${JSON.stringify(name)} is not in the store (its kind is ${configuration.kind}): call requeue(id) on a cluster`;
    throw new CommandError(exits.refused, text, 'ERR_REFUSED');
  }
  const limits = limitsOf(configuration?.settings ?? {});
  const chosen = flags.all === true ? await all(name, flags, opened) : await named(verb, name, ids, opened);
  if (chosen.length === 0) {
    throw new CommandError(
      exits.none,
      `${JSON.stringify(name)} has no such dead letter in ${reader.label}`,
      'ERR_NONE',
    );
  }
  if (flags.dryRun === true) {
    output.list(chosen, () => chosen.map(({ id, error }) => `${showId(id)}  ${clean(error ?? 'the head')}`).join('\n'));
    return output.talk(`would ${verb} ${some(chosen.length, 'task')}`);
  }
  if (flags.all === true || verb === 'discard') {
    await mustBeSure(`${verb} ${some(chosen.length, 'dead letter')} of ${name}?`, flags.yes === true, signal);
  }
  const holder = `${asker()}/${process.pid}/${randomUUID()}`;
  const { tasks } = await opened.writer();
  const desk = new LetterDesk({ store: tasks, name, holder, maxQueue: limits.maxQueue, clock: systemClock });
  await each(chosen, opened, (letter) => handle(verb, desk, letter));
}

async function all(name: string, flags: Flags, { reader }: Session): Promise<Letter[]> {
  const limit = readCount(flags.limit, '--limit', { min: 1, fallback: Number.MAX_SAFE_INTEGER });
  const chosen: Letter[] = [];
  for await (const letter of eachLetter(reader, name, { error: patternOf(flags), limit })) {
    chosen.push({ id: letter.id, error: errorOf(letter) });
  }
  return chosen;
}

/** Finds out which id each argument means, by what is there. */
async function named(verb: Verb, name: string, ids: readonly string[], opened: Session): Promise<Letter[]> {
  const chosen: Letter[] = [];
  for (const argument of ids) {
    const meanings = taskIdsOf(argument);
    const found: Letter[] = [];
    for (const id of meanings) {
      const letter = await opened.reader.letterOf(name, id);
      if (letter !== null) found.push({ id, error: errorOf(letter) });
    }
    if (found.length > 1) {
      throw new UsageError(`${argument} is the number and the text: give '"${argument}"' for the text`);
    }
    if (found.length === 0 && verb === 'requeue') found.push(...(await headOf(name, meanings, opened)));
    chosen.push(...found);
    if (found.length === 0) opened.output.talk(`${clean(argument)}: no such dead letter`);
  }
  return chosen;
}

/** Returns the head of the queue if it is the one that was named, and was tried. */
async function headOf(name: string, ids: readonly TaskId[], { reader }: Session): Promise<Letter[]> {
  const [entry] = await reader.leasesOf([name]);
  const [head] = await reader.tasks(name, { after: entry?.state.done ?? 0, limit: 1 }, false);
  return head !== undefined && head.attempts > 0 && ids.includes(head.id) ? [{ id: head.id, error: null }] : [];
}

type Result = 'queued' | 'known' | 'full' | 'none' | 'discarded';

async function handle(verb: Verb, desk: LetterDesk, { id, error }: Letter): Promise<Result> {
  if (verb === 'discard') return (await desk.discard(id)) ? 'discarded' : 'none';
  if (error === null) return (await desk.unblock(id)) ? 'queued' : 'none';
  return desk.requeue(id);
}

const words: Readonly<Record<Result, string>> = {
  queued: 'queued again',
  known: 'left, because a task with this id is queued',
  full: 'left, because the queue is full',
  none: 'was not there any more',
  discarded: 'discarded',
};

async function each(
  chosen: readonly Letter[],
  { output, signal }: Session,
  handleOne: (letter: Letter) => Promise<Result>,
): Promise<void> {
  let [done, left] = [0, 0];
  await output.items(async (item) => {
    for (const letter of chosen) {
      signal.throwIfAborted();
      const result = await handleOne(letter);
      item({ id: letter.id, result }, () => `${showId(letter.id)}  ${words[result]}`);
      if (result === 'queued' || result === 'discarded') done += 1;
      else left += 1;
      if (result === 'full') throw new CommandError(exits.refused, 'the queue is full', 'ERR_QUEUE_FULL');
    }
  });
  output.talk(`${done} done${left === 0 ? '' : `, ${left} left`}`);
  if (done === 0) process.exitCode = exits.refused;
}
