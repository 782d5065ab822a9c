/** What is said of a task whose attempts are used up, in either kind of queue. */
import { type CodedError, toWire, WorkError } from '../errors.js';
import type { Verdict } from '../store/taskStore.js';
import type { TaskId } from '../task.js';

export function verdictOn(error: CodedError, attempts: number): Verdict {
  const { name, message, code } = toWire(error);
  return { name, message, code, attempts };
}

/** The queue stands still at this task (`retry.exhausted: 'block'`). */
export function queueBlocked(queue: string, id: TaskId, error: CodedError): WorkError {
  const text = `the queue '${queue}' stands still: the attempts of task ${JSON.stringify(id)} are used up: ${error.message}`;
  return new WorkError('ERR_QUEUE_BLOCKED', text, { cause: error });
}
