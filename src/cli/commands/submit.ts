/** `submit`: stores tasks for a durable cluster. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { limitsOf, newTask, type SubmissionLimits, submit as store, submitLater } from '../../operations/submission.js';
import type { NewTask } from '../../store/taskStore.js';
import { newOrigin } from '../../task/newOrigin.js';
import { type TaskId, UNIQUE_MAX_MS } from '../../task/task.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { CommandError, exits, UsageError } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { parseDuration } from '../settings/durations.js';
import { parseLater } from '../settings/instants.js';
import { readText } from '../settings/values.js';
import { noSubsystem, type Session, session } from '../support/session.js';
import { taskIdsOf } from '../support/taskIds.js';
import { readTask } from '../support/taskText.js';
import { some } from '../text/words.js';

type Flags = Readonly<Record<string, unknown>>;

export const submit: Register = (program, context) => {
  const command = program
    .command('submit')
    .description('store tasks for a durable cluster; its master works them off')
    .argument('<name>', 'the subsystem')
    .argument('[tasks...]', 'the tasks, each a JSON object; {"$date": …} and the like as in EJSON')
    .option('--file <path>', 'read the tasks from a file, one a line; - reads stdin')
    .option('--id <id>', 'the id of the task, if there is one task alone; quoted ("7") it is a text')
    .option(
      '--unique-for <duration>',
      'keep the ids taken for so long after they are stored, though the tasks are done',
    )
    .option('--at <time>', 'queue them when they are due, such as 2026-05-01T00:00Z or "in 10m"')
    .option('--key <property>', 'which property holds the id (default: the one that the cluster has)');
  withCommonOptions(command).action((name: string, given: string[], flags: Flags) => {
    if (given.length > 0 === (readText(flags.file) !== undefined)) {
      throw new UsageError('submit takes tasks as arguments, or --file, and one of the two');
    }
    const time = readText(flags.at);
    const at = time === undefined ? null : parseLater(time, '--at', systemClock.wall());
    const asked = { given, flags, idRule: readUnique(flags.uniqueFor), at };
    if (asked.idRule !== undefined && asked.at !== null) {
      throw new UsageError('submit takes --unique-for or --at, and not both: the latter stores the tasks later');
    }
    return session(flags, context, (opened) => run(name, asked, opened));
  });
};

interface Asked {
  readonly given: readonly string[];
  readonly flags: Flags;
  /** For how long the ids stay taken, in ms. */
  readonly idRule: number | undefined;
  /** When the tasks are due, in ms since 1970; null: at once. */
  readonly at: number | null;
}

async function run(name: string, { given, flags, idRule, at }: Asked, opened: Session): Promise<void> {
  const { reader, output } = opened;
  const [entry] = await reader.leasesOf([name]);
  const configuration = entry?.lease?.configuration;
  if (entry === undefined) throw noSubsystem(name, reader.label);
  if (entry.problem !== null) throw new CommandError(exits.refused, entry.problem);
  if (configuration !== undefined && configuration.kind !== 'durable') {
    const text = `${JSON.stringify(name)} keeps no tasks in the store: its kind is ${configuration.kind}`;
    throw new CommandError(exits.refused, text, 'ERR_REFUSED');
  }
  const limits = limitsOf(configuration?.settings ?? {});
  const tasks = await tasksIn(given, flags, { ...limits, key: readText(flags.key) ?? limits.key });
  const { tasks: queue, outbox } = await opened.writer();
  if (at !== null) {
    const later = await submitLater(outbox, name, tasks, { at, newOrigin });
    const due = new Date(at);
    output.result({ name, ...later, at: due }, () => {
      const known = later.duplicates === 0 ? '' : `, already waiting: ${later.duplicates}`;
      return `${some(later.stored, 'task')} stored, due ${due.toISOString()}${known}`;
    });
    return;
  }
  const result = await store(
    queue,
    name,
    idRule === undefined ? tasks : tasks.map((task) => ({ ...task, idRule })),
    limits,
  );
  output.result({ name, ...result }, () => {
    const known = result.duplicates === 0 ? '' : `, already queued: ${result.duplicates}`;
    return `${some(result.stored, 'task')} stored${known}`;
  });
  if (!result.isFull) return;
  const rest = tasks.length - result.stored - result.duplicates;
  throw new CommandError(
    exits.refused,
    `the queue is full (${limits.maxQueue}): ${some(rest, 'task')} left`,
    'ERR_QUEUE_FULL',
  );
}

function readUnique(value: unknown): number | undefined {
  const text = readText(value);
  return text === undefined ? undefined : parseDuration(text, '--unique-for', { min: 1, max: UNIQUE_MAX_MS });
}

/** Checks all tasks before the first one is stored. */
async function tasksIn(given: readonly string[], flags: Flags, limits: SubmissionLimits): Promise<NewTask[]> {
  const path = readText(flags.file);
  const lines = path === undefined ? given : await linesOf(path);
  const id = readText(flags.id);
  if (id !== undefined && lines.length !== 1)
    throw new UsageError(`--id is for one task, and there are ${lines.length}`);
  if (id === undefined && limits.key === null) {
    const text = 'the cluster has not said which property holds the id (its key may be a function)';
    throw new UsageError(`${text}: give --key, or --id for one task`);
  }
  const own: TaskId | null = id === undefined ? null : (taskIdsOf(id)[0] ?? null);
  const where = path === undefined ? 'task' : 'line';
  return lines.map((line, index) =>
    readTask(line, { where: `${where} ${index + 1}`, effect: 'no task was stored' }, (task) =>
      newTask(task, own, limits),
    ),
  );
}

async function linesOf(path: string): Promise<string[]> {
  const lines: string[] = [];
  const input = path === '-' ? process.stdin : createReadStream(path);
  try {
    for await (const line of createInterface({ input })) lines.push(line);
  } catch (error) {
    throw new UsageError(`--file ${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  // Empty lines are often at the end; elsewhere they are told, with their number.
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}
