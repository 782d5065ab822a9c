/** Calls the user's work and turns whatever comes out of it into data. */
import { toWire, WorkError } from '../errors.js';
import type { WorkOutcome } from '../queue/runner.js';
import type { WorkContext } from './context.js';

export type UserWork = (task: unknown, context: WorkContext) => unknown;
type Failure = Extract<WorkOutcome, { type: 'error' }>;

/** Never rejects. Work that is handed a context without a lease is not called at all. */
export async function callWork(
  work: UserWork,
  readTask: () => unknown,
  context: WorkContext,
  aborted: boolean,
): Promise<WorkOutcome> {
  if (aborted || context.leaseRemaining() <= 0) return { type: 'not-run' };
  try {
    const result = await work(readTask(), context);
    return typeof result === 'boolean' ? { type: 'result', done: result } : notBoolean(result);
  } catch (thrown) {
    return failureOf(thrown);
  }
}

export function notBoolean(result: unknown): Failure {
  const shown = result === null ? 'null' : Array.isArray(result) ? 'an array' : typeof result;
  return failureOf(new WorkError('ERR_WORK_RESULT', `the work must return true or false, and returned ${shown}`));
}

export function failureOf(thrown: unknown): Failure {
  return { type: 'error', error: toWire(thrown) };
}
