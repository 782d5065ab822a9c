/**
 * The store of tasks in memory, with one queue: what the durable queue is tested against. Each call has a fate that the
 * test decides: how long it is under way, and whether it, or its answer, is lost. This takes the place of no server; how the
 * real stores behave is what test/contract is for.
 */

import { StoreError } from '../../src/errors.ts';
import type { Tenure } from '../../src/store/store.ts';
import type {
  Acknowledgement,
  Burial,
  DeadLetter,
  NewTask,
  RecordMark,
  StoredTask,
  TaskOutcome,
  TaskStore,
} from '../../src/store/taskStore.ts';
import type { TaskId } from '../../src/task/task.ts';
import type { Clock } from '../../src/time/clock.ts';
import { ChangeBook } from './changeBook.ts';
import { lookAt, putOutcomes, takesCheckpoint } from './outcomes.ts';
import { isLater, isSame } from './recordMarks.ts';

export type TaskCall = keyof TaskStore;

/** Times in ms. With 0 and 0 no time passes. */
export interface TaskFate {
  /** Until the call reaches the store. */
  readonly there: number;
  /** Until its answer is back. */
  readonly back: number;
  /** Whether it is carried out, and whether its answer is lost: in both cases it fails. */
  readonly lost?: 'call' | 'answer';
}

export const atOnce: TaskFate = { there: 0, back: 0 };
/** Outcomes that one call deletes. */
export const OUTCOMES_TRIMMED_MAX = 100;
const NO_FAILURES = { attempts: 0, deaths: 0, recordedBy: null };

/** Tests look into it, and change it, by the fields. */
export class MemoryTasks {
  readonly tasks = new Map<number, StoredTask>();
  readonly letters: DeadLetter[] = [];
  /** Who is putting a letter back, by its number. */
  readonly claims = new Map<number, string | null>();
  /** The numbers of tasks that any master has cancelled. */
  readonly cancelled = new Set<number>();
  /** Requests to change tasks. */
  readonly changes = new ChangeBook();
  next = 1;
  done = 0;
  burial: Burial | null = null;
  /** Whose the lease is. */
  holder: Tenure | null = null;
  /** Of the last acknowledgement under each term. */
  private readonly numbers = new Map<number, number>();
  /** How tasks ended, by their id. */
  readonly outcomes = new Map<TaskId, TaskOutcome>();
  /** Whether an acknowledgement and its outcomes are one transaction, as in the embedded store. */
  isEmbedded = false;
  /** Which checkpoint of a task came last. */
  private readonly checkpoints = new Map<number, RecordMark>();
  /** By how much it was ever told to trim what it must keep: what is not done, or is being buried. */
  trimmedTooFar = 0;
  /** Numbers of tasks that no answer shows yet: they are being stored. */
  readonly hidden = new Set<number>();
  /** The same, but only the first answer that shows a higher one passes them over. */
  readonly late = new Set<number>();
  /** Every call that was carried out, in order, such as `acknowledge 3` or `setAttempts 4 1/0`. */
  readonly log: string[] = [];

  constructor(private readonly clock: Pick<Clock, 'now' | 'at' | 'wall'>) {}

  /** As one member sees it. The fate of each call is asked for when it is made. */
  connect(fate: (call: TaskCall) => TaskFate = () => atOnce): TaskStore {
    const call = async <T>(name: TaskCall, carryOut: () => T): Promise<T> => {
      const { there, back, lost } = fate(name);
      await this.delay(there);
      if (lost === 'call') throw new StoreError('ERR_STORE_UNAVAILABLE', `${name} was lost`);
      const answer = carryOut();
      await this.delay(back);
      if (lost === 'answer') throw new StoreError('ERR_STORE_UNAVAILABLE', `the answer of ${name} was lost`);
      return answer;
    };
    return {
      addTasks: (_name, tasks) =>
        call('addTasks', () => {
          const known = new Set(this.queued);
          return tasks.map((task) => {
            if (known.has(task.id)) return { type: 'known' };
            known.add(task.id);
            return { type: 'stored', seq: this.add(task).seq };
          });
        }),
      relayTasks: (tenure, tasks) =>
        call('relayTasks', () => {
          if (this.holder?.term !== tenure.term || this.holder.holder !== tenure.holder) return null;
          return tasks.map((task) => {
            const there = [...this.tasks.values()].find(({ origin }) => origin === task.origin);
            if (there !== undefined) return { type: 'relayed', seq: there.seq };
            if (this.queued.includes(task.id)) return { type: 'known' };
            const { origin, details } = task;
            const extras = { origin, ...(details === undefined ? {} : { details }) };
            return { type: 'stored', seq: this.add(task, extras).seq };
          });
        }),
      queueState: () => call('queueState', () => ({ done: this.done, burial: this.burial })),
      tasksAfter: (_name, seq, limit) => call('tasksAfter', () => this.after(seq, limit)),
      acknowledge: async (tenure, given) => {
        const { outcomes = [] } = given;
        // As on MongoDB two calls, each with a fate of its own; as the embedded store it is one, and keeps none of one that is refused.
        if (outcomes.length > 0 && !this.isEmbedded) await call('putOutcomes', () => this.keep(outcomes));
        return call('acknowledge', () => {
          const matched = this.acknowledge(tenure, given);
          if (matched && outcomes.length > 0 && this.isEmbedded) this.keep(outcomes);
          return matched;
        });
      },
      setAttempts: ({ term }, { seq, number, attempts, deaths, permanent }) =>
        call('setAttempts', () => {
          const isLast = isLater({ term, number }, this.tasks.get(seq)?.recordedBy ?? null);
          this.log.push(`setAttempts ${seq} ${attempts}/${deaths}${isLast ? '' : ' refused'}`);
          if (isLast) this.record(seq, attempts, deaths, { term, number });
          const task = this.tasks.get(seq);
          if (isLast && permanent === true && task !== undefined) this.tasks.set(seq, { ...task, permanent });
        }),
      clearAttempts: (_name, seq, by) =>
        call('clearAttempts', () => {
          const task = this.tasks.get(seq);
          if (task === undefined || !isSame(task.recordedBy, by)) return;
          this.tasks.set(seq, { ...task, permanent: false });
          this.record(seq, 0, 0);
        }),
      setCheckpoint: ({ term }, checkpoint) =>
        call('setCheckpoint', () => {
          const { seq, number, bytes } = checkpoint;
          const task = this.tasks.get(seq);
          const isTaken = takesCheckpoint(task, term, checkpoint, this.checkpoints.get(seq) ?? null);
          this.log.push(`setCheckpoint ${seq}${isTaken ? '' : ' refused'}`);
          if (task === undefined || !isTaken) return false;
          this.tasks.set(seq, { ...task, checkpoint: bytes });
          this.checkpoints.set(seq, { term, number });
          return true;
        }),
      trimTasks: (_name, through) =>
        call('trimTasks', () => {
          // A task that is being buried is needed for its letter.
          const most = this.burial === null ? this.done : Math.min(this.done, this.burial.seq - 1);
          this.trimmedTooFar = Math.max(this.trimmedTooFar, through - most);
          for (const seq of this.tasks.keys()) if (seq <= through) this.tasks.delete(seq);
        }),
      countTasks: () =>
        call('countTasks', () => {
          const queued = [...this.tasks.values()].filter(({ seq }) => seq > this.done);
          return { queued: queued.length, dead: this.letters.length, headAt: queued[0]?.at ?? null };
        }),
      countDeadLetters: () => call('countDeadLetters', () => this.letters.length),
      putDeadLetter: (letter) =>
        call('putDeadLetter', () => {
          this.log.push(`putDeadLetter ${letter.seq}`);
          const found = this.letters.find(({ seq }) => seq === letter.seq);
          if (found === undefined) this.letters.push(letter);
          return found === undefined || found.id === letter.id;
        }),
      oldestDeadLetter: (_name, id) =>
        call('oldestDeadLetter', () => {
          const [oldest] = this.letters.filter((letter) => letter.id === id).sort((a, b) => a.seq - b.seq);
          return oldest === undefined ? null : { ...oldest, claim: this.claims.get(oldest.seq) ?? null };
        }),
      deadLettersAfter: (_name, seq, limit) =>
        call('deadLettersAfter', () => {
          const above = this.letters.filter((letter) => letter.seq > seq).sort((a, b) => a.seq - b.seq);
          return above.slice(0, limit).map((letter) => ({ ...letter, claim: this.claims.get(letter.seq) ?? null }));
        }),
      deadLetterAt: (_name, seq) =>
        call('deadLetterAt', () => {
          const found = this.letters.find((letter) => letter.seq === seq);
          return found === undefined ? null : { ...found, claim: this.claims.get(seq) ?? null };
        }),
      findTask: (_name, id) =>
        call('findTask', () => {
          const found = [...this.tasks.values()].findLast((task) => task.id === id && task.cancelled !== true);
          return found === undefined ? null : { seq: found.seq };
        }),
      putChange: (change, most) => call('putChange', () => this.changes.put(change, most)),
      openChanges: (_name, limit, except) => call('openChanges', () => this.changes.open(limit, except)),
      takeChange: (_name, id, term) => call('takeChange', () => this.changes.take(id, term)),
      answerChange: (_name, id, term, answer) =>
        call('answerChange', () => {
          const answered = this.changes.answer(id, term, answer);
          this.log.push(`answerChange ${id} ${answer}${answered ? '' : ' refused'}`);
          return answered;
        }),
      readAnswer: (_name, id) => call('readAnswer', () => this.changes.read(id)),
      removeChange: (_name, id) => call('removeChange', () => this.changes.remove(id)),
      trimChanges: (_name, before) => call('trimChanges', () => this.changes.trim(before)),
      markTask: ({ term }, mark) =>
        call('markTask', () => {
          const { seq, bytes } = mark;
          const task = this.tasks.get(seq);
          const marked = task === undefined ? null : this.changes.mark(task, term, mark);
          this.log.push(
            `markTask ${seq} ${bytes === null ? 'cancelled' : 'updated'}${marked === null ? ' refused' : ''}`,
          );
          if (marked === null) return;
          this.tasks.set(seq, marked);
          if (bytes === null) this.cancelled.add(seq);
        }),
      claimDeadLetter: (_name, seq, expected, claim) =>
        call('claimDeadLetter', () => {
          const isThere = this.letters.some((letter) => letter.seq === seq);
          if (!isThere || (this.claims.get(seq) ?? null) !== expected) return false;
          this.claims.set(seq, claim);
          return true;
        }),
      removeDeadLetter: (_name, seq) => call('removeDeadLetter', () => this.removeLetter(seq)),
      putOutcomes: (_name, outcomes) => call('putOutcomes', () => this.keep(outcomes)),
      readOutcomes: (_name, ids) =>
        call('readOutcomes', () => lookAt(ids, this.done, this.tasks.values(), this.outcomes)),
      trimOutcomes: (_name, before) =>
        call('trimOutcomes', () => {
          const old = [...this.outcomes].filter(([, { until }]) => until < before).slice(0, OUTCOMES_TRIMMED_MAX);
          for (const [id] of old) this.outcomes.delete(id);
          return old.length < OUTCOMES_TRIMMED_MAX;
        }),
    };
  }

  /** Stores a task, for any member. */
  add({ id, bytes }: NewTask, fields: Partial<StoredTask> = {}): StoredTask {
    const at = new Date(this.clock.wall());
    const task = { seq: this.next, id, bytes, ...NO_FAILURES, at, ...fields };
    this.next = task.seq + 1;
    this.tasks.set(task.seq, task);
    return task;
  }

  record(seq: number, attempts: number, deaths: number, by?: RecordMark): void {
    const task = this.tasks.get(seq);
    if (task === undefined) return;
    this.tasks.set(seq, { ...task, attempts, deaths, recordedBy: by ?? task.recordedBy });
  }

  removeLetter(seq: number): void {
    const index = this.letters.findIndex((letter) => letter.seq === seq);
    if (index >= 0) this.letters.splice(index, 1);
  }

  /** The ids of the tasks that are not done. */
  get queued(): TaskId[] {
    const waiting = [...this.tasks.values()].filter(({ seq, cancelled }) => seq > this.done && cancelled !== true);
    return waiting.map(({ id }) => id);
  }

  /** The log since this was last asked. */
  news(): string[] {
    return this.log.splice(0);
  }

  private after(seq: number, limit: { readonly tasks: number; readonly bytes: number }): StoredTask[] {
    this.log.push(`tasksAfter ${seq}`);
    const found: StoredTask[] = [];
    let bytes = 0;
    const passed: number[] = [];
    for (let next = seq + 1; next < this.next; next++) {
      if (this.late.has(next)) passed.push(next);
      const task = this.hidden.has(next) || this.late.has(next) ? undefined : this.tasks.get(next);
      if (task === undefined) continue;
      for (const number of passed) this.late.delete(number);
      bytes += task.bytes.byteLength;
      if (found.length === limit.tasks || (found.length > 0 && bytes > limit.bytes)) break;
      found.push(task);
    }
    return found;
  }

  private keep(outcomes: readonly TaskOutcome[]): void {
    this.log.push(`putOutcomes ${outcomes.map(({ seq, state }) => `${seq} ${state}`).join(', ')}`);
    putOutcomes(this.outcomes, outcomes);
  }

  private acknowledge({ term, holder }: Tenure, { number, done, burial }: Acknowledgement): boolean {
    const isLast = number > (this.numbers.get(term) ?? 0);
    const isHeld = this.holder?.term === term && this.holder.holder === holder && isLast;
    if (isHeld) this.numbers.set(term, number);
    this.log.push(`acknowledge ${done}${burial === null ? '' : ` burying ${burial.seq}`}${isHeld ? '' : ' refused'}`);
    if (!isHeld) return false;
    this.done = Math.max(this.done, done);
    this.burial = burial;
    return true;
  }

  private async delay(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.clock.at(this.clock.now() + ms, resolve));
  }
}
