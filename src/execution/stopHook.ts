/**
 * The function `stop` that a work module may export. It is called, and awaited, before the thread of the module is ended,
 * to close what the module has opened. It runs once, after the last task, and no task follows in that thread.
 */
import { types } from 'node:util';
import { WorkError } from '../errors.js';
import { failureOf, type UserWork } from './callWork.js';
import type { ChunkAnswer } from './runChunk.js';

type StopHook = () => unknown;

const hooks = new WeakMap<UserWork, StopHook>();

/** Remembers the `stop` of what a module exports beside its default export. */
export function noteStop(exported: unknown, work: unknown): void {
  if (!isWork(work) || exported === null || (typeof exported !== 'object' && typeof exported !== 'function')) return;
  const stop: unknown = Reflect.get(exported, 'stop');
  if (isStop(stop)) hooks.set(work, stop);
}

export function stopOf(work: UserWork): StopHook | undefined {
  return hooks.get(work);
}

/** Calls it. Never rejects. */
export async function callStop(stop: StopHook | undefined): Promise<ChunkAnswer> {
  try {
    await stop?.();
    return { failure: null, took: 0 };
  } catch (thrown) {
    return { failure: failureOf(thrown), took: 0 };
  }
}

export function stopFailed(why: string, cause?: unknown): WorkError {
  return new WorkError('ERR_WORK_STOP', `the function stop() of the work module ${why}`, { cause });
}

function isWork(value: unknown): value is UserWork {
  return typeof value === 'function';
}

/** A class is none: calling it would throw. */
function isStop(value: unknown): value is StopHook {
  return (
    typeof value === 'function' && !types.isProxy(value) && !/^class\b/.test(Function.prototype.toString.call(value))
  );
}
