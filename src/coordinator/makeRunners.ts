/** Makes what runs a cluster's work, and what watches over it, on either kind of thread. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { showValue } from '../diagnostics/showValue.js';
import { toWire } from '../errors.js';
import { ChunkProgress } from '../execution/chunkProgress.js';
import { MainRunner } from '../execution/mainRunner.js';
import type { StartGate } from '../execution/startGate.js';
import type { ThreadPlaces } from '../execution/threadPlaces.js';
import { EXIT_PATIENCE_MS, ThreadRunner } from '../execution/threadRunner.js';
import type { ResolvedManagedOptions } from '../options/options.js';
import type { QueuedTask } from '../queue/runner.js';
import type { TaskId } from '../task/task.js';
import { systemClock } from '../time/systemClock.js';
import type { MemberEvent } from '../wire/messages.js';
import { MemberCounts } from '../wire/sharedCounts.js';
import type { SharedLease } from '../wire/sharedLease.js';
import type { Fitness } from './fitness.js';
import { MainWatch } from './mainWatch.js';

const taskEntry = fileURLToPath(new URL('../../workers/task.cjs', import.meta.url));

interface RunnerParts {
  readonly lease: SharedLease;
  /** The buffer of the cluster's `MemberCounts`. */
  readonly counts: SharedArrayBuffer;
  readonly options: ResolvedManagedOptions;
  readonly emit: (event: MemberEvent) => void;
  /** Puts down the checkpoint of a task that runs. */
  readonly checkpoint: (task: QueuedTask, bytes: Uint8Array) => Promise<void>;
}

/** For work that is a module. */
export function makeThreadRunner(
  work: string,
  { lease, counts, options, emit, checkpoint, gate, places }: RunnerParts & { gate: StartGate; places: ThreadPlaces },
): ThreadRunner {
  const { resourceLimits, taskTimeout, loadTimeout, idleThreadTimeout, stopTimeout } = options;
  const progress = new ChunkProgress();
  const data = {
    work,
    lease: lease.buffer,
    progress: progress.buffer,
    counts,
    results: options.results,
    abortChannel: `mongo-failover/${randomUUID()}`,
  };
  return new ThreadRunner({
    pool: { filename: taskEntry, data, resourceLimits },
    checkpoint,
    lease,
    progress,
    clock: systemClock,
    gate,
    places,
    taskTimeout,
    loadTimeout,
    exitPatience: EXIT_PATIENCE_MS,
    idleTimeout: idleThreadTimeout,
    stopTimeout,
    trouble: (error) => emit({ type: 'error', error: toWire(error) }),
  });
}

/** For work that is a function. */
export function makeMainRunner({
  lease,
  counts,
  options,
  emit,
  checkpoint,
  fitness,
}: RunnerParts & { fitness: Fitness }): MainRunner {
  const { taskTime } = new MemberCounts(counts);
  const { taskTimeout } = options;
  const text = `a task on the main thread took longer than ${taskTimeout} ms (taskTimeout), and nothing can end it there`;
  return new MainRunner({
    lease,
    clock: systemClock,
    taskTimeout,
    ask: (run) => emit({ type: 'work', ...run }),
    checkpoint,
    abort: (reason) => emit({ type: 'abortWork', reason }),
    took: (ms) => taskTime.record(ms),
    overdue: () => void fitness.complain('task', 'ERR_TASK_TIMEOUT', text),
    recovered: () => fitness.withdraw('task'),
    goesOn: (id, limit) => emit({ type: 'info', text: goesOnText(id, limit) }),
  });
}

function goesOnText(id: TaskId, limit: number): string {
  return `the task ${showValue(id)} was cancelled, and its work goes on after ${limit} ms (cancelTimeout): nothing can end a function on the main thread, so the queue waits until it returns`;
}

export function makeMainWatch(
  runner: MainRunner,
  { lease, options, fitness }: Omit<RunnerParts, 'emit' | 'counts' | 'checkpoint'> & { fitness: Fitness },
): MainWatch {
  const { mainTimeout } = options;
  const text = `the main thread, which runs the work, was blocked for longer than ${mainTimeout} ms (mainTimeout)`;
  return new MainWatch({
    clock: systemClock,
    mainTimeout,
    pulseAge: () => lease.pulseAge(),
    blocked: () => void fitness.complain('main', 'ERR_MAIN_BLOCKED', text),
    // What it was blocked in may still go on, as a promise; a new mastership would wait for it, and beat while it waits.
    turned: () => void runner.whenIdle().then(() => fitness.withdraw('main')),
  });
}
