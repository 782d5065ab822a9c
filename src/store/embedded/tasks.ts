/**
 * The durable queue in the embedded store: each call within one transaction. A number is never given twice, so what is
 * done may be trimmed at once.
 *
 * The entry of an id has the task's number as its version. So trimming an old task leaves the entry alone when the id
 * has come again.
 */
import { StoreError } from '../../errors.js';
import type { TaskId } from '../../task/task.js';
import { type Fields, isFields, storedId } from '../documents.js';
import { NO_BYTES } from '../reader.js';
import type { Tenure } from '../store.js';
import { storedBurial, storedLetter, TaskReader, withExtras } from '../taskDocuments.js';
import type {
  Acknowledgement,
  AttemptsRecord,
  Checkpoint,
  DeadLetter,
  FoundDeadLetter,
  NewTask,
  QueueCounts,
  QueueState,
  RecordMark,
  StoredTask,
} from '../taskStore.js';
import type { Entries } from './environment.js';
import {
  idKey,
  leaseKey,
  letterCountKey,
  letterIdKey,
  letterIdRange,
  letterKey,
  letterRange,
  originKey,
  queueKey,
  taskKey,
  taskRange,
} from './keys.js';
import { isHeldBy, type StoreFacts } from './leases.js';
import { TakenIds } from './takenIds.js';
import {
  FULL,
  KNOWN,
  type PackedRelayed,
  type PackedStored,
  type PackedTasks,
  packStored,
  RELAYED,
  unpackRelayed,
  unpackTasks,
} from './taskBytes.js';

/** Tasks, and bytes of them, that one transaction trims: the beats of all members wait for it. */
const TRIMMED_TASKS_MAX = 500;
const TRIMMED_BYTES_MAX = 4 * 1024 * 1024;

export class Tasks {
  private readonly taken: TakenIds;

  constructor(
    private readonly entries: Entries,
    private readonly facts: StoreFacts,
  ) {
    this.taken = new TakenIds(entries, () => facts.wall(), facts.path);
  }

  /** Returns for each task its number, `KNOWN` or `FULL`. */
  addTasks(name: string, packed: PackedTasks, maxQueue: number): number[] {
    return this.add(name, unpackTasks(packed), maxQueue);
  }

  /** Returns for each task its number, `KNOWN` or `RELAYED`. */
  relayTasks(tenure: Tenure, packed: PackedRelayed): number[] | null {
    const lease = this.entries.get(leaseKey(tenure.name))?.value;
    if (!isFields(lease) || !isHeldBy(tenure, lease, this.facts)) return null;
    return this.add(tenure.name, unpackRelayed(packed), Number.POSITIVE_INFINITY);
  }

  private add(name: string, tasks: readonly (NewTask & { readonly origin?: string })[], maxQueue: number): number[] {
    const { done, burial } = this.queueState(name);
    const next = this.nextOf(name);
    const at = this.facts.wall();
    const given = new Map<TaskId, number>();
    let seq = Math.max(next, done + 1);
    // Never given twice: what lies there would be overwritten.
    if (this.entries.count(taskRange(name, seq)) > 0) throw this.alien('queue', name, 'next');
    const results = tasks.map((added) => {
      const { id, bytes, origin, idRule } = added;
      const relayed = origin === undefined ? undefined : this.entries.get(originKey(name, origin));
      if (relayed !== undefined) return RELAYED - relayed.version;
      const before = given.get(id);
      if (before !== undefined) return before;
      const key = idKey(name, id);
      const known = this.entries.get(key);
      // A task that is being buried is needed for its letter.
      if (known !== undefined && (known.version > done || known.version === burial?.seq)) return KNOWN;
      if (known !== undefined && idRule !== 'requeued' && this.taken.isTaken(known.value)) return KNOWN;
      if (seq - done > maxQueue) {
        given.set(id, FULL);
        return FULL;
      }
      const task = { seq, key: storedId(id), payload: asBuffer(bytes), attempts: 0, deaths: 0, at };
      if (origin !== undefined) this.entries.put(originKey(name, origin), seq, seq);
      this.entries.put(taskKey(name, seq), withExtras(task, added), 1);
      if (typeof idRule === 'number') this.taken.put(name, id, seq, idRule);
      else this.entries.put(key, seq, seq);
      given.set(id, KNOWN);
      return seq++;
    });
    if (seq > Math.max(next, done + 1)) {
      const version = (this.entries.get(queueKey(name))?.version ?? 0) + 1;
      this.entries.put(queueKey(name), { next: seq }, version);
    }
    return results;
  }

  private nextOf(name: string): number {
    const entry = this.entries.get(queueKey(name));
    return entry === undefined ? 1 : this.reader(entry.value, 'queue', name).serial('next');
  }

  queueState(name: string): QueueState {
    const lease = this.entries.get(leaseKey(name));
    return lease === undefined ? { done: 0, burial: null } : this.reader(lease.value, 'lease', name).queueState();
  }

  tasksAfter(name: string, seq: number, limit: { readonly tasks: number; readonly bytes: number }): PackedStored {
    const found: StoredTask[] = [];
    let bytes = 0;
    if (limit.tasks >= 1) {
      for (const entry of this.entries.each(taskRange(name, seq + 1))) {
        const task = this.task(name, entry);
        bytes += task.bytes.length;
        if (found.length > 0 && bytes > limit.bytes) break;
        found.push(task);
        if (found.length >= limit.tasks) break;
      }
    }
    return packStored(found);
  }

  acknowledge(tenure: Tenure, { number, done, burial }: Acknowledgement): boolean {
    const { name } = tenure;
    return this.change(leaseKey(name), 'lease', name, (old) => {
      if (!isHeldBy(tenure, old, this.facts)) return undefined;
      const reader = this.reader(old, 'lease', name);
      if (reader.serial('ack') >= number) return undefined;
      const { done: before } = reader.queueState();
      return { ...old, ack: number, done: Math.max(before, done), burial: storedBurial(burial) };
    });
  }

  setAttempts({ name, term }: Tenure, { seq, number, attempts, deaths, permanent }: AttemptsRecord): void {
    this.change(taskKey(name, seq), 'task', name, (old) => {
      const by = this.reader(old, 'task', name).recordedBy();
      const isLater = by !== null && (by.term > term || (by.term === term && by.number >= number));
      const forGood = permanent === true ? { permanent } : {};
      return isLater ? undefined : { ...old, attempts, deaths, ...forGood, by: { term, number } };
    });
  }

  /** Only while the lease is held, which one transaction can see. */
  setCheckpoint(tenure: Tenure, { seq, number, bytes }: Checkpoint): boolean {
    const { name, term } = tenure;
    const lease = this.entries.get(leaseKey(name));
    if (lease === undefined || !isFields(lease.value) || !isHeldBy(tenure, lease.value, this.facts)) return false;
    return this.change(taskKey(name, seq), 'task', name, (old) => {
      const reader = this.reader(old, 'task', name);
      const [by, last] = [reader.recordedBy(), reader.checkpointBy()];
      const isLate = (by?.term ?? 0) > term || (last?.term ?? 0) > term;
      if (isLate || (last?.term === term && last.number >= number)) return undefined;
      return { ...old, checkpoint: asBuffer(bytes), checkpointBy: { term, number } };
    });
  }

  clearAttempts(name: string, seq: number, recordedBy: RecordMark | null): void {
    this.change(taskKey(name, seq), 'task', name, (old) => {
      const by = this.reader(old, 'task', name).recordedBy();
      const isThat = by?.term === recordedBy?.term && by?.number === recordedBy?.number;
      return isThat ? { ...old, attempts: 0, deaths: 0, permanent: false } : undefined;
    });
  }

  /** Puts what `next` makes of the entry in its place. Returns false if there is none, or `next` makes nothing of it. */
  private change(key: Buffer, what: string, name: string, next: (old: Fields) => Fields | undefined): boolean {
    const entry = this.entries.get(key);
    if (entry === undefined) return false;
    if (!isFields(entry.value)) {
      throw new StoreError('ERR_STORE_DATA', `${this.where(what, name)} is not a document`);
    }
    const value = next(entry.value);
    if (value === undefined) return false;
    this.entries.put(key, value, entry.version + 1);
    return true;
  }

  /** Trims a bounded number of tasks. Returns whether it has come to the end. */
  trimTasks(name: string, through: number): boolean {
    // In a store that was emptied or restored, a master of before knows numbers that are given to other tasks now.
    const { done, burial } = this.queueState(name);
    const last = Math.min(through, done, (burial?.seq ?? Number.POSITIVE_INFINITY) - 1);
    const found: StoredTask[] = [];
    let bytes = 0;
    for (const entry of this.entries.each({ start: taskKey(name, 0), end: taskKey(name, last + 1) })) {
      const task = this.task(name, entry);
      found.push(task);
      bytes += task.bytes.length;
      if (found.length >= TRIMMED_TASKS_MAX || bytes >= TRIMMED_BYTES_MAX) break;
    }
    for (const { seq, id, origin } of found) {
      this.entries.remove(taskKey(name, seq));
      if (origin !== undefined) this.removeOrigin(name, origin, seq);
      const entry = this.entries.get(idKey(name, id));
      if (entry?.version === seq && !this.taken.isTaken(entry.value)) this.entries.remove(idKey(name, id));
    }
    return this.taken.trim(name, { done, burial }) && found.length === 0;
  }

  private removeOrigin(name: string, origin: string, seq: number): void {
    const key = originKey(name, origin);
    if (this.entries.get(key)?.version === seq) this.entries.remove(key);
  }

  countTasks(name: string): QueueCounts {
    const { done } = this.queueState(name);
    const head = this.entries.get(taskKey(name, done + 1));
    return {
      queued: Math.max(0, this.nextOf(name) - 1 - done),
      dead: this.countDeadLetters(name),
      headAt: head === undefined ? null : this.reader(head.value, 'task', name).date('at'),
    };
  }

  countDeadLetters(name: string): number {
    const kept = this.entries.get(letterCountKey(name));
    if (kept === undefined) return this.entries.count(letterRange(name));
    return this.reader(kept.value, 'number of dead letters', name).count('count');
  }

  /** Keeps the number of letters, in the transaction that changes it: a walk over all of them would delay beats. */
  private keepCount(name: string, count: number): void {
    const key = letterCountKey(name);
    this.entries.put(key, { count }, (this.entries.get(key)?.version ?? 0) + 1);
  }

  putDeadLetter(letter: DeadLetter): boolean {
    const { queue, seq, id, bytes, at } = letter;
    const found = this.entries.get(letterKey(queue, seq));
    if (found !== undefined) return this.reader(found.value, 'dead letter', queue).deadLetter().id === id;
    const count = this.countDeadLetters(queue);
    const fields = { ...storedLetter(letter), payload: asBuffer(bytes), at: at.getTime() };
    this.entries.put(letterKey(queue, seq), fields, 1);
    this.entries.put(letterIdKey(queue, id, seq), seq, 1);
    this.keepCount(queue, count + 1);
    return true;
  }

  claimDeadLetter(name: string, seq: number, expected: string | null, claim: string | null): boolean {
    return this.change(letterKey(name, seq), 'dead letter', name, (old) => {
      const { claim: present } = this.reader(old, 'dead letter', name).deadLetter();
      return present === expected ? { ...old, claim } : undefined;
    });
  }

  oldestDeadLetter(name: string, id: TaskId): FoundDeadLetter | null {
    for (const { value: seq } of this.entries.each(letterIdRange(name, id))) {
      const entry = typeof seq === 'number' ? this.entries.get(letterKey(name, seq)) : undefined;
      if (entry === undefined) continue;
      const letter = this.reader(entry.value, 'dead letter', name).deadLetter();
      if (letter.seq !== seq) throw this.alien('dead letter', name, 'seq');
      // Memory of its own: as a view it would take all with it when it crosses threads.
      return { ...letter, bytes: new Uint8Array(letter.bytes) };
    }
    return null;
  }

  deadLettersAfter(name: string, seq: number, limit: number): FoundDeadLetter[] {
    const found: FoundDeadLetter[] = [];
    for (const { value } of this.entries.each({ start: letterKey(name, seq + 1), end: letterRange(name).end })) {
      if (found.length >= limit) break;
      found.push({ ...this.reader(value, 'dead letter', name).deadLetter(), bytes: NO_BYTES });
    }
    return found;
  }

  deadLetterAt(name: string, seq: number): FoundDeadLetter | null {
    const entry = this.entries.get(letterKey(name, seq));
    if (entry === undefined) return null;
    const letter = this.reader(entry.value, 'dead letter', name).deadLetter();
    // Memory of its own, as above.
    return { ...letter, bytes: new Uint8Array(letter.bytes) };
  }

  removeDeadLetter(name: string, seq: number): void {
    const key = letterKey(name, seq);
    const letter = this.entries.get(key);
    if (letter === undefined) return;
    const { id } = this.reader(letter.value, 'dead letter', name).deadLetter();
    const count = this.countDeadLetters(name);
    this.entries.remove(key);
    this.entries.remove(letterIdKey(name, id, seq));
    this.keepCount(name, Math.max(0, count - 1));
  }

  private task(name: string, { key, value }: { readonly key: Buffer; readonly value: unknown }): StoredTask {
    const task = this.reader(value, 'task', name).task();
    if (!key.equals(taskKey(name, task.seq))) throw this.alien('task', name, 'seq');
    return task;
  }

  /** A number that is not the one by which the entry is found: another entry would be taken for this one. */
  private alien(what: string, name: string, field: string): StoreError {
    return new StoreError('ERR_STORE_DATA', `${this.where(what, name)}: the field ${field} is not its number`);
  }

  private where(what: string, name: string): string {
    return `the ${what} of ${name} in ${this.facts.path}`;
  }

  private reader(value: unknown, what: string, name: string): TaskReader {
    return new TaskReader(value, this.where(what, name));
  }
}

/** Returns the same bytes: LMDB's encoder writes a buffer as it is. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
