/** `submit`: stores tasks for a durable cluster. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { TaskError } from '../../errors.js';
import { limitsOf, newTask, type SubmissionLimits, submit as store } from '../../operations/submission.js';
import type { NewTask } from '../../store/taskStore.js';
import { bson } from '../../task/bson.js';
import type { TaskId } from '../../task/task.js';
import type { Register } from '../context.js';
import { CommandError, exits, UsageError } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { readText } from '../settings/values.js';
import { noSubsystem, type Session, session } from '../support/session.js';
import { taskIdsOf } from '../support/taskIds.js';
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
    .option('--key <property>', 'which property holds the id (default: the one that the cluster has)');
  withCommonOptions(command).action((name: string, given: string[], flags: Flags) => {
    if (given.length > 0 === (readText(flags.file) !== undefined)) {
      throw new UsageError('submit takes tasks as arguments, or --file, and one of the two');
    }
    return session(flags, context, (opened) => run(name, given, flags, opened));
  });
};

async function run(name: string, given: readonly string[], flags: Flags, opened: Session): Promise<void> {
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
  const { tasks: queue } = await opened.writer();
  const result = await store(queue, name, tasks, limits);
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
  return lines.map((line, index) => {
    try {
      return newTask(bson.EJSON.parse(line, { relaxed: true }), own, limits);
    } catch (error) {
      if (!(error instanceof TaskError || error instanceof SyntaxError || error instanceof bson.BSONError)) throw error;
      throw new UsageError(`${where} ${index + 1}: ${error.message}; no task was stored`);
    }
  });
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
