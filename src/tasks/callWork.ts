/** Calls the user's work and turns whatever comes out of it into data. */
import { toWire, WorkError } from '../errors.js';
import type { WorkOutcome } from '../queue/runner.js';
import type { WorkContext } from './context.js';

/** Never rejects. Work that is handed a context without a lease is not called at all. */
export async function callWork(
  work: (task: unknown, context: WorkContext) => unknown,
  readTask: () => unknown,
  context: WorkContext,
  aborted: boolean,
): Promise<WorkOutcome> {
  if (aborted || context.leaseRemaining() <= 0) return { type: 'not-run' };
  try {
    const result = await work(readTask(), context);
    if (typeof result === 'boolean') return { type: 'result', done: result };
    const shown = result === null ? 'null' : Array.isArray(result) ? 'an array' : typeof result;
    const error = new WorkError('ERR_WORK_RESULT', `the work must return true or false, and returned ${shown}`);
    return { type: 'error', error: toWire(error) };
  } catch (thrown) {
    return { type: 'error', error: toWire(thrown) };
  }
}
