/**
 * Inside a task thread: loads the user's module once, then runs one task after another. The thread lives for one
 * mastership at most, so nothing of one term is left over in the next.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { LeaseView } from '../election/leaseView.js';
import { toWire, WorkError } from '../errors.js';
import { lowerThreadPriority } from '../lowerPriority.js';
import type { WorkOutcome } from '../queue/runner.js';
import type { TaskId } from '../task.js';
import { decodeTask } from '../taskCodec.js';
import { callWork } from './callWork.js';
import { WorkContext } from './context.js';

/** Given to a task thread when it starts. */
export interface TaskThreadData {
  /** The URL of the user's module. */
  readonly work: string;
  readonly lease: SharedArrayBuffer;
  /** Name of the broadcast channel that tells running work to end. */
  readonly abortChannel: string;
}

/** One message to a task thread. */
export type TaskThreadCall =
  | { readonly type: 'load' }
  | {
      readonly type: 'run';
      readonly id: TaskId;
      readonly bytes: Uint8Array;
      readonly term: number;
      readonly attempt: number;
    };

/** What it answers. What the work returned crosses as it is: that is the answer to nearly every call. */
export type TaskThreadAnswer = boolean | Exclude<WorkOutcome, { type: 'result' }>;

type UserWork = (task: unknown, context: WorkContext) => unknown;

export function startTaskThread(data: TaskThreadData): (call: TaskThreadCall) => Promise<TaskThreadAnswer> {
  lowerThreadPriority();
  const lease = new LeaseView(data.lease);
  let running: WorkContext | undefined;
  const channel = new BroadcastChannel(data.abortChannel);
  channel.onmessage = ({ data: reason }) => running?.abort(String(reason));
  channel.unref();
  const loading = loadWork(data.work);
  // Reported by each call; here only so that it is never unhandled.
  loading.catch(() => {});

  return async (call) => {
    let work: UserWork;
    try {
      work = await loading;
    } catch (error) {
      return { type: 'error', error: toWire(error) };
    }
    if (call.type === 'load') return true;
    const context = new WorkContext(call.id, call.term, call.attempt, lease);
    running = context;
    const outcome = await callWork(work, () => decodeTask(ownBytes(call.bytes)), context, lease.aborted);
    running = undefined;
    return outcome.type === 'result' ? outcome.done : outcome;
  };
}

/** A copy out of shared memory: the task must not change while the user reads it, and text decoders refuse shared bytes. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof SharedArrayBuffer ? bytes.slice() : bytes;
}

async function loadWork(href: string): Promise<UserWork> {
  let exported: unknown;
  try {
    const module: { default?: unknown } = await import(href);
    exported = module.default;
    // A CommonJS module that was compiled from ESM keeps its default export one level down.
    if (typeof exported === 'object' && exported !== null && 'default' in exported) exported = exported.default;
  } catch (cause) {
    const { name, message } = toWire(cause);
    throw new WorkError('ERR_WORK_MODULE', `the work module ${href} does not load: ${name}: ${message}`, { cause });
  }
  if (!isFunction(exported)) {
    throw new WorkError('ERR_WORK_MODULE', `the work module ${href} has no function as its default export`);
  }
  return exported;
}

function isFunction(value: unknown): value is UserWork {
  return typeof value === 'function';
}
