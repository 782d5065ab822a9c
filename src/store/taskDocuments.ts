/**
 * The documents of a durable queue in both stores, and the check of every one that is read, as in documents.ts.
 */

import type { TaskDetails } from '../task/task.js';
import { DocumentReader, type Fields, isFields, storedId } from './documents.js';
import type {
  Burial,
  DeadLetter,
  FoundDeadLetter,
  NewTask,
  QueueState,
  RecordMark,
  StoredTask,
  Verdict,
} from './taskStore.js';

/** Returns the fields of the lease that say how far the queue is done. A queue that has none is at its beginning. */
export function storedBurial(burial: Burial | null): Fields | null {
  if (burial === null) return null;
  const { seq, name, message, code, attempts, permanent } = burial;
  return { seq, name, message, code: code ?? null, attempts, ...(permanent ? { permanent } : {}) };
}

/** A dead letter but for its payload and its time, which each store keeps in its own way. */
export function storedLetter({ queue, seq, id, name, message, code, attempts, details }: DeadLetter): Fields {
  const error = { name, message, code: code ?? null };
  return { name: queue, seq, key: storedId(id), error, attempts, ...(details === undefined ? {} : { details }) };
}

/** Returns the fields of a task, with those that only some have. Most have none, and then nothing is copied. */
export function withExtras(fields: Fields, { origin, details }: NewTask & { readonly origin?: string }): Fields {
  if (origin === undefined && details === undefined) return fields;
  return { ...fields, ...(origin === undefined ? {} : { origin }), ...(details === undefined ? {} : { details }) };
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

export class TaskReader extends DocumentReader {
  task(): StoredTask {
    const cancelled = this.cancelled();
    const { seq, id } = cancelled ?? this.taskName();
    const task: StoredTask = {
      seq,
      id,
      bytes: this.bytes('payload'),
      attempts: this.count('attempts'),
      deaths: this.count('deaths'),
      recordedBy: this.recordedBy(),
      at: this.date('at'),
    };
    const { permanent, checkpoint, origin, details } = this.fields;
    const hasNoMore = cancelled === null && permanent !== true && isMissing(checkpoint);
    if (hasNoMore && isMissing(origin) && isMissing(details)) return task;
    return {
      ...task,
      ...(cancelled === null ? {} : { cancelled: true }),
      // A version that does not know the field leaves it when it gives all attempts back.
      ...(permanent === true && task.attempts > 0 ? { permanent } : {}),
      ...this.checkpoint(),
      ...this.relayed(),
    };
  }

  /** What only a task has that a master moved into the queue. */
  relayed(): Pick<StoredTask, 'origin' | 'details'> {
    const { origin, details } = this.fields;
    return {
      ...(isMissing(origin) ? {} : { origin: this.text('origin') }),
      ...(isMissing(details) ? {} : { details: this.details() }),
    };
  }

  /** Until when its id stays taken, in ms since 1970; 0: until it is done. */
  uniqueUntil(): number {
    const { uniqueUntil } = this.fields;
    return isMissing(uniqueUntil) ? 0 : this.date('uniqueUntil').getTime();
  }

  private details(): TaskDetails {
    const { details } = this.fields;
    if (!isFields(details) || !Object.values(details).every(isPlain)) throw this.alien('details', 'plain values');
    return details as TaskDetails;
  }

  private checkpoint(): Pick<StoredTask, 'checkpoint'> {
    const { checkpoint } = this.fields;
    // Memory of its own: in a window it would keep the whole answer of the server.
    return isMissing(checkpoint) ? {} : { checkpoint: new Uint8Array(this.bytes('checkpoint')) };
  }

  /** Under which term the checkpoint was put down, and as which of that master; null when none was. */
  checkpointBy(): RecordMark | null {
    const { checkpointBy } = this.fields;
    if (isMissing(checkpointBy)) return null;
    const reader = this.below('checkpointBy');
    return { term: reader.serial('term'), number: reader.serial('number') };
  }

  taskName(): Pick<StoredTask, 'seq' | 'id'> {
    return { seq: this.serial('seq'), id: this.id('key', this.fields.key) };
  }

  /** Under which term the attempts were put on record, and as which record of that master; null when none did. */
  recordedBy(): RecordMark | null {
    const { by } = this.fields;
    if (isMissing(by)) return null;
    return this.below('by').recordMark();
  }

  /** Which mark a master left last that cancelled the task, or changed its payload; null when none did. */
  markedBy(): RecordMark | null {
    return isFields(this.fields.mark) ? this.below('mark').recordMark() : null;
  }

  /** Null: it is not cancelled. A cancelled task has given its key up, and keeps it in its mark. */
  cancelled(): Pick<StoredTask, 'seq' | 'id'> | null {
    const { mark } = this.fields;
    if (!isFields(mark) || mark.key === undefined || mark.key === null) return null;
    return { seq: this.serial('seq'), id: this.id('mark', mark.key) };
  }

  private recordMark(): RecordMark {
    return { term: this.serial('term'), number: this.serial('number') };
  }

  queueState(): QueueState {
    const { done, burial } = this.fields;
    return {
      done: done === undefined ? 0 : this.serial('done'),
      burial: burial === undefined || burial === null ? null : this.below('burial').burial(),
    };
  }

  deadLetter(): FoundDeadLetter {
    const { details } = this.relayed();
    return {
      ...(details === undefined ? {} : { details }),
      queue: this.text('name'),
      ...this.taskName(),
      bytes: this.bytes('payload'),
      ...this.below('error').error(),
      attempts: this.count('attempts'),
      at: this.date('at'),
      claim: this.claim(),
    };
  }

  /** Who is putting a dead letter back. */
  private claim(): string | null {
    const { claim } = this.fields;
    return claim === undefined || claim === null ? null : this.text('claim');
  }

  private burial(): Burial {
    return { seq: this.serial('seq'), ...this.error(), attempts: this.count('attempts') };
  }

  protected error(): Omit<Verdict, 'attempts'> {
    const code = this.fields.code === null ? undefined : this.text('code');
    const permanent = this.fields.permanent === true ? ({ permanent: true } as const) : {};
    return { name: this.text('name'), message: this.text('message'), code, ...permanent };
  }

  private below(name: string): TaskReader {
    const value = this.fields[name];
    if (!isFields(value)) throw this.alien(name, 'a document');
    return new TaskReader(value, `${this.where}, in ${name}`);
  }

  /** A `Binary` of the driver, or bytes as they are. They may be a view on more, such as the answer of the server. */
  bytes(name: string): Uint8Array {
    const value = this.fields[name];
    if (value instanceof Uint8Array) return value;
    if (isFields(value) && value._bsontype === 'Binary') {
      const { buffer, position } = value;
      if (buffer instanceof Uint8Array && typeof position === 'number') return buffer.subarray(0, position);
    }
    throw this.alien(name, 'bytes');
  }
}
