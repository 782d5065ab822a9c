/** Tasks on their way between two threads: their bytes in one block, because each piece of memory costs as much as a task. */
import type { TaskDetails, TaskId } from '../../task/task.js';
import type { NewEntry } from '../outbox.js';
import type { AddResult, IdRule, NewTask, RelayedTask, RelayResult, StoredTask } from '../taskStore.js';

export interface PackedTasks {
  readonly block: Uint8Array;
  readonly ids: readonly TaskId[];
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  /** Missing if no task has any. */
  readonly details?: readonly (TaskDetails | undefined)[];
  /** Missing if no task has any. */
  readonly idRules?: readonly (IdRule | undefined)[];
}

export interface PackedEntries extends PackedTasks {
  readonly rest: readonly Pick<NewEntry, 'at' | 'origin'>[];
}

/** With what only tasks have that a master moves into the queue. */
export interface PackedRelayed extends PackedTasks {
  readonly marks: readonly Pick<RelayedTask, 'origin' | 'details'>[];
}

export interface PackedStored extends PackedTasks {
  /** The rest of each task. */
  readonly rest: readonly Omit<StoredTask, 'id' | 'bytes'>[];
}

export function packTasks(tasks: readonly NewTask[]): PackedTasks {
  const ids = tasks.map(({ id }) => id);
  const lengths = tasks.map(({ bytes }) => bytes.length);
  const isDetailed = tasks.some(({ details }) => details !== undefined);
  const hasRules = tasks.some(({ idRule }) => idRule !== undefined);
  const extra = {
    ...(isDetailed ? { details: tasks.map(({ details }) => details) } : {}),
    ...(hasRules ? { idRules: tasks.map(({ idRule }) => idRule) } : {}),
  };
  const shared = tasks[0]?.bytes.buffer;
  // Memory that both threads see need not be copied.
  if (shared instanceof SharedArrayBuffer && tasks.every(({ bytes }) => bytes.buffer === shared)) {
    return {
      block: new Uint8Array(shared),
      ids,
      lengths,
      offsets: tasks.map(({ bytes }) => bytes.byteOffset),
      ...extra,
    };
  }
  const block = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let end = 0;
  const offsets = tasks.map(({ bytes }) => {
    block.set(bytes, end);
    end += bytes.length;
    return end - bytes.length;
  });
  return { block, ids, offsets, lengths, ...extra };
}

export function unpackTasks({ block, ids, offsets, lengths, details, idRules }: PackedTasks): NewTask[] {
  return ids.map((id, index) => {
    const offset = offsets[index] ?? 0;
    const bytes = Buffer.from(block.buffer, block.byteOffset + offset, lengths[index]);
    const told = details?.[index];
    const idRule = idRules?.[index];
    if (told === undefined && idRule === undefined) return { id, bytes };
    return { id, bytes, ...(told === undefined ? {} : { details: told }), ...(idRule === undefined ? {} : { idRule }) };
  });
}

export function packEntries(entries: readonly NewEntry[]): PackedEntries {
  return { ...packTasks(entries), rest: entries.map(({ at, origin }) => ({ at, origin })) };
}

export function unpackEntries(packed: PackedEntries): NewEntry[] {
  return unpackTasks(packed).map((task, index) => {
    const rest = packed.rest[index];
    if (rest === undefined) throw new RangeError('each entry has its time');
    return { ...task, ...rest };
  });
}

export function packRelayed(tasks: readonly RelayedTask[]): PackedRelayed {
  return { ...packTasks(tasks), marks: tasks.map(({ id: _id, bytes: _bytes, ...mark }) => mark) };
}

export function unpackRelayed(packed: PackedRelayed): RelayedTask[] {
  return unpackTasks(packed).map((task, index) => {
    const mark = packed.marks[index];
    if (mark === undefined) throw new RangeError('each task has its origin');
    return { ...task, ...mark };
  });
}

export function packStored(tasks: readonly StoredTask[]): PackedStored {
  return { ...packTasks(tasks), rest: tasks.map(({ id: _id, bytes: _bytes, ...rest }) => rest) };
}

export function unpackStored(packed: PackedStored): StoredTask[] {
  return unpackTasks(packed).map((task, index) => {
    const rest = packed.rest[index];
    if (rest === undefined) throw new RangeError('each task has its rest');
    return { ...task, ...rest };
  });
}

/** What became of each: its number, or one of these. `RELAYED`, and all below it: a task of so much higher a number is there. */
export const KNOWN = 0;
export const FULL = -1;
export const RELAYED = -2;

export function resultOf(outcome: number): AddResult {
  if (outcome === KNOWN) return { type: 'known' };
  return outcome === FULL ? { type: 'full' } : { type: 'stored', seq: outcome };
}

export function relayResultOf(outcome: number): RelayResult {
  if (outcome <= RELAYED) return { type: 'relayed', seq: RELAYED - outcome };
  return outcome === KNOWN ? { type: 'known' } : { type: 'stored', seq: outcome };
}
