/**
 * The keys of the embedded store, as bytes, so they sort as their parts do: the kind, then for what has a number the
 * name with its length before it (no name is the beginning of another), then the term or the number.
 */
import type { TaskId } from '../../task/task.js';
import { isWellFormed } from '../../task/taskId.js';

/** From `start`, up to and without `end`. */
export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

export function leaseKey(name: string): Buffer {
  return Buffer.from(`l${name}`);
}

/** Names the epoch of the store. */
export const settledKey: Buffer = Buffer.from('s');

export function memberKey(id: string): Buffer {
  return Buffer.from(`m${id}`);
}

export const memberRange: KeyRange = { start: Buffer.from('m'), end: Buffer.from('n') };

/** Returns the range of those members' lines whose ids begin so. */
export function memberRangeOf({ from, below }: { readonly from: string; readonly below: string }): KeyRange {
  return { start: memberKey(from), end: memberKey(below) };
}

/** Returns where what operators ask of a subsystem is. */
export function ordersKey(name: string): Buffer {
  return Buffer.from(`o${name}`);
}

/** Returns where the standby that goes first says that it lives. */
export function preferredKey(name: string): Buffer {
  return Buffer.from(`p${name}`);
}

export function drainKey(key: string): Buffer {
  return Buffer.from(`r${key}`);
}

export const drainRange: KeyRange = { start: Buffer.from('r'), end: Buffer.from('s') };

/** Returns what `drainKey` was given. */
export function drainNameOf(key: Buffer): string {
  return key.toString('utf8', 1);
}

/** Returns where a success is, by a name and a key. */
export function successKey(name: string, key: string): Buffer {
  return Buffer.concat([prefixed('u', Buffer.from(name)), Buffer.from(key)]);
}

/** Returns where the last slot of a job is. */
export function slotKey(name: string, job: string): Buffer {
  return Buffer.concat([prefixed('j', Buffer.from(name)), Buffer.from(job)]);
}

/** Returns where a schedule is, by a name and an id. */
export function scheduleKey(name: string, id: string): Buffer {
  return Buffer.concat([prefixed('h', Buffer.from(name)), Buffer.from(id)]);
}

/** Returns the range of the schedules of a subsystem. No id is empty, and none holds bytes that are no text. */
export function scheduleRange(name: string): KeyRange {
  const prefix = prefixed('h', Buffer.from(name));
  return { start: prefix, end: Buffer.concat([prefix, Buffer.from([0xff])]) };
}

export function termKey(name: string, term: number): Buffer {
  return numbered('t', Buffer.from(name), term);
}

/** Returns where a request to change a task is. They sort by their ids. */
export function changeKey(name: string, id: string): Buffer {
  return Buffer.concat([prefixed('b', Buffer.from(name)), Buffer.from(id)]);
}

export function changeRange(name: string): KeyRange {
  return { start: changeKey(name, ''), end: changeKey(name, '\u{10ffff}') };
}

/** Returns what a queue gives its numbers from. */
export function queueKey(name: string): Buffer {
  return Buffer.from(`q${name}`);
}

export function taskKey(name: string, seq: number): Buffer {
  return numbered('k', Buffer.from(name), seq);
}

/** Returns the range of tasks from the number `from` on. */
export function taskRange(name: string, from: number): KeyRange {
  return { start: taskKey(name, from), end: taskKey(name, Number.MAX_SAFE_INTEGER) };
}

/** The range of the tasks of all names. */
export const allTasks: KeyRange = { start: Buffer.from('k'), end: Buffer.from('l') };

/** Returns the name that `taskKey` was given, and where the tasks of the next name may begin. */
export function taskNameIn(key: Buffer): { readonly name: string; readonly next: Buffer } {
  const end = 5 + key.readUInt32BE(1);
  return { name: key.toString('utf8', 5, end), next: Buffer.concat([key.subarray(0, end), Buffer.alloc(9, 0xff)]) };
}

/** Returns the key under which the number of the task with this id is. */
export function idKey(name: string, id: TaskId): Buffer {
  return Buffer.concat([prefixed('i', Buffer.from(name)), idBytes(id)]);
}

/** For each id that stays taken for longer than its task is queued, by when that ends. */
export function takenEndKey(name: string, until: number, seq: number): Buffer {
  const end = Buffer.alloc(8);
  end.writeBigUInt64BE(BigInt(seq));
  return Buffer.concat([numbered('f', Buffer.from(name), until), end]);
}

/** Returns the range of those that have ended by then. */
export function takenEnds(name: string, now: number): KeyRange {
  const from = Buffer.from(name);
  return { start: numbered('f', from, 0), end: numbered('f', from, now + 1) };
}

/** Returns the key under which the number of the task of this origin is. */
export function originKey(name: string, origin: string): Buffer {
  return Buffer.concat([prefixed('g', Buffer.from(name)), Buffer.from(origin)]);
}

/** Where an entry of the outbox is in the line: marked ones before the others, then by their time. Refused ones are behind all. */
interface EntryPlace {
  readonly marked: boolean;
  /** In ms since 1970. */
  readonly at: number;
  readonly origin: string;
}

/** In the place of 0 for those that are marked, and 1 for the others. */
const REFUSED = 2;

export function entryKey(name: string, { marked, at, origin }: EntryPlace): Buffer {
  const time = Buffer.alloc(9, marked ? 0 : 1);
  time.writeBigUInt64BE(BigInt(Math.max(0, Math.trunc(at))), 1);
  return Buffer.concat([prefixed('v', Buffer.from(name)), time, Buffer.from(origin)]);
}

/** Returns the range of the entries of a name that are marked, or due by then. */
export function entryRangeUntil(name: string, at: number): KeyRange {
  const start = prefixed('v', Buffer.from(name));
  return { start, end: entryKey(name, { marked: false, at: at + 1, origin: '' }) };
}

/** Returns where the entry at this key is once it is refused: beyond all that is due, whenever that is. */
export function refusedPlaceOf(key: Buffer): Buffer {
  const moved = Buffer.from(key);
  moved[5 + key.readUInt32BE(1)] = REFUSED;
  return moved;
}

/** Returns the range of the entries of a name that are refused. */
export function refusedEntries(name: string): KeyRange {
  const prefix = prefixed('v', Buffer.from(name));
  return { start: Buffer.concat([prefix, Buffer.from([REFUSED])]), end: Buffer.concat([prefix, Buffer.from([0xff])]) };
}

/** Returns the place of the time in an entry's key. */
export function entryTimeIn(key: Buffer): number {
  const at = 5 + key.readUInt32BE(1) + 1;
  return Number(key.readBigUInt64BE(at));
}

/** Returns the key under which the key of the entry with this id is. */
export function entryIdKey(name: string, id: TaskId): Buffer {
  return Buffer.concat([prefixed('w', Buffer.from(name)), idBytes(id)]);
}

export function letterKey(name: string, seq: number): Buffer {
  return numbered('d', Buffer.from(name), seq);
}

export function letterRange(name: string): KeyRange {
  return { start: letterKey(name, 0), end: letterKey(name, Number.MAX_SAFE_INTEGER) };
}

/** Returns where the number of dead letters is kept. */
export function letterCountKey(name: string): Buffer {
  return Buffer.from(`c${name}`);
}

/** For each dead letter of an id, its number. */
export function letterIdKey(name: string, id: TaskId, seq: number): Buffer {
  return numbered('e', Buffer.concat([prefixed('', Buffer.from(name)), idBytes(id)]), seq);
}

export function letterIdRange(name: string, id: TaskId): KeyRange {
  return { start: letterIdKey(name, id, 0), end: letterIdKey(name, id, Number.MAX_SAFE_INTEGER) };
}

/** Returns where the outcome of an id is. */
export function outcomeKey(name: string, id: TaskId): Buffer {
  return outcomeKeys(name)(id);
}

/** Returns what `outcomeKey` is for one name, for many ids. */
export function outcomeKeys(name: string): (id: TaskId) => Buffer {
  const prefix = prefixed('x', Buffer.from(name));
  return (id) => Buffer.concat([prefix, idBytes(id)]);
}

/** For outcomes that may be deleted at the same time, by that; `part` tells apart those that were stored by several calls. */
export function outcomesEndKey(name: string, until: number, part: number): Buffer {
  const last = Buffer.alloc(4);
  last.writeUInt32BE(part);
  return Buffer.concat([numbered('z', Buffer.from(name), until), last]);
}

/** Returns the range of those that ended before then. */
export function outcomesEnds(name: string, before: number): KeyRange {
  const from = Buffer.from(name);
  return { start: numbered('z', from, 0), end: numbered('z', from, before) };
}

/** For each outcome that an older version stored, by the time when it may be deleted. */
export function outcomeEndKey(name: string, until: number, id: TaskId): Buffer {
  return Buffer.concat([numbered('y', Buffer.from(name), until), idBytes(id)]);
}

/** Returns the range of those that end before then. */
export function outcomeEnds(name: string, before: number): KeyRange {
  const from = Buffer.from(name);
  return { start: numbered('y', from, 0), end: numbered('y', from, before) };
}

/** As different for different ids as the ids are: 1 is not '1'. */
function idBytes(id: TaskId): Buffer {
  if (typeof id === 'string') return Buffer.from(isWellFormed(id) ? `s${id}` : `j${JSON.stringify(id)}`);
  const bytes = Buffer.alloc(9, 'n');
  bytes.writeDoubleBE(id, 1);
  return bytes;
}

function prefixed(kind: string, bytes: Buffer): Buffer {
  const head = Buffer.alloc(kind.length + 4, kind);
  head.writeUInt32BE(bytes.length, kind.length);
  return Buffer.concat([head, bytes]);
}

function numbered(kind: string, bytes: Buffer, number: number): Buffer {
  const key = Buffer.alloc(1 + 4 + bytes.length + 8, kind);
  key.writeUInt32BE(bytes.length, 1);
  bytes.copy(key, 5);
  key.writeBigUInt64BE(BigInt(number), 5 + bytes.length);
  return key;
}

/** Returns the records of a subsystem, those below the term `below` if it is given. */
export function termRange(name: string, below: number = Number.MAX_SAFE_INTEGER): KeyRange {
  return { start: termKey(name, 0), end: termKey(name, below) };
}
