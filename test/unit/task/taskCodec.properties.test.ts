/**
 * Tasks as bytes: what goes in comes back as the head of src/task/taskCodec.ts says, or is refused with a code and the path
 * of a value; never is something altered in silence, and never does anything else escape.
 */

import fc from 'fast-check';
import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { decodeTask } from '../../../src/task/taskCodec.ts';
import { encoded } from '../../support/encoded.ts';
import { runs } from '../../support/propertyRuns.ts';
import { acceptedOrCoded } from '../hostile/accepted.ts';
import { Given, hostile, mutated } from '../hostile/hostileValues.ts';

const MIB = 1024 * 1024;
const REFUSED = ['ERR_TASK_NOT_CLONEABLE', 'ERR_TASK_TOO_LARGE'] as const;

const name = fc
  .string({ unit: 'grapheme', maxLength: 8 })
  .filter((text) => !text.includes('\0') && text !== '_bsontype');
const text = fc.string({ unit: 'grapheme' });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const exact = fc.oneof(
  ...[fc.constant(null), fc.boolean(), text, fc.double(), fc.integer(), fc.maxSafeInteger(), int64, bytes],
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(/a(b)?/, /ä\/"/gim, new MinKey(), new MaxKey()),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((id) => new ObjectId(id)),
  fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new Timestamp({ t, i })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => Decimal128.fromString(String(value))),
);

/** Values that come back as they were. */
const { exactTask } = fc.letrec<{ exactTask: object; value: unknown }>((tie) => ({
  exactTask: fc.dictionary(name, tie('value'), { maxKeys: 6, noNullPrototype: true }).filter(isNoReference),
  value: fc.oneof(
    { maxDepth: 5 },
    { weight: 4, arbitrary: exact },
    { weight: 1, arbitrary: tie('exactTask') },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 6 }) },
  ),
}));

function isNoReference(task: object): boolean {
  return !('$ref' in task && '$id' in task);
}

/** Beside them values that come back as something near, which the head of the codec lists. */
const near: fc.Arbitrary<readonly [given: unknown, back: unknown]> = fc.oneof(
  int64.map((value) => [Long.fromBigInt(value), value] as const),
  fc.integer().map((value) => [new Int32(value), value] as const),
  fc.double({ noNaN: true }).map((value) => [new Double(value), value] as const),
  bytes.map((value) => [new Binary(value), value] as const),
  bytes.map((value) => [new Uint8Array(value), value] as const),
  text.map((value) => [Object.assign(Object.create({ method: () => {} }), { value }), { value }] as const),
  fc.string({ unit: 'binary' }).map((value) => [value, Buffer.from(value).toString()] as const),
);

test('what can be carried comes back as it was', () => {
  const property = fc.property(exactTask, (task) => {
    expect(decodeTask(encoded(task, MIB))).toStrictEqual(task);
  });
  fc.assert(property, runs(1000));
});

test('what cannot be kept as it is comes back as something near, in every place', () => {
  const property = fc.property(near, exactTask, ([given, back], rest) => {
    const task = { rest, given, list: [given, undefined], nothing: undefined, deep: { given } };
    expect(decodeTask(encoded(task, MIB))).toStrictEqual({
      rest,
      given: back,
      list: [back, null],
      deep: { given: back },
    });
  });
  fc.assert(property, runs(500));
});

test('the size is limited exactly', () => {
  const property = fc.property(exactTask, fc.integer({ min: -1, max: 1 }), (task, more) => {
    const size = encoded(task, MIB).length;
    const taken = acceptedOrCoded(['ERR_TASK_TOO_LARGE'], () => encoded(task, size + more));
    expect(taken === undefined).toBe(more < 0);
  });
  fc.assert(property, runs(500));
});

describe('whatever is handed in', () => {
  const notCarried: readonly (() => unknown)[] = [
    ...[() => new Map([[1, 2]]), () => new Set([1]), () => new Error('x'), () => () => {}, () => Symbol('x')],
    ...[() => 2n ** 63n, () => new Date(Number.NaN), () => /x/u, () => new Float64Array(1), () => new ArrayBuffer(1)],
    ...[
      () => new Proxy(new Date(), {}),
      () => new Number(1),
      () => Promise.resolve(),
      () => new Binary(new Uint8Array(16), 4),
    ],
  ];

  test('is refused by the path of the value that cannot be carried', () => {
    const property = fc.property(exactTask, fc.constantFrom(...notCarried), fc.nat({ max: 5 }), (rest, make, index) => {
      const list = Array.from({ length: index }, () => 0);
      const tasks = [
        [{ rest, bad: make() }, '$.bad '],
        [{ rest, list: [...list, make()] }, `$.list[${index}] `],
        [{ rest, 'a b': { c: make() } }, '$["a b"].c '],
      ] as const;
      for (const [task, path] of tasks) {
        const refused = expect.objectContaining({
          code: 'ERR_TASK_NOT_CLONEABLE',
          message: expect.stringContaining(path),
        });
        expect(() => encoded(task, MIB)).toThrow(refused);
      }
    });
    fc.assert(property, runs(200));
  });

  test('is taken, and then read again, or refused with a code', () => {
    const parts = fc.oneof(
      hostile,
      fc.constantFrom(...lies).map((make) => new Given(() => String(make), make)),
    );
    const tasks = fc.oneof(
      hostile,
      mutated(exactTask, parts),
      parts.map(
        ({ make }) =>
          new Given(
            () => '{ part }',
            () => ({ part: make() }),
          ),
      ),
    );
    const property = fc.property(tasks, fc.constantFrom(20, 1000, MIB), ({ make }, most) => {
      const bytes = acceptedOrCoded(REFUSED, () => encoded(make(), most));
      if (bytes === undefined) return;
      expect(bytes.length).toBeLessThanOrEqual(most);
      decodeTask(bytes);
    });
    fc.assert(property, runs(1500));
  });

  test('bytes are a task, or refused with a code', () => {
    const noise = fc.oneof(
      fc.uint8Array().map((noise) => Buffer.from(noise)),
      fc.tuple(exactTask, fc.nat(), fc.nat({ max: 255 })).map(([task, at, byte]) => {
        const changed = Buffer.from(encoded(task, MIB));
        changed[at % changed.length] = byte;
        return changed;
      }),
    );
    const property = fc.property(noise, (noisy) => {
      acceptedOrCoded(['ERR_STORE_DATA'], () => decodeTask(noisy));
    });
    fc.assert(property, runs(800));
  });
});

const bsonType = Symbol.for('@@mdb.bson.type');
const bsonVersion = Symbol.for('@@mdb.bson.version');

function pretender(type: string, more: object = {}): object {
  return Object.assign(Object.create({ _bsontype: type, [bsonType]: type, [bsonVersion]: 7 }), more);
}

/** Objects that say they are something else. */
const lies: readonly (() => unknown)[] = [
  ...['ObjectId', 'Decimal128', 'Timestamp', 'Long', 'Int32', 'Double', 'MinKey', 'Binary', 'Code', 'Nothing'].map(
    (type) => () => pretender(type),
  ),
  () => pretender('Binary', { sub_type: 0, position: 5, buffer: 'text' }),
  () => pretender('Binary', { sub_type: 0, position: -5, buffer: new Uint8Array(3) }),
  () => pretender('Double', { value: 'text' }),
  () => pretender('Int32', { value: { valueOf: () => 1 } }),
  () => pretender('Long', { high: 'x', low: {} }),
  () => pretender('ObjectId', { buffer: new Uint8Array(3) }),
  () => Object.create({ _bsontype: 'ObjectID', toHexString: () => 'no hex' }),
  () => Object.create({ toBSON: () => Object.create({ toBSON: () => 1 }) }),
  () => Object.create({ toBSON: () => () => {} }),
  () => Object.defineProperty(Buffer.from('abc'), 'byteLength', { value: 100_000 }),
  () => Object.defineProperty(Buffer.from('abc'), 'length', { value: 100_000 }),
  () => Object.defineProperty(/x/, 'source', { value: '(' }),
  () => Object.defineProperty(/x/, 'flags', { get: () => 'gg' }),
  () => Object.defineProperty([1, 2], 1, { get: () => 2n ** 70n }),
];
