/** What an entry of the outbox is called: another program may have given it any `_id`. */

import { redact } from '../diagnostics/redact.js';
import { shorten, showValue } from '../diagnostics/showValue.js';
import type { EntryRef } from '../store/outbox.js';
import { bson } from '../task/bson.js';

const SHOWN_LENGTH_MAX = 200;

/** Returns a text that no two entries have in common. */
export function entryName({ key, origin }: EntryRef): string {
  return typeof key === 'string'
    ? `${key}/${origin}`
    : `${Buffer.from(bson.serialize({ key })).toString('hex')}/${origin}`;
}

/** Returns the `_id` as a person can look for it. */
export function shownKey(key: unknown): string {
  if (typeof key !== 'object' || key === null) return showValue(key);
  if (key instanceof bson.ObjectId) return `ObjectId('${key.toHexString()}')`;
  return shorten(redact(bson.EJSON.stringify(key)), SHOWN_LENGTH_MAX);
}
