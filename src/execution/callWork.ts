/** Calls the user's work and turns whatever comes out of it into data. */
import { TaskError, toWire, WorkError } from '../errors.js';
import type { WorkOutcome } from '../queue/runner.js';
import { encodeAnswer } from './answerBytes.js';
import type { WorkContext } from './context.js';

export type UserWork = (task: unknown, context: WorkContext) => unknown;
type Failure = Extract<WorkOutcome, { type: 'error' }>;

/** Never rejects. Work that is handed a context without a lease is not called at all. `results`: whether it may return one. */
export async function callWork(
  work: UserWork,
  readTask: () => unknown,
  context: WorkContext,
  { aborted, results }: { readonly aborted: boolean; readonly results: boolean },
): Promise<WorkOutcome> {
  if (aborted || context.leaseRemaining() <= 0) return { type: 'not-run' };
  try {
    return outcomeOf(await work(readTask(), context), context, results);
  } catch (thrown) {
    return failureOf(thrown);
  } finally {
    context.end();
  }
}

/** Says what a result of the work means. Never throws. */
export function outcomeOf(result: unknown, { retryDelay }: WorkContext, results: boolean): WorkOutcome {
  if (result === true) return { type: 'result', done: true };
  if (result !== false) return results ? resultIn(result) : notBoolean(result, results);
  return retryDelay === null ? { type: 'result', done: false } : { type: 'postponed', delay: retryDelay };
}

function resultIn(answer: unknown): WorkOutcome {
  try {
    if (typeof answer !== 'object' || answer === null || !('result' in answer)) return notBoolean(answer, true);
    return { type: 'result', done: true, result: encodeAnswer(answer.result, 'the result') };
  } catch (cause) {
    const why = cause instanceof TaskError ? cause.message : 'the result of the work could not be read';
    return failureOf(new WorkError('ERR_WORK_RESULT', why, { cause }));
  }
}

function notBoolean(result: unknown, results: boolean): Failure {
  const shown = result === null ? 'null' : Array.isArray(result) ? 'an array' : typeof result;
  const wanted = results ? 'true, false or { result }' : 'true or false';
  return failureOf(new WorkError('ERR_WORK_RESULT', `the work must return ${wanted}, and returned ${shown}`));
}

export function failureOf(thrown: unknown): Failure {
  return { type: 'error', error: toWire(thrown) };
}
