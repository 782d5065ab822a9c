/** What both kinds of managed work are made of: a dispatcher over a queue, and the news that both tell in the same way. */

import { logFor } from '../../diagnostics/log.js';
import { type CodedError, toWire } from '../../errors.js';
import type { ResolvedManagedOptions } from '../../options/options.js';
import { Dispatcher } from '../../queue/dispatcher.js';
import type { QueuedTask, Runner } from '../../queue/runner.js';
import type { TaskSource } from '../../queue/taskSource.js';
import type { TaskId } from '../../task/task.js';
import type { Clock } from '../../time/clock.js';
import { endsBy } from '../../time/pause.js';
import type { MemberEvent, SubmitResult, TaskBatch } from '../../wire/messages.js';
import type { Duty } from './duty.js';

/** Managed work as the facade calls it. */
export interface QueueDuty extends Duty {
  submit(batch: TaskBatch): Promise<SubmitResult[]>;
  unblock(id: TaskId): Promise<boolean>;
  /** Puts down a checkpoint of a task that runs. Rejects if that cannot be. */
  putCheckpoint(task: QueuedTask, bytes: Uint8Array): Promise<void>;
  /** Ends at once what runs, because the process exits; `drain` follows. `isCutShort`: a task may be what the process dies of. */
  exit(isCutShort: boolean): void;
  /** Resolves, once it is deposed or drained, when nothing of it runs any more, or when what does was given up. */
  whenEnded(): Promise<void>;
}

export interface QueueDutyParts {
  readonly name: string;
  readonly options: ResolvedManagedOptions;
  readonly runner: Runner;
  readonly clock: Clock;
  /** Returns a number from 0 up to 1. */
  random(): number;
  /** Ends this process at once (fencing: 'process'). */
  killProcess(): void;
  emit(event: MemberEvent): void;
  /** Called when tasks are done that were tried before, with how many. */
  repeated?(count: number): void;
  /** Called when the work has loaded, under a mastership. */
  loaded(): void;
  /** Called when it does not load, so the mastership must be given up. `settled`: nothing runs, and what ran is on record. */
  unloadable(error: CodedError, settled: boolean): void;
  /** Called when there is something for the standbys. */
  progressed(): void;
}

/** What differs between the kinds. */
interface QueueDutyCallbacks {
  /** Called when a run begins. */
  began?(): void;
  done(tasks: readonly QueuedTask[]): void;
  failed(task: QueuedTask, isLast: boolean): void;
  postponed(task: QueuedTask): void;
  exhausted(task: QueuedTask, error: CodedError): void;
  unloadable(error: CodedError, exited: boolean): void;
}

const log = logFor('failover:managed');

/** Drains, and gives what is left to do then the rest of stopTimeout, and at least one POLL. `inTime`: whether that was enough. */
export async function drainAnd(
  finish: (how: 'drained' | 'stuck') => Promise<void>,
  dispatcher: Dispatcher,
  { clock, options, poll }: Pick<QueueDutyParts, 'clock' | 'options'> & { readonly poll: number },
): Promise<{ readonly how: 'drained' | 'stuck'; readonly inTime: boolean }> {
  const deadline = clock.now() + options.stopTimeout;
  const how = await dispatcher.drain();
  const inTime = await endsBy(clock, Math.max(deadline, clock.now() + poll), finish(how));
  return { how, inTime };
}

export function makeDispatcher(
  { name, options, runner, clock, random, killProcess, emit, loaded, repeated }: QueueDutyParts,
  queue: TaskSource,
  chunk: { readonly budget: number; readonly mostTasks: number },
  callbacks: QueueDutyCallbacks,
): Dispatcher {
  const { retry, grace, stopTimeout, cancelTimeout, fencing } = options;
  return new Dispatcher({
    queue,
    runner,
    clock,
    retry,
    random,
    grace,
    stopTimeout,
    cancelTimeout,
    chunk,
    began: () => callbacks.began?.(),
    killProcess: fencing === 'process' ? killProcess : null,
    callbacks: {
      done: (tasks) => {
        const again = tasks.reduce((count, { failed }) => count + Number(failed > 0), 0);
        if (again > 0) repeated?.(again);
        callbacks.done(tasks);
      },
      failed: (task, error, attempt, isLast) => {
        log('%s: task %o failed, attempt %d: %s', name, task.id, attempt, error.message);
        emit({ type: 'failed', id: task.id, error: toWire(error), attempt });
        callbacks.failed(task, isLast);
      },
      postponed: (task, delay) => {
        const text = `the work postponed task ${JSON.stringify(task.id)} of '${name}', and all that wait behind it, for ${delay} ms (retryIn)`;
        emit({ type: 'info', text });
        callbacks.postponed(task);
      },
      exhausted: (task, error) => callbacks.exhausted(task, error),
      loaded,
      unloadable: (error, exited) => callbacks.unloadable(error, exited),
      panic: (error) => emit({ type: 'panic', error: toWire(error) }),
    },
  });
}
