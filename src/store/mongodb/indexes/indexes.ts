/** The indexes that calls need, how one that is there is judged, and the commands with which a person makes them. */
import { inspect } from 'node:util';
import { type Fields, isFields } from '../../documents.js';
import { LEASES } from '../commands.js';
import { DEAD_LETTERS, TASKS } from '../tasks/taskReads.js';

export const MEMBERS = 'failover_members';
/** How long the line of a member stays that did not remove it, in seconds. */
export const MEMBERS_KEPT_SECONDS = 60 * 60;

export interface Index {
  readonly collection: string;
  readonly name: string;
  readonly key: Fields;
  /** What `createIndex` takes beside the name. */
  readonly options: Fields;
  /**
   * `correct`: a task may run twice without it. `fast`: calls go through whole collections without it. `tidy`: old lines
   * stay until a store is opened.
   */
  readonly use: 'correct' | 'fast' | 'tidy';
}

export const uniqueTasks: Index = {
  collection: TASKS,
  name: 'name_key',
  key: { name: 1, key: 1 },
  options: { unique: true },
  use: 'correct',
};

/**
 * Of tasks that a master moved into the queue: the others are not in it, and pay nothing for it. It is made when it is first needed,
 * and not every server can make it.
 */
export const originIndex: Index = {
  collection: TASKS,
  name: 'origin',
  key: { origin: 1 },
  options: { sparse: true },
  use: 'tidy',
};

export const OUTBOX = 'failover_outbox';

/**
 * By which those entries are found that are due, and those that are marked, however many wait for later. Made when the outbox is
 * first written to, or looked at.
 */
export const outboxIndexes: readonly [Index, Index] = [
  { collection: OUTBOX, name: 'name_at', key: { name: 1, at: 1, origin: 1, _id: 1 }, options: {}, use: 'tidy' },
  { collection: OUTBOX, name: 'name_due', key: { name: 1, due: 1 }, options: {}, use: 'tidy' },
];

export const indexes: readonly Index[] = [
  { collection: LEASES, name: 'name_term', key: { name: 1, term: -1 }, options: {}, use: 'fast' },
  uniqueTasks,
  { collection: TASKS, name: 'name_seq', key: { name: 1, seq: 1 }, options: {}, use: 'fast' },
  { collection: DEAD_LETTERS, name: 'name_key', key: { name: 1, key: 1 }, options: {}, use: 'fast' },
  {
    collection: MEMBERS,
    name: 'at',
    key: { at: 1 },
    options: { expireAfterSeconds: MEMBERS_KEPT_SECONDS },
    use: 'tidy',
  },
];

export const OUTCOMES = 'failover_outcomes';
/** Made with the first outcome: a database without outcomes has no such collection. */
export const outcomeEnds: Index = {
  collection: OUTCOMES,
  name: 'name_until',
  key: { name: 1, until: 1 },
  options: {},
  use: 'tidy',
};

/** With one of these an index leaves documents out, or takes different keys for equal. */
const LIMITING = ['partialFilterExpression', 'sparse', 'collation'];

/** `wrong`: an index is in the place of ours, and does not do what ours does. */
export type Verdict =
  | { readonly type: 'there' }
  | { readonly type: 'missing' }
  | { readonly type: 'wrong'; readonly found: Fields };

/** Judges the indexes of a collection, as the server lists them: one under another name is as good. */
export function judge(index: Index, listed: readonly Fields[]): Verdict {
  if (listed.some((other) => serves(index, other))) return { type: 'there' };
  const inItsPlace = listed.find((other) => other.name === index.name || hasKeyOf(index, other));
  return inItsPlace === undefined ? { type: 'missing' } : { type: 'wrong', found: inItsPlace };
}

function serves(index: Index, other: Fields): boolean {
  const isUnique = index.options.unique !== true || other.unique === true;
  return isUnique && hasKeyOf(index, other) && LIMITING.every((option) => !other[option]);
}

function hasKeyOf({ key }: Index, other: Fields): boolean {
  return isFields(other.key) && JSON.stringify(other.key) === JSON.stringify(key);
}

/** Returns what `createIndexes` takes. */
export function specification({ name, key, options }: Index): Fields {
  return { key, name, ...options };
}

/** Returns the command with which an administrator makes the index in mongosh. */
export function createCommand({ collection, name, key, options }: Index): string {
  return `db.${collection}.createIndex(${show(key)}, ${show({ name, ...options })})`;
}

/** Returns the command with which an administrator removes an index that is in the place of ours. */
export function dropCommand({ collection }: Index, found: Fields): string {
  return `db.${collection}.dropIndex(${show(found.name)})`;
}

/** Returns all that an administrator runs in mongosh, where the application's user may not make indexes. */
export function adminCommands(): string[] {
  return [...indexes, originIndex, outcomeEnds, ...outboxIndexes].map(createCommand);
}

export function show(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY });
}
