/** Documents as another program, or a later version, may have written them into our collections. */

import fc from 'fast-check';
import { Binary, Decimal128, Long, MaxKey, ObjectId, Timestamp } from 'mongodb';
import { MEGABYTE } from './hostileValues.ts';

/** What a field may hold, as a driver or LMDB hands it over: data alone. */
export const alienValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown[]>(
    ...[
      null,
      undefined,
      true,
      Number.NaN,
      -0,
      -1,
      0.5,
      Infinity,
      -Infinity,
      1e300,
      2 ** 31,
      2 ** 52,
      2 ** 53,
      2n ** 60n,
    ],
    ...['', '5', '__proto__', '\ud800', MEGABYTE, new Date(Number.NaN), new Date(0), [], {}, new Map([['term', 1]])],
    ...[Long.MAX_VALUE, Long.fromNumber(1), Decimal128.fromString('NaN'), Decimal128.fromString('1E+6000')],
    ...[
      new Binary(Buffer.from('x')),
      new ObjectId('0123456789abcdef01234567'),
      new Timestamp({ t: 1, i: 1 }),
      new MaxKey(),
    ],
    ...[{ json: '"\\ud800"' }, { json: '{' }, { json: '[]' }, { json: 1 }, { was: 3 }, { toString: 1, valueOf: 1 }],
    ...[new Uint8Array(3), Buffer.alloc(0), { _bsontype: 'Binary', buffer: new Uint8Array(3), position: -5 }],
    ...[Array.from({ length: 5000 }, (_, index) => index), [1, Number.NaN], ['a', {}], [[1]]],
  ),
  fc.anything({ withDate: true, withNullPrototype: true, maxDepth: 2 }),
);

const id = fc.oneof(fc.integer(), fc.string());
const count = fc.nat({ max: 1000 });
const text = fc.string({ maxLength: 10 });
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
const at = fc.constant(new Date(0));
const error = fc.record({ name: text, message: text, code: fc.option(text) });
const burial = fc.record({ seq: count, name: text, message: text, code: fc.option(text), attempts: count });

export const leaseDocument = fc.record({
  ...{
    term: count,
    beat: count,
    ack: count,
    holder: fc.option(text),
    claim: text,
    ttl: count,
    identifier: fc.option(id),
    at,
  },
  ...{ count, recent: fc.array(id, { maxLength: 5 }), done: count, burial: fc.option(burial) },
});
/** As it is beside the claim that wrote it. */
export const configuredLease = fc
  .tuple(leaseDocument, fc.constantFrom('unmanaged', 'memory', 'durable'), fc.dictionary(text, text))
  .map(([lease, kind, settings]) => ({ ...lease, configuration: { claim: lease.claim, kind, settings } }));
export const noticeDocument = fc.record({
  ...{ name: text, holder: text, ttl: count, count, wants: fc.boolean() },
  configuration: fc.record({
    kind: fc.constantFrom('unmanaged', 'memory', 'durable'),
    settings: fc.dictionary(text, text),
  }),
});
export const ordersDocument = fc.record({
  ...{ subsystem: text, version: count, at },
  handOver: fc.option(
    fc.record({
      ...{ id: text, term: count, to: fc.option(text), by: text, reason: fc.option(text), at, why: fc.option(text) },
      state: fc.constantFrom('asked', 'accepted', 'refused', 'done'),
    }),
  ),
  pause: fc.option(
    fc.record({ by: text, reason: fc.option(text), at, until: fc.option(count), standby: fc.boolean() }),
  ),
});
export const preferredDocument = fc.record({ subsystem: text, holder: text, priority: count, count, at });
export const termDocument = fc.record({ name: text, term: count, holder: text, claim: text, ttl: count, at });
export const taskDocument = fc.record({
  ...{ name: text, seq: fc.integer({ min: 1, max: 3 }), key: id, payload: bytes, attempts: count, deaths: count, at },
});
export const letterDocument = fc.record({
  name: text,
  seq: count,
  key: id,
  payload: bytes,
  error,
  attempts: count,
  at,
});
export const memberDocument = fc.record({ id: text, name: text, host: text, pid: count, state: text, at });

/** The document with one to three fields gone, or holding something else; at times something else altogether. */
export function alien(document: fc.Arbitrary<object>): fc.Arbitrary<unknown> {
  const change = fc.tuple(
    fc.nat({ max: 30 }),
    fc.constantFrom('gone', 'other', 'other', 'other', 'format'),
    alienValue,
  );
  const altered = fc.tuple(document, fc.array(change, { minLength: 1, maxLength: 3 })).map(([valid, changes]) => {
    const fields = new Map<string, unknown>(Object.entries(valid));
    for (const [place, how, value] of changes) {
      const name = [...fields.keys()][place % Math.max(1, fields.size)] ?? 'term';
      if (how === 'gone') fields.delete(name);
      else fields.set(how === 'format' ? 'format' : name, value);
    }
    return Object.fromEntries(fields);
  });
  return fc.oneof(
    { weight: 8, arbitrary: altered },
    { weight: 1, arbitrary: document },
    { weight: 1, arbitrary: alienValue },
  );
}
