/** A dispatcher with its queue in memory, a scripted runner and a virtual clock, and what its owner is told. */
import { Dispatcher } from '../../../src/queue/dispatcher.ts';
import type { DispatcherCallbacks, DispatcherParts } from '../../../src/queue/dispatcherParts.ts';
import { MemoryQueue } from '../../../src/queue/memory/memoryQueue.ts';
import type { TaskId } from '../../../src/task/task.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { ScriptedRunner } from './scriptedRunner.ts';

export const GRACE = 400;
export const STOP_TIMEOUT = 5000;
export const CANCEL_TIMEOUT = 70;

export let clock: VirtualClock;
export let queue: MemoryQueue;
export let runner: ScriptedRunner;
export let dispatcher: Dispatcher;
/** What the owner was told: `done a`, `done a,b`, `failed a #1 message`, `exhausted a message`, `panic CODE`. */
export let told: string[];

/** Makes all of them, for the next test. */
export function reset(): void {
  clock = new VirtualClock();
  queue = new MemoryQueue();
  runner = new ScriptedRunner();
  told = [];
  remake();
}

/** Replaces the dispatcher by one with these callbacks and parts. */
export function remake(callbacks: Partial<DispatcherCallbacks> = {}, parts: Partial<DispatcherParts> = {}): void {
  dispatcher = new Dispatcher({
    queue,
    runner,
    clock,
    // Just below the longest delay, and such that a delay is a whole number.
    random: () => 1,
    retry: { minDelay: 100, maxDelay: 300, attempts: Number.POSITIVE_INFINITY },
    chunk: { budget: 10, mostTasks: 256 },
    grace: GRACE,
    stopTimeout: STOP_TIMEOUT,
    cancelTimeout: CANCEL_TIMEOUT,
    killProcess: null,
    ...parts,
    callbacks: {
      done: (tasks) => told.push(`done ${tasks.map(({ id }) => id).join()}`),
      failed: ({ id }, error, attempt) => told.push(`failed ${id} #${attempt} ${error.message}`),
      postponed: ({ id }, delay) => told.push(`postponed ${id} for ${delay}`),
      exhausted: ({ id }, error) => told.push(`exhausted ${id} ${error.message}`),
      loaded: () => told.push('loaded'),
      unloadable: (error) => told.push(`unloadable ${error.message}`),
      panic: (error) => told.push(`panic ${'code' in error ? error.code : error.message}`),
      ...callbacks,
    },
  });
}

export function feed(...ids: TaskId[]): void {
  for (const id of ids) queue.push(id, new Uint8Array(1), 0);
  dispatcher.poke();
}

/** A mastership with `ids` queued; the first of them runs. */
export function startWith(...ids: TaskId[]): void {
  feed(...ids);
  dispatcher.start(1);
}

export const settle = (): Promise<void> => clock.advance(0);

export async function finish(...outcome: Parameters<ScriptedRunner['settle']>): Promise<void> {
  runner.settle(...outcome);
  await settle();
}

export async function finishEnd(...outcome: Parameters<ScriptedRunner['finishEnd']>): Promise<void> {
  runner.finishEnd(...outcome);
  await settle();
}

/** What a promise has come to by now. */
export function watch<T>(promise: Promise<T>): { value: T | undefined } {
  const seen: { value: T | undefined } = { value: undefined };
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}
