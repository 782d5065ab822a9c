/** What a look at the store says of one task that someone waits for. */
import { type CodedError, FailoverError, fromWire } from '../errors.js';
import { decodeAnswer } from '../execution/answerBytes.js';
import type { SeenLater, TaskOutcome } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import type { Outcome } from './submissionsApi.js';

/** Of one id. */
export interface SeenTask {
  /** What its queue has done, which was read first. */
  readonly done: number;
  /** The number of the task that is stored under the id. */
  readonly stored: number | null;
  readonly outcome: TaskOutcome | null;
}

/**
 * Returns the outcome if it counts: its task is acknowledged, or was taken out of the queue. One whose task is still there was
 * written by a master that may be deposed before it acknowledges.
 */
export function counted({ done, stored, outcome }: SeenTask): TaskOutcome | null {
  if (outcome === null) return null;
  const isOut = outcome.state === 'cancelled' && stored !== outcome.seq;
  return outcome.seq <= done || isOut ? outcome : null;
}

/**
 * `queued`: it waits, or runs, under that number. `missing`: neither it nor its outcome is there. `replaced`: a later task
 * of the same id has an outcome in its place.
 */
export type Verdict =
  | { readonly type: 'ended'; readonly outcome: TaskOutcome }
  | { readonly type: 'queued'; readonly seq: number }
  | { readonly type: 'missing' }
  | { readonly type: 'replaced' };

/** `seq`: the number of the task; null: it was queued already, by another call, so it is the one that is found. */
export function judge(seq: number | null, seen: SeenTask): Verdict {
  const { done, stored } = seen;
  const isQueued = stored !== null && stored > done;
  if (isQueued && (seq === null || stored === seq)) return { type: 'queued', seq: stored };
  const outcome = counted(seen);
  if (outcome === null) return { type: 'missing' };
  if (seq === null || outcome.seq === seq) return { type: 'ended', outcome };
  return seq <= done && outcome.seq > seq ? { type: 'replaced' } : { type: 'missing' };
}

/**
 * Judges a task that comes from the outbox, by its origin: other tasks of its id have others. `seq`: its number, once that was seen.
 * `mayCome`: its entry was never seen, and its transaction may not have committed yet. `waits`: it has no number yet.
 */
export function judgeLater(
  seq: number | null,
  mayCome: boolean,
  seen: SeenTask,
  { origin, waits, seq: stored }: SeenLater,
): Verdict | { readonly type: 'waits' } {
  const outcome = counted(seen);
  if (outcome !== null && outcome.origin === origin) return { type: 'ended', outcome };
  if (stored !== null && stored > seen.done) return { type: 'queued', seq: stored };
  if (waits || mayCome) return { type: 'waits' };
  return seq !== null && outcome !== null && outcome.seq > seq ? { type: 'replaced' } : { type: 'missing' };
}

/** Returns the outcome as the user sees it. */
export function shownOutcome<Result>({ state, attempts, term, at, error, result }: TaskOutcome): Outcome<Result> {
  return {
    state,
    result: (result === null ? undefined : decodeAnswer(result)) as Result,
    error: error === null ? undefined : errorOf(error),
    attempts,
    term,
    at,
  };
}

/** Returns why the task was not done; undefined if it was. */
export function failureIn(name: string, { id, state, error }: TaskOutcome): CodedError | undefined {
  if (state === 'done') return undefined;
  if (error !== null && state === 'failed') return errorOf(error);
  return new FailoverError('ERR_CANCELLED', `task ${JSON.stringify(id)} of '${name}' was cancelled`);
}

function errorOf({ name, message, code, permanent }: NonNullable<TaskOutcome['error']>): CodedError {
  return fromWire({ name, message, code, stack: undefined, ours: undefined, ...(permanent ? { permanent } : {}) });
}

const WHY_UNKNOWN = {
  replaced: 'another task of the same id has ended since, and its outcome has taken the place',
  missing:
    'it is not queued, and no outcome is kept: its time is over, its master keeps none (keepOutcomes), or it was taken out of the store',
  dropped:
    'it waits no more, is not queued, and no outcome of it is kept: its id was taken when it was due (event duplicate), another task of the same id has ended since, its time is over, its master keeps none (keepOutcomes), or it was taken out of the store',
} as const;

export function outcomeUnknown(name: string, id: TaskId, why: keyof typeof WHY_UNKNOWN): FailoverError {
  return new FailoverError(
    'ERR_OUTCOME_UNKNOWN',
    `how task ${JSON.stringify(id)} of '${name}' ended is not known: ${WHY_UNKNOWN[why]}`,
  );
}
