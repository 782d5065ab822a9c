/** How entries of the outbox are named in MongoDB, and the origins of the tasks that become of them. */
import { createHash } from 'node:crypto';
import { bson } from '../../../task/bson.js';
import type { TaskId } from '../../../task/task.js';
import { type Fields, isFields } from '../../documents.js';
import type { EntryRef } from '../../outbox.js';

/** How the `_id` of a task begins that is due later, and all origins that we make: those of ObjectIds. */
const DELAYED = 'at/';
const OUR_ORIGIN = /^[\da-f]{24}$/;

export function delayedId(name: string, id: TaskId): string {
  return `${DELAYED}${name.length}/${name}/${typeof id}/${id}`;
}

/** Returns whether this is the `_id` of a task that is due later. */
export function isDelayed(id: unknown): boolean {
  return typeof id === 'string' && id.startsWith(DELAYED);
}

/** Finds this entry, and none that came later under its `_id`. */
export function only({ key, origin, given = origin }: EntryRef): Fields {
  return isObjectId(key) || given === '' ? { _id: key } : { _id: key, origin: given };
}

/**
 * Returns the origin of the task. That of another program is taken together with the `_id`: it may have given one to two entries, or
 * one that we give to tasks. Returns undefined for an entry of another program that nothing tells from a later one.
 */
export function originOf({ _id, origin }: Fields): string | undefined {
  if (typeof origin !== 'string' || origin === '') return isObjectId(_id) ? String(_id) : undefined;
  if (OUR_ORIGIN.test(origin) && isDelayed(_id)) return origin;
  return `entry/${createHash('sha256').update(bson.serialize({ _id, origin })).digest('hex')}`;
}

function isObjectId(value: unknown): boolean {
  return value instanceof bson.ObjectId || (isFields(value) && value._bsontype === 'ObjectId');
}
