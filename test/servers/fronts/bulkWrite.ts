/**
 * The command `bulkWrite` of MongoDB 8.0, played before a server that does not have it: each operation becomes an `update` of its
 * own, and the answer has the outcome of each.
 */
import type { Document } from 'bson';
import { makeAnswer, makeMessage, readMessage, typedBody, type WireMessage } from '../../support/wire.js';

interface Updates {
  readonly ops: readonly { readonly filter: Document; readonly updateMods: Document }[];
  readonly nsInfo: readonly { readonly ns: string }[];
}

/** Only what is sent here is played: updates of one document each, in one collection, in any order. */
export async function playBulkWrite(
  message: WireMessage,
  pass: (bytes: Buffer) => Promise<Buffer>,
  databaseFor: (name: string) => string = (name) => name,
): Promise<Buffer> {
  const { ops, nsInfo } = typedBody(message) as Document & Updates;
  const [database = '', collection = ''] = split(nsInfo[0]?.ns ?? '');
  const firstBatch: Document[] = [];
  for (const [idx, { filter, updateMods }] of ops.entries()) {
    const update = { update: collection, updates: [{ q: filter, u: updateMods }], $db: databaseFor(database) };
    const { n, ok, code, errmsg, writeErrors } = readMessage(
      await pass(makeMessage(message.requestId, 0, update)),
    ).body;
    // Of the whole command.
    if (ok !== 1) return makeAnswer(message, message.requestId, { ok: 0, code, errmsg });
    const error = writeErrors?.[0];
    firstBatch.push(error === undefined ? { ok: 1, idx, n } : { ...error, ok: 0, idx, n: 0 });
  }
  const nErrors = firstBatch.filter((each) => each.ok === 0).length;
  const cursor = { id: 0, ns: 'admin.$cmd.bulkWrite', firstBatch };
  return makeAnswer(message, message.requestId, { cursor, nErrors, ok: 1 });
}

/** The databases that it writes. */
export function databaseOf({ body }: WireMessage): string {
  return split(body.nsInfo?.[0]?.ns ?? '')[0] ?? '';
}

function split(namespace: string): string[] {
  const at = namespace.indexOf('.');
  return [namespace.slice(0, at), namespace.slice(at + 1)];
}
