/** What is said of a task whose attempts are used up, in either kind of queue. */

import { shorten } from '../diagnostics/showValue.js';
import { type CodedError, toWire, WorkError } from '../errors.js';
import type { Verdict } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';

/** Of each text of an error, in characters: it is in the lease, which all read, and beside the payload in a document. */
const ERROR_TEXT_LENGTH_MAX = 4096;
/** How many deaths a task is given when attempts are without end. */
const DEATHS_MAX = 3;

/** Returns whether the record of a task says that it must not run again. */
export function isSpent(
  { failed, deaths, permanent }: { readonly failed: number; readonly deaths: number; readonly permanent?: boolean },
  { attempts }: { readonly attempts: number },
): boolean {
  const budget = Number.isFinite(attempts) ? Math.max(attempts, 2) : DEATHS_MAX;
  return permanent === true || failed >= attempts || (deaths > 0 && deaths + 1 >= budget);
}

export function verdictOn(error: CodedError, attempts: number): Verdict {
  const { name, message, code, permanent } = toWire(error);
  const verdict = { name: cut(name), message: cut(message), code: code && cut(code), attempts };
  return permanent ? { ...verdict, permanent } : verdict;
}

function cut(text: string): string {
  return shorten(text, ERROR_TEXT_LENGTH_MAX);
}

/** Makes the error of a queue that is blocked by this task (`retry.exhausted: 'block'`). */
export function queueBlocked(queue: string, id: TaskId, error: CodedError): WorkError {
  const task = JSON.stringify(id);
  const why = error.permanent === true ? `task ${task} failed for good` : `the attempts of task ${task} are used up`;
  const text = `the queue '${queue}' is blocked: ${why}: ${error.message}`;
  return new WorkError('ERR_QUEUE_BLOCKED', text, { cause: error });
}

/** Returns why a task that a takeover finds is not run any more. */
export function attemptsSpent({ failed, deaths, permanent }: Parameters<typeof isSpent>[0]): CodedError {
  const died = deaths === 0 ? '' : `; ${deaths + 1} processes died while it may have been running`;
  const text = `it was tried ${failed} times${permanent ? ', and failed for good' : ''}${died}`;
  const error = new WorkError('ERR_ATTEMPTS_EXHAUSTED', text);
  return permanent ? Object.assign(error, { permanent }) : error;
}
