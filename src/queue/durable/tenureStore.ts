/** The store, as one mastership of a stored queue uses it: each call is repeated until it is answered or the mastership ends. */
import { StoreError } from '../../errors.js';
import { CHANGES_READ_MAX, type ChangeAnswer, type TaskChange } from '../../store/changes.js';
import { isForbidden } from '../../store/forbidden.js';
import type { Tenure } from '../../store/store.js';
import {
  type Attempts,
  type Burial,
  LETTERS_APART,
  type NewTask,
  type QueueState,
  type StoredTask,
  type TaskOutcome,
  type TaskStore,
} from '../../store/taskStore.js';
import type { Clock } from '../../time/clock.js';
import { pause } from '../../time/pause.js';
import { untilAnswered } from '../../time/untilAnswered.js';
import type { ReadLimit } from '../readLimit.js';

interface TenureStoreParts {
  readonly name: string;
  readonly store: TaskStore;
  readonly clock: Clock;
  /** Before a failed call is made again, in ms. */
  readonly poll: number;
  /** Shared by all queues of the coordinator. */
  readonly reads: ReadLimit;
  /** Returns a number of its own for each attempt to write: the one before may still land. */
  nextNumber(): number;
  /** Called when a call failed, and is made again. */
  trouble(error: Error): void;
}

type RecordedAttempts = Attempts & { readonly permanent: boolean };

/** Each answer is null when the mastership ended before there was one. */
export class TenureStore {
  private over = false;
  /** What was told once, because it stays so until someone gives the right. */
  private readonly forbidden = new Set<string>();

  constructor(
    readonly tenure: Tenure,
    private readonly parts: TenureStoreParts,
  ) {}

  /** Ends the mastership: an answer that comes from now on is dropped. */
  end(): void {
    this.over = true;
  }

  get ended(): boolean {
    return this.over;
  }

  queueState(): Promise<QueueState | null> {
    const { store, name, reads } = this.parts;
    return this.untilAnswered(() => reads.pass(() => store.queueState(name)));
  }

  /** Fetches what follows on `seq`, when the other queues of the coordinator let it. */
  tasksAfter(seq: number, limit: { readonly tasks: number; readonly bytes: number }): Promise<StoredTask[] | null> {
    const { store, name, reads } = this.parts;
    return this.untilAnswered(() => reads.pass(() => store.tasksAfter(name, seq, limit)));
  }

  /** Returns the first task after `seq`; undefined if there is none. */
  async nextTask(seq: number): Promise<StoredTask | undefined | null> {
    const { store, name } = this.parts;
    const found = await this.untilAnswered(() => store.tasksAfter(name, seq, { tasks: 1, bytes: 1 }));
    return found === null ? null : found[0];
  }

  /** Returns undefined if two looks in a row do not find it. */
  async taskAt(seq: number): Promise<StoredTask | undefined | null> {
    for (let looks = 0; looks < 2; looks++) {
      const found = await this.nextTask(seq - 1);
      if (found === null || found?.seq === seq) return found;
    }
    return undefined;
  }

  /**
   * Keeps how the tasks ended, and acknowledges them. Returns false if the store refused it: another member is master. Where the
   * user lacks the right on outcomes, they are not kept: done tasks must not run again for that.
   */
  acknowledge(done: number, burial: Burial | null, outcomes: readonly TaskOutcome[] = []): Promise<boolean | null> {
    const acknowledge = (kept: readonly TaskOutcome[]): Promise<boolean> => {
      const { store, nextNumber } = this.parts;
      const some = kept.length === 0 ? {} : { outcomes: kept };
      return store.acknowledge(this.tenure, { number: nextNumber(), done, burial, ...some });
    };
    if (outcomes.length === 0) return this.untilAnswered(() => acknowledge([]));
    return this.untilAnswered(async () => {
      try {
        return await acknowledge(outcomes);
      } catch (error) {
        if (!isForbidden(error)) throw error;
        // It may be the acknowledgement that is forbidden: that shows now.
        const matched = await acknowledge([]);
        this.outcomesRefused(error as Error);
        return matched;
      }
    });
  }

  /** Puts the attempts on record. Returns false if the mastership ended first. */
  async setAttempts(seq: number, { attempts, deaths, permanent }: RecordedAttempts): Promise<boolean> {
    const { store, nextNumber } = this.parts;
    const answer = await this.untilAnswered(() => {
      return store.setAttempts(this.tenure, { seq, number: nextNumber(), attempts, deaths, permanent });
    });
    return answer !== null;
  }

  /** Removes what is too old. Returns requests that no master has answered, without those, the oldest first. */
  async openChanges(except: readonly string[]): Promise<TaskChange[] | null> {
    const { store, name, clock, reads } = this.parts;
    await this.untilAnswered(() => store.trimChanges(name, new Date(clock.wall())));
    return this.untilAnswered(() => reads.pass(() => store.openChanges(name, CHANGES_READ_MAX, except)));
  }

  /** Returns false if the request is another master's, or is answered, or gone. */
  takeChange(id: string): Promise<boolean | null> {
    const { store, name } = this.parts;
    return this.untilAnswered(() => store.takeChange(name, id, this.tenure.term));
  }

  answerChange(id: string, answer: ChangeAnswer): Promise<boolean | null> {
    const { store, name } = this.parts;
    return this.untilAnswered(() => store.answerChange(name, id, this.tenure.term, answer));
  }

  /** Puts a change on record at its task. Returns false if the mastership ended first. */
  async markTask({ seq, key, bytes }: Pick<TaskChange, 'seq' | 'key' | 'bytes'>): Promise<boolean> {
    const { store, nextNumber } = this.parts;
    const answer = await this.untilAnswered(() => {
      return store.markTask(this.tenure, { seq, key, bytes, number: nextNumber() });
    });
    return answer !== null;
  }

  /** Returns false if the store refused it, because another member is master; null if the mastership ended first. */
  setCheckpoint(seq: number, bytes: Uint8Array): Promise<boolean | null> {
    const { store, nextNumber } = this.parts;
    return this.untilAnswered(() => store.setCheckpoint(this.tenure, { seq, number: nextNumber(), bytes }));
  }

  /**
   * Keeps how tasks ended. Returns false if the mastership ended first. Where the user lacks the right, they are not kept, and their
   * tasks are acknowledged nevertheless: done tasks must not run again for that.
   */
  async putOutcomes(outcomes: readonly TaskOutcome[]): Promise<boolean> {
    const { store, name } = this.parts;
    const refusal = await this.untilAnswered(() => {
      return store.putOutcomes(name, outcomes).then(
        () => 'kept' as const,
        (error: unknown) => {
          if (isForbidden(error)) return error as Error;
          throw error;
        },
      );
    });
    if (refusal === null) return false;
    if (refusal !== 'kept') this.outcomesRefused(refusal);
    return true;
  }

  private outcomesRefused({ message }: Error): void {
    this.tellForbidden(
      `how tasks of '${this.parts.name}' end is not kept (keepOutcomes), while they are done and acknowledged: give the user the rights on failover_outcomes that docs/guide/databases.md shows`,
      message,
    );
  }

  /** Tells it once in a mastership: with some of the rights, some of the calls pass, and others do not. */
  private tellForbidden(text: string, why: string): void {
    if (this.forbidden.has(text)) return;
    this.forbidden.add(text);
    this.parts.trouble(new StoreError('ERR_STORE', `${text}: ${why}`));
  }

  /** Deletes some outcomes whose time is over, once: a failure rejects. Returns whether it has come to the end. */
  trimOutcomes(before: Date): Promise<boolean> {
    const { store, name, reads } = this.parts;
    return reads.pass(() => store.trimOutcomes(name, before));
  }

  /** Writes the dead letter of a task. Returns false if the mastership ended first. */
  async writeLetter({ id, bytes, details }: NewTask, burial: Burial): Promise<boolean> {
    const { store, name: queue, clock } = this.parts;
    const letter = { ...burial, queue, id, bytes, details, at: new Date(clock.wall()) };
    for (let { seq } = letter; ; seq += LETTERS_APART) {
      const written = await this.untilAnswered(() => store.putDeadLetter({ ...letter, seq }));
      if (written !== false) return written !== null;
    }
  }

  /** Trims what is done through that number, once: a failure rejects. That a right is missing is told, because all that is done stays. */
  async trim(through: number): Promise<void> {
    const { store, name, reads } = this.parts;
    try {
      await reads.pass(() => store.trimTasks(name, through));
    } catch (error) {
      if (isForbidden(error) && !this.over) {
        const text = `tasks of '${name}' that are done are not deleted, and stay in failover_tasks: give the user the rights that docs/guide/databases.md shows`;
        this.tellForbidden(text, (error as Error).message);
      }
      throw error;
    }
  }

  pause(): Promise<void> {
    return pause(this.parts.clock, this.parts.poll);
  }

  private untilAnswered<T>(call: () => Promise<T>): Promise<T | null> {
    const { clock, poll, trouble } = this.parts;
    return untilAnswered(call, { clock, poll, wanted: () => !this.over, failed: trouble });
  }
}
