/** How the tasks of a cluster ended, as its users ask: by what a submission resolves to, and by an id. */
import { showKind, showValue } from '../diagnostics/showValue.js';
import { FailoverError, InvalidOptionError, TaskError } from '../errors.js';
import { checkNumber, readFields, TIMER_MAX_MS } from '../options/checks.js';
import type { LaterTask, OutcomeLook } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import { asTaskId, taskIdRule } from '../task/taskId.js';
import type { Clocks, Timers } from '../time/realTime.js';
import type { SubmitResult } from '../wire/messages.js';
import { counted, shownOutcome } from './outcomes.js';
import { type AwaitedLater, OutcomeWaiters } from './outcomeWaiters.js';
import type { DoneOptions, DoneOutcome, Outcome, PendingSubmission, Submission } from './submissionsApi.js';

/** What a submission resolves to where no end can be told. */
class SilentSubmission<Stored extends boolean | 'pending'> {
  readonly #why: () => Error;

  constructor(
    readonly stored: Stored,
    why: () => Error,
  ) {
    this.#why = why;
    Object.freeze(this);
  }

  async done(): Promise<never> {
    throw this.#why();
  }
}

const noOutcomes = (): Error => outcomesOff('done()');
const noName = (): Error => {
  const text = `the client of the session tells no ObjectId of what it wrote (options pkFactory, forceServerObjectId), by which its end could be told: ask outcome(id) after the commit`;
  return new FailoverError('ERR_OUTCOME_UNKNOWN', text);
};

/** The same for all, as there is one for each task. */
const silent = {
  stored: new SilentSubmission(true, noOutcomes),
  not: new SilentSubmission(false, noOutcomes),
  pending: new SilentSubmission('pending', noOutcomes),
  unnamed: new SilentSubmission('pending', noName),
} as const;

class AwaitedSubmission<Stored extends boolean | 'pending'> {
  readonly #answers: Answers;
  readonly #id: TaskId;
  /** Null: another call has stored it, or it comes from the outbox. */
  readonly #seq: number | null;
  readonly #later: AwaitedLater | null;

  constructor(
    readonly stored: Stored,
    answers: Answers,
    { id, seq = null, later = null }: { id: TaskId; seq?: number | null; later?: AwaitedLater | null },
  ) {
    this.#answers = answers;
    this.#id = id;
    this.#seq = seq;
    this.#later = later;
  }

  done<Result>(options?: DoneOptions): Promise<DoneOutcome<Result>> {
    return this.#answers.done(this.#id, this.#seq, options, this.#later);
  }
}

interface AnswersParts {
  readonly name: string;
  readonly kept: boolean;
  readonly time: Clocks & Timers;
  /** POLL, in ms. */
  readonly poll: number;
  look(ids: readonly TaskId[], later: readonly LaterTask[]): Promise<OutcomeLook>;
}

export class Answers {
  private readonly waiters: OutcomeWaiters;

  constructor(private readonly parts: AnswersParts) {
    this.waiters = new OutcomeWaiters(parts);
  }

  /** Returns what a submission with this result resolves to. */
  submission(id: TaskId, result: SubmitResult): Submission {
    const isStored = isQueued(result);
    if (!this.parts.kept) return isStored ? silent.stored : silent.not;
    return new AwaitedSubmission(isStored, this, { id, seq: typeof result === 'number' ? result : null });
  }

  /** Returns what the submission of a task resolves to that is due later. `origin` is null if one of its id waits already. */
  laterSubmission(id: TaskId, origin: string | null, at: number): Submission {
    const isStored = origin !== null;
    if (!this.parts.kept) return isStored ? silent.stored : silent.not;
    return new AwaitedSubmission(isStored, this, { id, later: { task: { id, key: null, origin }, at, isSure: true } });
  }

  /** Returns what the submission of a task in a transaction resolves to. `key` names its entry, if that is known. */
  pendingSubmission(id: TaskId, key: string | null, origin: string, at: number | null): PendingSubmission {
    if (!this.parts.kept) return silent.pending;
    if (key === null) return silent.unnamed;
    return new AwaitedSubmission('pending', this, { id, later: { task: { id, key, origin }, at, isSure: false } });
  }

  async done<Result>(
    id: TaskId,
    seq: number | null,
    options: DoneOptions | undefined,
    later: AwaitedLater | null,
  ): Promise<DoneOutcome<Result>> {
    const outcome = await this.waiters.wait(id, seq, resolveDone(options), later);
    return outcome as DoneOutcome<Result>;
  }

  async outcome<Result>(given: TaskId): Promise<Outcome<Result> | null> {
    const id = asTaskId(given);
    if (id === undefined) {
      throw new TaskError('ERR_INVALID_KEY', `an id must be ${taskIdRule}, not ${showValue(given)}`);
    }
    if (!this.parts.kept) throw outcomesOff('outcome()');
    const { done, stored, outcomes } = await this.parts.look([id], []);
    const seen = { done, stored: stored[0] ?? null, outcome: outcomes[0] ?? null };
    const outcome = counted(seen);
    return outcome === null ? null : shownOutcome(outcome);
  }

  /** Tasks have ended here. */
  soon(): void {
    this.waiters.soon();
  }

  /** These were cancelled, here or elsewhere. */
  cancelled(ids: readonly TaskId[]): void {
    this.waiters.leftLine(ids);
  }

  stop(): void {
    this.waiters.stop();
  }
}

export function isQueued(result: SubmitResult): boolean {
  return result === 'queued' || typeof result === 'number';
}

function outcomesOff(call: string): FailoverError {
  const text = `${call} needs outcomes, which are not kept here: give all members of the cluster durable: true and keepOutcomes, for how many ms`;
  return new FailoverError('ERR_OUTCOMES_OFF', text);
}

function resolveDone(given: unknown): DoneOptions {
  if (given === undefined) return {};
  const { timeout, signal } = readFields(given, '', ['timeout', 'signal']);
  if (signal !== undefined && !isSignal(signal)) {
    throw new InvalidOptionError(`signal must be an AbortSignal, not ${showKind(signal)}`);
  }
  if (timeout === Number.POSITIVE_INFINITY || timeout === undefined) return { signal };
  return { signal, timeout: checkNumber(timeout, 'timeout', { min: 1, max: TIMER_MAX_MS }) };
}

/** Of whatever realm it is. */
function isSignal(value: unknown): value is AbortSignal {
  try {
    if (typeof value !== 'object' || value === null) return false;
    const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
    return (
      typeof aborted === 'boolean' &&
      typeof addEventListener === 'function' &&
      typeof removeEventListener === 'function'
    );
  } catch {
    return false;
  }
}
