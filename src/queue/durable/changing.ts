/**
 * Decides, as the master, what others ask of a queued task: to cancel it, or to give it another payload.
 *
 * The master begins an ordinary task without a write, so a mark that another member leaves at it would come too late. Only
 * the master knows what it has handed to its runner. A request goes through these steps:
 *
 *   taken      the request is this master's: those of lower terms answer it no more.
 *   held       the task begins no more. If it is in the run under way, that run ends after the task that runs.
 *   told       it is kept that the task was cancelled (outcomeKeeper.ts). That counts from the mark on, which frees the id.
 *   marked     the store has the mark, under this term. A mark that was sent earlier and lands later changes nothing.
 *   proven     an acknowledgement passes: the mastership lasted after the mark was stored, so each later master finds it.
 *   amended    the window has it, too.
 *   answered   the asker hears of it.
 *   passed     a cancelled task is passed over, and acknowledged. Not before: who finds it acknowledged takes it for done.
 *
 * A master that ends before it has answered leaves the request to the next one, which begins again. Therefore that one
 * passes nothing over before it has seen which requests there are.
 */
import { CHANGES_READ_MAX, type ChangeAnswer, type TaskChange } from '../../store/changes.js';
import type { TaskId } from '../../task/task.js';
import type { QueuedTask } from '../runner.js';
import type { TaskWindow, WindowTask } from './taskWindow.js';
import type { TenureStore } from './tenureStore.js';

/** How many cancelled tasks are remembered, for requests that come twice. */
const REMEMBERED_MAX = 1000;

export interface ChangingParts {
  readonly store: TenureStore;
  readonly window: TaskWindow;
  /** Returns up to which number all are done, or given up, and acknowledged. */
  acknowledged(): number;
  /** Returns up to which number all are done, or given up. */
  finished(): number;
  /** Resolves when an acknowledgement has passed that was sent from now on; false: the mastership is over. */
  prove(): Promise<boolean>;
  /**
   * Returns null if the task is in no run under way. Else that run ends after the task that runs, and then it resolves.
   * `ends`: if the task itself runs, its work is told to end.
   */
  apart(task: QueuedTask, ends: boolean): Promise<void> | null;
  /** Keeps that the task is cancelled, before it is. Resolves to false if the mastership ended first. */
  keepCancelled(task: Pick<WindowTask, 'seq' | 'id' | 'origin'>): Promise<boolean>;
  /** Called when a task begins no more, for good. */
  cancelled(task: { readonly seq: number; readonly id: TaskId }): void;
  /** Called when something may go on that was held. */
  freed(): void;
}

export class Changing {
  /** How many requests hold each task. */
  private readonly held = new Map<number, number>();
  /** What is being carried out at each task: one request after another. */
  private readonly turns = new Map<number, Promise<unknown>>();
  /** The requests that are being decided. */
  private readonly deciding = new Set<string>();
  private readonly removed = new Set<number>();
  private looking = false;
  private again = false;
  /** Whether this mastership has seen the requests that it found. */
  private seen = false;

  constructor(private readonly parts: ChangingParts) {}

  /** Returns whether the task must not begin now. */
  holds(seq: number): boolean {
    return this.held.has(seq);
  }

  /** Returns whether the task may be passed over, if it is cancelled. */
  passes(seq: number): boolean {
    return this.seen && !this.holds(seq);
  }

  /** Looks for requests: at the beginning of a mastership, and whenever there may be new ones. */
  async look(): Promise<void> {
    this.again = true;
    if (this.looking) return;
    this.looking = true;
    while (this.again && !this.parts.store.ended) {
      this.again = false;
      const open = (await this.parts.store.openChanges([...this.deciding])) ?? [];
      const unseen = open.filter(({ id }) => !this.deciding.has(id));
      for (const change of unseen) void this.decide(change);
      // Those that wait for a run must not hide the others.
      this.again ||= unseen.length >= CHANGES_READ_MAX;
    }
    this.looking = false;
    if (this.seen || this.parts.store.ended) return;
    this.seen = true;
    this.parts.freed();
  }

  private async decide(change: TaskChange): Promise<void> {
    const { store, freed } = this.parts;
    const { seq, id } = change;
    this.deciding.add(id);
    this.held.set(seq, (this.held.get(seq) ?? 0) + 1);
    const isTaken = (await store.takeChange(id)) === true;
    const answer = isTaken ? await this.settle(change) : null;
    if (answer !== null) await store.answerChange(id, answer);
    const others = (this.held.get(seq) ?? 1) - 1;
    if (others > 0) this.held.set(seq, others);
    else this.held.delete(seq);
    freed();
    // One that this master may not take stays so.
    if (isTaken) this.deciding.delete(id);
  }

  /** Returns null if the mastership ended first. */
  private async settle(change: TaskChange): Promise<ChangeAnswer | null> {
    const { store, window, acknowledged, finished, prove, apart } = this.parts;
    const { seq, key, bytes, running } = change;
    while (!store.ended) {
      if (this.removed.has(seq)) return bytes === null ? 'removed' : 'unknown';
      const task = window.at(seq);
      // A task that is done counts once that is acknowledged: else the next master runs it again.
      if (seq <= acknowledged()) return 'done';
      if (seq <= finished()) {
        if (!(await prove())) return null;
        continue;
      }
      if (task !== undefined && task.id !== key) return 'unknown';
      if (task !== undefined && task.cancelled !== 'no') return bytes === null ? 'removed' : 'unknown';
      if (task === undefined && seq <= window.last) return 'done';
      const ended = task === undefined ? null : apart(task, running && bytes === null);
      const before = ended ?? this.turns.get(seq);
      if (before === undefined) return this.inTurn(change);
      await before;
    }
    return null;
  }

  private async inTurn(change: TaskChange): Promise<ChangeAnswer | null> {
    const turn = this.carryOut(change);
    this.turns.set(change.seq, turn);
    const answer = await turn;
    this.turns.delete(change.seq);
    return answer;
  }

  private async carryOut({ seq, key, bytes }: TaskChange): Promise<ChangeAnswer | null> {
    const { store, window, prove, keepCancelled, cancelled } = this.parts;
    const task = window.at(seq) ?? (await store.taskAt(seq));
    if (task === null) return null;
    // Done and trimmed: a server without atomic updates may have brought an older acknowledgement back.
    if (task === undefined) return 'done';
    if (bytes === null && !(await keepCancelled({ seq, id: key, origin: task.origin }))) return null;
    if (!(await store.markTask({ seq, key, bytes })) || !(await prove())) return null;
    window.amend(seq, bytes);
    if (bytes !== null) return 'updated';
    this.removed.add(seq);
    const [oldest] = this.removed;
    if (this.removed.size > REMEMBERED_MAX && oldest !== undefined) this.removed.delete(oldest);
    cancelled({ seq, id: key });
    return 'removed';
  }
}
