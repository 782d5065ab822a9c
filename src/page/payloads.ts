/** What a task holds, as text of EJSON that can be shown: exact, short, and without what `redact` leaves out. */
import { bson } from '../task/bson.js';
import type { TaskId } from '../task/task.js';
import { decodeTask } from '../task/taskCodec.js';
import { asTaskId } from '../task/taskId.js';
import type { Ejson, PayloadText } from './contract.js';

/** In characters. */
export const SHOWN_MAX = 4096;
const DEPTH_MAX = 100;

type Redact = ((task: unknown, name: string) => unknown) | null;

/** An id is a number or a text, and both are the same in JSON. */
export function idText(id: TaskId): Ejson {
  return JSON.stringify(id);
}

/** Returns undefined for what is no id. */
export function idOf(text: unknown): TaskId | undefined {
  try {
    return typeof text === 'string' ? asTaskId(JSON.parse(text)) : undefined;
  } catch {
    return undefined;
  }
}

/** Never throws: what cannot be shown is said to be so, without a part of it. */
export function payloadText(bytes: Uint8Array, name: string, redact: Redact): PayloadText {
  const text = textOf(bytes, name, redact);
  if (text.length <= SHOWN_MAX) return { payload: text };
  // No half of a pair.
  const end = /[\uD800-\uDBFF]/.test(text.charAt(SHOWN_MAX - 1)) ? SHOWN_MAX - 1 : SHOWN_MAX;
  return { payload: text.slice(0, end), cut: true };
}

function textOf(bytes: Uint8Array, name: string, redact: Redact): string {
  let task: unknown;
  try {
    task = decodeTask(Buffer.from(bytes));
  } catch {
    return '"(these bytes are no task)"';
  }
  try {
    const shown = redact === null ? task : redact(task, name);
    if (isThenable(shown)) {
      // It may reject, and a rejection that is handled nowhere ends the process.
      Promise.resolve(shown).catch(() => {});
      return '"(redact() has returned a promise and must not, so this is not shown)"';
    }
    // A symbol or a function has no text at all.
    return (shown === undefined ? undefined : bson.EJSON.stringify(exact(shown, 0))) ?? '"(hidden)"';
  } catch {
    return redact === null ? '"(this task cannot be shown)"' : '"(redact() has failed, so this is not shown)"';
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Numbers of 64 bits would be rounded. */
function exact(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return { $numberLong: String(value) };
  if (depth > DEPTH_MAX) throw new Error('this is too deep, or a circle');
  if (Array.isArray(value)) return value.map((each) => exact(each, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return new bson.Binary(value);
  const above: unknown = Object.getPrototypeOf(value);
  // Of whichever realm.
  if (above !== null && Object.getPrototypeOf(above) !== null) return value;
  // Pairs, because `__proto__` is a field as any other in a task.
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [[key, exact(each, depth + 1)]])),
  );
}
