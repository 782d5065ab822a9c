/** Asks the master to change a queued task: from a member, or from a command without one. */
import { CHANGE_LIFE_MS, CHANGES_MAX, type ChangeAnswer, type ChangeStore, changeId } from '../store/changes.js';
import type { TaskStore } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import type { Clock } from '../time/clock.js';
import { pause } from '../time/pause.js';
import { change } from './change.js';
import type { Desk } from './desk.js';

/** Between the first two looks for the answer, in ms. The pauses double up to POLL. */
const FIRST_PAUSE_MS = 10;

type Store = Pick<TaskStore, 'queueState'> &
  Pick<ChangeStore, 'findTask' | 'putChange' | 'readAnswer' | 'removeChange'>;

interface ChangeTaskAsked {
  readonly name: string;
  /** A text that no other request has. */
  readonly unique: string;
  readonly by: string;
  readonly key: TaskId;
  readonly running: boolean;
  /** The number of the task; without it, the task that has the id now is meant. */
  readonly seq?: number | undefined;
  /** The new payload; null: the task is to be cancelled. */
  readonly bytes: Uint8Array | null;
}

interface ChangeTaskParts {
  readonly store: Store;
  readonly desk: Pick<Desk, 'orders' | 'writeOrders'>;
  readonly clock: Clock;
  /** The longest pause between two looks, in ms. */
  readonly poll: number;
  /** How long to wait for the answer, in ms. */
  readonly timeout: number;
}

/** `requested`: no master has answered yet; the request stays. `full`: too many wait, and this one was not written. */
export type ChangeTaskOutcome = ChangeAnswer | 'requested' | 'full';

export async function askChangeTask(asked: ChangeTaskAsked, parts: ChangeTaskParts): Promise<ChangeTaskOutcome> {
  const { clock, poll, timeout } = parts;
  const deadline = clock.now() + timeout;
  let { seq } = asked;
  for (let time = 0; ; time++) {
    const outcome = await askOnce({ ...asked, seq }, deadline, time, parts);
    if (typeof outcome === 'string') return outcome;
    // It was forgotten before any master had decided, so it is asked again, of the same task.
    seq = outcome.gone;
    await pause(clock, Math.max(0, Math.min(poll, deadline - clock.now())));
  }
}

async function askOnce(
  asked: ChangeTaskAsked,
  deadline: number,
  time: number,
  parts: ChangeTaskParts,
): Promise<ChangeTaskOutcome | { readonly gone: number }> {
  const { name, unique, by, key, running, bytes } = asked;
  const { store, desk, clock } = parts;
  // The number first: a task of this id that is stored from now on is another one.
  const found = await store.findTask(name, key);
  if (found === null || found.seq !== (asked.seq ?? found.seq)) return 'unknown';
  const { seq } = found;
  if (seq <= (await store.queueState(name)).done) return 'done';
  const wall = clock.wall();
  const id = changeId(wall, time === 0 ? unique : `${unique}-${time}`);
  const until = new Date(wall + CHANGE_LIFE_MS);
  if (!(await store.putChange({ name, id, seq, key, running, bytes, by, until }, CHANGES_MAX))) return 'full';
  await change(desk, name, desk.orders, () => ({ change: { changes: { id } }, request: null }));
  const outcome = await follow(name, id, deadline, parts);
  return outcome === 'gone' ? { gone: seq } : outcome;
}

/** `gone`: the request is not there any more, and there is time to ask again. */
async function follow(
  name: string,
  id: string,
  deadline: number,
  { store, clock, poll }: ChangeTaskParts,
): Promise<ChangeTaskOutcome | 'gone'> {
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(poll, 2 * wait)) {
    const answer = await store.readAnswer(name, id);
    if (answer !== null && answer !== 'gone') {
      // One that stays is removed by the master, in the end.
      await store.removeChange(name, id).catch(() => {});
      return answer;
    }
    const left = deadline - clock.now();
    if (left <= 0) return 'requested';
    if (answer === 'gone') return answer;
    await pause(clock, Math.min(wait, left));
  }
}
