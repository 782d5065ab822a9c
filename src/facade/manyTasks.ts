/**
 * The tasks of one `submitMany`: fed in their order, until one of them finds no room or the store fails. What was not fed
 * by then stays here, so what is stored is a beginning of them.
 */

import { isArray, showKind } from '../diagnostics/showValue.js';
import { FailoverError, InvalidOptionError, ofMany, TaskError } from '../errors.js';
import { reading } from '../options/checks.js';
import type { TaskId } from '../task/task.js';
import type { SubmitResult } from '../wire/messages.js';
import { isQueued } from './answers.js';
import type { EncodedTask, Receiver } from './feeder.js';
import { withSubmissions } from './submissions.js';
import type { Submission, Submissions } from './submissionsApi.js';

/** Most tasks of a further try: little is fed in vain if there is room for few. */
const RETRIED_TASKS_MAX = 1024;

/** What the queue does for them. */
export interface ManyCallbacks {
  /** Makes room for the task. Null: it is to be fed. */
  admit(task: EncodedTask): 'known' | 'full' | null;
  feed(task: EncodedTask, receiver: Receiver): void;
  /** Called with the answer to each that was admitted or known. */
  answered(task: EncodedTask, result: SubmitResult): void;
  /** Called for those that were never sent, when the call has failed. */
  free(task: EncodedTask): void;
  /** Makes what is told of a task that was answered so. */
  submission(id: TaskId, result: SubmitResult): Submission;
}

export class ManyTasks {
  private stored = 0;
  private duplicates = 0;
  /** How many may have been stored, or not, because their call failed. */
  private doubtful = 0;
  private wasFed = false;
  /** By the place of each task. */
  private readonly results: SubmitResult[] = [];

  constructor(
    private readonly tasks: readonly EncodedTask[],
    private readonly callbacks: ManyCallbacks,
  ) {}

  /** Feeds what has no answer yet: all at once at first, so whatever is submitted later comes after it. */
  async feed(): Promise<Submissions | 'full'> {
    const { tasks } = this;
    do {
      const from = this.answered;
      const most = this.wasFed ? RETRIED_TASKS_MAX : tasks.length;
      this.wasFed = true;
      if ((await this.feedSome(from, Math.min(from + most, tasks.length))) === 'full') return 'full';
    } while (this.answered < tasks.length);
    // Not the tasks themselves, whose memory is free again.
    const [ids, results, { submission }] = [tasks.map(({ id }) => id), this.results, this.callbacks];
    return withSubmissions({ stored: this.stored, duplicates: this.duplicates }, ids, (id, index) =>
      submission(id, results[index] ?? 'known'),
    );
  }

  /** Returns the error with what is certain, and frees the tasks that were never sent. */
  failure(error: unknown): unknown {
    for (let index = this.answered + this.doubtful; index < this.tasks.length; index += 1) {
      const task = this.tasks[index];
      if (task !== undefined) this.callbacks.free(task);
    }
    if (!(error instanceof FailoverError)) return error;
    const { stored, answered } = this;
    const text = `${error.message}; ${stored} of the ${this.tasks.length} tasks are certainly stored`;
    return ofMany(error, text, { index: answered, stored });
  }

  /** The answers come in order, so this is also the index of the first without one. */
  private get answered(): number {
    return this.stored + this.duplicates;
  }

  private feedSome(from: number, to: number): Promise<'full' | 'all'> {
    const { tasks, callbacks } = this;
    return new Promise((resolve, reject) => {
      let waited = 1;
      let known = 0;
      let failure: { readonly error: unknown } | undefined;
      let isFull = false;
      const heard = (): void => {
        waited -= 1;
        if (waited > 0) return;
        if (failure !== undefined) return reject(failure.error);
        this.duplicates += known;
        resolve(isFull ? 'full' : 'all');
      };
      const receiver: Receiver & { over: boolean } = {
        over: false,
        settle: (result, task) => {
          if (result === 'full') {
            isFull = true;
            receiver.over = true;
          } else if (result !== 'unsent' && !receiver.over) {
            this.count(result);
            this.results[task.index ?? 0] = result;
            callbacks.answered(task, result);
          }
          heard();
        },
        fail: (error) => {
          failure ??= { error };
          receiver.over = true;
          this.doubtful += 1;
          heard();
        },
      };
      for (let index = from; index < to; index += 1) {
        const task = tasks[index];
        if (task === undefined) break;
        const here = callbacks.admit(task);
        if (here === 'full') {
          isFull = true;
          break;
        }
        if (here === 'known') {
          known += 1;
          this.results[index] = here;
          callbacks.answered(task, here);
          continue;
        }
        waited += 1;
        callbacks.feed(task, receiver);
      }
      heard();
    });
  }

  private count(result: SubmitResult): void {
    if (isQueued(result)) this.stored += 1;
    else this.duplicates += 1;
  }
}

/**
 * Encodes all of them, or none: what was encoded is freed if one is bad.
 * @throws FailoverError what `encode` throws, with the index of the task
 */
export function encodeEach(
  tasks: unknown,
  encode: (task: object, index: number) => EncodedTask,
  free: (task: EncodedTask) => void,
  expect: (count: number) => void = () => {},
): EncodedTask[] {
  if (!isList(tasks)) throw new InvalidOptionError(`tasks must be an array, not ${showKind(tasks)}`);
  const length = reading('tasks', () => tasks.length);
  expect(length);
  const encoded: EncodedTask[] = [];
  try {
    // By its index: a class of the user's may iterate over something else.
    for (let index = 0; index < length; index += 1) encoded.push(encode(read(tasks, index), index));
    return encoded;
  } catch (error) {
    for (const task of encoded) free(task);
    const index = encoded.length;
    if (!(error instanceof FailoverError)) throw error;
    throw ofMany(error, `tasks[${index}]: ${error.message}`, { index, stored: 0 });
  }
}

function isList(value: unknown): value is readonly object[] {
  return typeof value === 'object' && value !== null && isArray(value);
}

function read(tasks: readonly object[], index: number): object {
  try {
    // Of whatever kind it is: what is no object is refused when it is encoded.
    return tasks[index] as object;
  } catch (cause) {
    throw new TaskError('ERR_TASK_NOT_CLONEABLE', 'the task could not be read', { cause });
  }
}
