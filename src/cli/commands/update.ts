/** `update`: gives a queued task of a stored queue another payload. */
import { askUpdate, type ChangeTaskOutcome } from '../../operations/requests.js';
import { limitsOf, newTask } from '../../operations/submission.js';
import type { TaskId } from '../../task/task.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { UsageError } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { readText } from '../settings/values.js';
import { asker } from '../support/asking.js';
import { type Session, session } from '../support/session.js';
import { taskIdsOf } from '../support/taskIds.js';
import { readTask } from '../support/taskText.js';
import { showId } from '../text/words.js';
import { durableLease, exitOf, readWait, words } from './cancel.js';

type Flags = Readonly<Record<string, unknown>>;

export const update: Register = (program, context) => {
  const command = program
    .command('update')
    .description('give a task that waits another payload; it keeps its place')
    .argument('<name>', 'the subsystem')
    .argument('<id>', 'the id of the task; quoted ("7") an id is a text')
    .argument('<task>', 'the new task, a JSON object with the same id; {"$date": …} and the like as in EJSON')
    .option('--key <property>', 'which property holds the id (default: the one that the cluster has)')
    .option('--wait <duration>', 'how long to wait for the master (15s)');
  withCommonOptions(command).action((name: string, id: string, task: string, flags: Flags) => {
    const asked = { id, task, timeout: readWait(flags), key: readText(flags.key) };
    taskIdsOf(id);
    return session(flags, context, (opened) => run(name, asked, opened));
  });
};

interface Asked {
  readonly id: string;
  readonly task: string;
  readonly timeout: number;
  readonly key: string | undefined;
}

async function run(name: string, { id: argument, task, timeout, key }: Asked, opened: Session): Promise<void> {
  const entry = await durableLease(name, opened, 'updated');
  const limits = limitsOf(entry?.lease?.configuration?.settings ?? {});
  const replacement = read(task, taskIdsOf(argument), { ...limits, key: key ?? limits.key });
  const by = asker();
  let [id, outcome]: [TaskId, ChangeTaskOutcome] = [replacement[0]?.id ?? argument, 'unknown'];
  for (const { id: meant, bytes } of replacement) {
    const answer = await askUpdate(
      opened.reader,
      await opened.writer(),
      { name, by, id: meant, bytes, timeout },
      systemClock,
    );
    // One that was cancelled in the meantime is not queued.
    [id, outcome] = [meant, answer === 'removed' ? 'unknown' : answer];
    if (outcome !== 'unknown') break;
  }
  opened.output.result({ name, id, outcome }, () => `${showId(id)}  ${words[outcome]}`);
  if (outcome !== 'updated') process.exitCode = exitOf([outcome]);
}

/** Returns the task under each id that the argument may mean. A task that says its id says which of them it is. */
function read(
  text: string,
  meanings: readonly TaskId[],
  { key, maxTaskBytes }: Pick<ReturnType<typeof limitsOf>, 'key' | 'maxTaskBytes'>,
): { readonly id: TaskId; readonly bytes: Uint8Array }[] {
  return readTask(text, { where: 'the task', effect: 'nothing was changed' }, (task) => {
    if (key === null) return meanings.map((id) => newTask(task, id, { key, maxTaskBytes }));
    const own = newTask(task, null, { key, maxTaskBytes });
    if (meanings.some((id) => Object.is(id, own.id))) return [own];
    throw new UsageError(
      `the task that replaces ${showId(meanings[0] ?? '')} must have the same id, not ${showId(own.id)}`,
    );
  });
}
