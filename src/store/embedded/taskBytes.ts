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
  readonly seqs: readonly number[];
  /** When each was stored, in ms since 1970. */
  readonly times: readonly number[];
  /** What only some tasks have, by their index; missing if none has any. */
  readonly rest?: ReadonlyMap<number, StoredRest>;
}

type StoredRest = Omit<StoredTask, 'id' | 'bytes' | 'details' | 'seq' | 'at'>;

export function packTasks(tasks: readonly NewTask[]): PackedTasks {
  const [ids, lengths]: [TaskId[], number[]] = [[], []];
  let [isDetailed, hasRules, isShared, total] = [false, false, true, 0];
  const shared = tasks[0]?.bytes.buffer;
  // One pass: this is what each stored task costs.
  for (const { id, bytes, details, idRule } of tasks) {
    ids.push(id);
    lengths.push(bytes.length);
    total += bytes.length;
    isDetailed ||= details !== undefined;
    hasRules ||= idRule !== undefined;
    isShared &&= bytes.buffer === shared;
  }
  const extra = {
    ...(isDetailed ? { details: tasks.map(({ details }) => details) } : {}),
    ...(hasRules ? { idRules: tasks.map(({ idRule }) => idRule) } : {}),
  };
  // Memory that both threads see need not be copied.
  if (shared instanceof SharedArrayBuffer && isShared) {
    const offsets = tasks.map(({ bytes }) => bytes.byteOffset);
    return { block: new Uint8Array(shared), ids, lengths, offsets, ...extra };
  }
  const block = new Uint8Array(total);
  let end = 0;
  const offsets = tasks.map(({ bytes }) => {
    block.set(bytes, end);
    end += bytes.length;
    return end - bytes.length;
  });
  return { block, ids, offsets, lengths, ...extra };
}

export function unpackTasks(packed: PackedTasks): NewTask[] {
  const { ids, details, idRules } = packed;
  // Objects of one shape: the others cost several times as much.
  if (details === undefined && idRules === undefined)
    return ids.map((id, index) => ({ id, bytes: bytesAt(packed, index) }));
  return ids.map((id, index) => {
    const bytes = bytesAt(packed, index);
    const told = details?.[index];
    const idRule = idRules?.[index];
    return { id, bytes, ...(told === undefined ? {} : { details: told }), ...(idRule === undefined ? {} : { idRule }) };
  });
}

function bytesAt({ block, offsets, lengths }: PackedTasks, index: number): Uint8Array {
  return Buffer.from(block.buffer, block.byteOffset + (offsets[index] ?? 0), lengths[index]);
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
  const rest = new Map<number, StoredRest>();
  for (const [index, task] of tasks.entries()) if (!isPlain(task)) rest.set(index, restOf(task));
  const seqs = tasks.map(({ seq }) => seq);
  const times = tasks.map(({ at }) => at.getTime());
  return { ...packTasks(tasks), seqs, times, ...(rest.size === 0 ? {} : { rest }) };
}

/** Returns whether nothing was put on record of it, and it has nothing else that only some have. Most are so. */
function isPlain({ attempts, deaths, recordedBy, origin, cancelled, permanent, checkpoint }: StoredTask): boolean {
  const isUntried = attempts === 0 && deaths === 0 && recordedBy === null && permanent === undefined;
  return isUntried && origin === undefined && cancelled === undefined && checkpoint === undefined;
}

function restOf({ id: _id, bytes: _bytes, details: _details, seq: _seq, at: _at, ...rest }: StoredTask): StoredRest {
  return rest;
}

export function unpackStored(packed: PackedStored): StoredTask[] {
  const { ids, seqs, times, details, rest } = packed;
  return ids.map((id, index) => {
    const [seq, time] = [seqs[index], times[index]];
    if (seq === undefined || time === undefined) throw new RangeError('each task has its number and its time');
    const bytes = bytesAt(packed, index);
    const task = { seq, id, bytes, attempts: 0, deaths: 0, recordedBy: null, at: new Date(time) };
    const [told, more] = [details?.[index], rest?.get(index)];
    return told === undefined && more === undefined ? task : { ...task, ...(told && { details: told }), ...more };
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
