/** The durable queue in the embedded store, as the coordinator sees it. */
import type { TaskId } from '../../task/task.js';
import { partsOf } from '../parts.js';
import type { Tenure } from '../store.js';
import type {
  Acknowledgement,
  AddResult,
  AttemptsRecord,
  Checkpoint,
  DeadLetter,
  FoundDeadLetter,
  LaterTask,
  NewTask,
  OutcomeLook,
  QueueCounts,
  QueueState,
  RecordMark,
  RelayedTask,
  RelayResult,
  StoredTask,
  TaskOutcome,
  TaskStore,
} from '../taskStore.js';
import { EmbeddedChanges } from './embeddedChanges.js';
import { packOutcomes } from './outcomeBytes.js';
import { packRelayed, packTasks, relayResultOf, resultOf, unpackStored } from './taskBytes.js';

/** Tasks, and bytes of them, that are added in one transaction: the beats of all members wait for it. */
const transactionLimits = { items: 1000, bytes: 4 * 1024 * 1024 };
/** Outcomes, and bytes of their results, that an acknowledgement carries: beats wait behind it, as it is as urgent as they are. */
const ridingLimits = { items: 512, bytes: 256 * 1024 };

const outcomeSize = ({ result }: TaskOutcome): number => result?.length ?? 0;

export class EmbeddedTasks extends EmbeddedChanges implements TaskStore {
  async addTasks(name: string, tasks: readonly NewTask[], maxQueue: number): Promise<AddResult[]> {
    const results: AddResult[] = [];
    for (const some of partsOf(tasks, ({ bytes }) => bytes.length, transactionLimits)) {
      const outcomes = await this.thread.call('addTasks', [name, packTasks(some), maxQueue]);
      for (const outcome of outcomes) results.push(resultOf(outcome));
    }
    return results;
  }

  /** Who relays late is refused by its tenure, so the time does not matter. */
  async relayTasks(tenure: Tenure, tasks: readonly RelayedTask[]): Promise<RelayResult[] | null> {
    const results: RelayResult[] = [];
    for (const some of partsOf(tasks, ({ bytes }) => bytes.length, transactionLimits)) {
      const outcomes = await this.thread.call('relayTasks', [tenure, packRelayed(some)]);
      if (outcomes === null) return null;
      for (const outcome of outcomes) results.push(relayResultOf(outcome));
    }
    return results;
  }

  queueState(name: string): Promise<QueueState> {
    return this.thread.call('queueState', [name]);
  }

  async tasksAfter(
    name: string,
    seq: number,
    limit: { readonly tasks: number; readonly bytes: number },
  ): Promise<StoredTask[]> {
    return unpackStored(await this.thread.call('tasksAfter', [name, seq, limit]));
  }

  /** Outcomes and what they are acknowledged by go in one transaction, but for those that are large: those go before. */
  async acknowledge(tenure: Tenure, { outcomes = [], ...rest }: Acknowledgement): Promise<boolean> {
    const parts = partsOf(outcomes, outcomeSize, ridingLimits);
    const last = parts.pop();
    if (last === undefined) return this.thread.call('acknowledge', [tenure, rest]);
    for (const part of parts) await this.thread.call('putOutcomes', [tenure.name, packOutcomes(part)]);
    return this.thread.call('acknowledge', [tenure, rest, packOutcomes(last)]);
  }

  setAttempts(tenure: Tenure, record: AttemptsRecord): Promise<void> {
    return this.thread.call('setAttempts', [tenure, record]);
  }

  clearAttempts(name: string, seq: number, recordedBy: RecordMark | null): Promise<void> {
    return this.thread.call('clearAttempts', [name, seq, recordedBy]);
  }

  async trimTasks(name: string, through: number): Promise<void> {
    while (!(await this.thread.call('trimTasks', [name, through]))) {
      // A bounded number at a time.
    }
  }

  countTasks(name: string): Promise<QueueCounts> {
    return this.thread.call('countTasks', [name]);
  }

  countDeadLetters(name: string): Promise<number> {
    return this.thread.call('countDeadLetters', [name]);
  }

  putDeadLetter(letter: DeadLetter): Promise<boolean> {
    const { bytes } = letter;
    // Memory of its own: as a view it would take all with it when it crosses threads.
    return this.thread.call('putDeadLetter', [{ ...letter, bytes: new Uint8Array(bytes) }]);
  }

  oldestDeadLetter(name: string, id: TaskId): Promise<FoundDeadLetter | null> {
    return this.thread.call('oldestDeadLetter', [name, id]);
  }

  deadLettersAfter(name: string, seq: number, limit: number): Promise<FoundDeadLetter[]> {
    return this.thread.call('deadLettersAfter', [name, seq, limit]);
  }

  deadLetterAt(name: string, seq: number): Promise<FoundDeadLetter | null> {
    return this.thread.call('deadLetterAt', [name, seq]);
  }

  claimDeadLetter(name: string, seq: number, expected: string | null, claim: string | null): Promise<boolean> {
    return this.thread.call('claimDeadLetter', [name, seq, expected, claim]);
  }

  removeDeadLetter(name: string, seq: number): Promise<void> {
    return this.thread.call('removeDeadLetter', [name, seq]);
  }

  setCheckpoint(tenure: Tenure, checkpoint: Checkpoint): Promise<boolean> {
    return this.thread.call('setCheckpoint', [tenure, checkpoint]);
  }

  async putOutcomes(name: string, outcomes: readonly TaskOutcome[]): Promise<void> {
    for (const some of partsOf(outcomes, outcomeSize, transactionLimits)) {
      await this.thread.call('putOutcomes', [name, packOutcomes(some)]);
    }
  }

  readOutcomes(name: string, ids: readonly TaskId[], later: readonly LaterTask[] = []): Promise<OutcomeLook> {
    return this.thread.call('readOutcomes', [name, ids, later]);
  }

  trimOutcomes(name: string, before: Date): Promise<boolean> {
    return this.thread.call('trimOutcomes', [name, before]);
  }
}
