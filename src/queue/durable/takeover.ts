/**
 * What a mastership of a stored queue begins with: it finishes the burial that the last master may have left, fetches
 * the next tasks, and finds out which of them are suspects (durableQueue.ts says what those are).
 */
import { type CodedError, fromWire } from '../../errors.js';
import type { Burial } from '../../store/taskStore.js';
import type { TaskId } from '../../task/task.js';
import { type Suspicion, type Takeover, UNACKNOWLEDGED_MAX } from './reignParts.js';
import { TaskWindow, type WindowTask } from './taskWindow.js';
import type { TenureStore } from './tenureStore.js';

interface TakeoverParts {
  readonly store: TenureStore;
  /** Whether nothing of the mastership before was running when it ended. */
  readonly clean: boolean;
  /** The suspicion with which the last mastership of this member ended, though its process did not die. */
  readonly survived: Suspicion | null;
  /** Called when a task that the last master gave up is a dead letter. */
  buried(id: TaskId, error: CodedError): void;
}

/** Returns null if the mastership ended first. */
export async function takeOver(parts: TakeoverParts): Promise<Takeover | null> {
  const { store, clean, survived } = parts;
  const state = await store.queueState();
  if (state === null) return null;
  if (state.burial !== null && !(await finishBurial(parts, state.burial))) return null;
  const { done } = state;
  const window = new TaskWindow((seq, limit) => store.tasksAfter(seq, limit), done);
  // What was running is among the first of these.
  await window.fill();
  const lastSuspect = clean ? done : await findLastSuspect(store, window, done);
  if (store.ended || lastSuspect === null) return null;
  const survivor = survivorIn(window, survived);
  return {
    window,
    done,
    suspectsThrough: Math.max(lastSuspect, survivor?.seq ?? 0),
    suspicion: survivor === undefined ? null : survived,
  };
}

/** Returns the number of the last suspect; tasks stored after the takeover are none. Null if this mastership ended first. */
async function findLastSuspect(store: TenureStore, window: TaskWindow, done: number): Promise<number | null> {
  const most = done + UNACKNOWLEDGED_MAX;
  if (window.last >= most) return most;
  // Few, but large, may have filled the window.
  const more = await store.nextTask(window.last);
  return more === null ? null : more === undefined ? window.last : most;
}

/** Returns the head, if it is a suspect of the last mastership of this member and still has the record from then. */
function survivorIn({ head }: TaskWindow, survived: Suspicion | null): WindowTask | undefined {
  if (head?.seq !== survived?.seq || head?.failed !== survived?.attempts || head?.deaths !== survived?.deaths) return;
  if (head === undefined) return;
  head.failed -= 1;
  head.recorded = true;
  return head;
}

/** Finishes a burial that the last master may not have finished. Returns false if this mastership ended first. */
async function finishBurial({ store, buried }: TakeoverParts, burial: Burial): Promise<boolean> {
  const { seq, name, message, code, permanent } = burial;
  const task = await store.taskAt(seq);
  if (task === null) return false;
  if (task !== undefined && !(await store.writeLetter(task, burial))) return false;
  while (!(await store.acknowledge(seq, null))) {
    if (store.ended) return false;
    await store.pause();
  }
  const wire = { name, message, code, stack: undefined, ours: undefined };
  const error = fromWire(permanent === true ? { ...wire, permanent } : wire);
  if (task !== undefined) buried(task.id, error);
  return true;
}
