import { runInNewContext } from 'node:vm';
import {
  Binary,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb';
import { describe, expect, it } from 'vitest';
import { TaskError } from '../../../src/errors.ts';
import { decodeTask } from '../../../src/task/taskCodec.ts';
import { encoded } from '../../support/encoded.ts';

const MIB = 1024 * 1024;
const roundTrip = (task: unknown): unknown => decodeTask(encoded(task, MIB));

function refusal(task: unknown, limit = MIB): TaskError {
  try {
    encoded(task, limit);
  } catch (error) {
    if (error instanceof TaskError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

class Point {
  readonly #hidden = 1;
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
  get sum(): number {
    return this.x + this.y + this.#hidden;
  }
}

describe('a task comes back', () => {
  it.each<[string, unknown]>([
    ['null and booleans', [null, true, false]],
    ['small and large integers', [0, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, Number.MAX_SAFE_INTEGER, -(2 ** 53), 1e300]],
    ['fractions and special numbers', [0.1, -0, Number.NaN, Infinity, -Infinity, Number.MIN_VALUE]],
    ['bigints of 64 bits', [0n, 1n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]],
    ['strings', ['', 'ä€😀', 'NUL \0 inside', 'x'.repeat(5000), '$where']],
    ['dates', [new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15)]],
    ['regular expressions', [/a(b)?/, /ä\/"/gim, /(?:)/g]],
    ['buffers', [Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(1000, 7)]],
    ['nested objects and arrays', [{ a: [{ b: [[], {}, [[1]]] }] }]],
    ['names of all kinds', [{ $set: 1, 'a.b': 2, '': 3, 7: 4, ä: 5, constructor: 6, $ref: 'x', $id: null }]],
    ['more than ten items', Array.from({ length: 1234 }, (_, index) => index)],
  ])('with %s', (_, value) => {
    const back = roundTrip({ value });
    expect(back).toStrictEqual({ value });
  });

  it('with the same shared value in two places', () => {
    const shared = { n: 1 };
    expect(roundTrip({ a: shared, b: [shared, shared] })).toEqual({ a: { n: 1 }, b: [{ n: 1 }, { n: 1 }] });
  });

  it('with BSON values that are instances of the classes of the driver', () => {
    const task = {
      id: new ObjectId(),
      price: new Decimal128('1.10'),
      at: new Timestamp({ t: 1, i: 2 }),
      min: new MinKey(),
    };
    const back = roundTrip(task);
    expect(back).toEqual(task);
    expect(back).toHaveProperty('id', expect.any(ObjectId));
  });

  it('with an ObjectId of another version of the bson package', () => {
    const hex = '0123456789abcdef01234567';
    class ObjectID {
      toHexString(): string {
        return hex;
      }
    }
    Object.defineProperty(ObjectID.prototype, '_bsontype', { value: 'ObjectID' });
    expect(roundTrip({ id: new ObjectID() })).toEqual({ id: new ObjectId(hex) });
  });

  /** As versions 1 to 6 of the package make them: where the type is, and in which fields the value. */
  const places = {
    prototype: (type: string, fields: object) => Object.assign(Object.create({ _bsontype: type }), fields),
    own: (type: string, fields: object) => Object.assign(Object.create({}), { _bsontype: type, ...fields }),
    hidden: (type: string, fields: object) =>
      Object.defineProperty(Object.assign(Object.create({}), fields), '_bsontype', { value: type }),
  };

  it.each(Object.entries(places))('with values of other versions of the bson package (%s)', (_title, make) => {
    const { bytes } = Decimal128.fromString('9.99');
    const task = {
      ...{ decimal: make('Decimal128', { bytes }), int: make('Int32', { value: -7 }), min: make('MinKey', {}) },
      ...{ double: make('Double', { value: 1.5 }), max: make('MaxKey', {}), long: make('Long', { low: 5, high: -1 }) },
      ...{ old: make('Long', { low_: 5, high_: 1 }), time: make('Timestamp', { low: -1, high: 9, unsigned: true }) },
      binary: make('Binary', { sub_type: 0, position: 1, buffer: Buffer.from('bc') }),
    };
    expect(roundTrip(task)).toStrictEqual({
      ...{ decimal: Decimal128.fromString('9.99'), int: -7, min: new MinKey(), double: 1.5, max: new MaxKey() },
      ...{ long: 5n - 2n ** 32n, old: 5n + 2n ** 32n, time: new Timestamp({ t: 9, i: 2 ** 32 - 1 }) },
      binary: Buffer.from('b'),
    });
  });

  it.each([
    ['Decimal128', { bytes: new Uint8Array(15) }],
    ['Decimal128', {}],
    ['Int32', { value: 2 ** 31 }],
    ['Double', { value: '1' }],
    ['Long', { low: 5 }],
    ['Timestamp', { low: 0.5, high: 1 }],
    ['Binary', { sub_type: 4, position: 1, buffer: Buffer.from('b') }],
    ['Binary', { sub_type: 0, position: 9, buffer: Buffer.from('b') }],
    ['Code', { code: 'x' }],
  ])('and refuses, with both versions, what is none of them: %s %j', (type, fields) => {
    const version = Symbol.for('@@mdb.bson.version');
    const value = Object.assign(Object.create({ _bsontype: type, [version]: 6 }), fields);
    const message = `$.a is a ${type} of BSON from version 6 of the package bson, which a task cannot carry; this package uses version 7`;
    expect(() => roundTrip({ a: value })).toThrow(message.replace('a Int32', 'an Int32'));
    expect(() => roundTrip({ a: places.prototype(type, fields) })).toThrow('from a version before 5');
  });

  it('with numbers of BSON as numbers, and binaries as buffers', () => {
    const task = {
      long: Long.fromNumber(5),
      int: new Int32(1),
      double: new Double(2),
      binary: new Binary(Buffer.from('b')),
    };
    expect(roundTrip(task)).toStrictEqual({ long: 5n, int: 1, double: 2, binary: Buffer.from('b') });
  });

  it('without undefined, as from JSON', () => {
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    const back = roundTrip({ a: undefined, b: [undefined, , 1] });
    expect(back).toStrictEqual({ b: [null, null, 1] });
  });

  it('as plain objects where it held instances, objects without prototype or of another realm, and proxies', () => {
    const plain = { x: 1, y: 2 };
    expect(roundTrip(new Point(1, 2))).toStrictEqual(plain);
    expect(roundTrip({ value: Object.assign(Object.create(null), plain) })).toStrictEqual({ value: plain });
    expect(roundTrip(runInNewContext('({ x: 1, y: 2 })'))).toStrictEqual(plain);
    expect(roundTrip(new Proxy(plain, {}))).toStrictEqual(plain);
  });

  it('as what its toBSON gives, which Mongoose documents have', () => {
    class Model {
      readonly internal = new Map();
      toBSON(): object {
        return { n: 1, id: new ObjectId('0123456789abcdef01234567') };
      }
    }
    expect(roundTrip(new Model())).toEqual(new Model().toBSON());
    expect(roundTrip({ list: [new Model()] })).toEqual({ list: [new Model().toBSON()] });
  });

  it('without a change to any prototype', () => {
    const task: unknown = JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":null}}');
    const back = roundTrip(task);
    expect(JSON.stringify(back)).toBe(JSON.stringify(task));
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect({}).not.toHaveProperty('polluted');
  });

  it('from bytes anywhere in a larger block', () => {
    const bytes = encoded({ id: 1, data: Buffer.from('xyz') }, MIB);
    const block = Buffer.alloc(bytes.length + 20, 9);
    block.set(bytes, 7);
    expect(decodeTask(block, 7, bytes.length)).toEqual({ id: 1, data: Buffer.from('xyz') });
  });
});

describe('a task is refused', () => {
  const circular: Record<string, unknown> = { a: {} };
  circular.a = { list: [circular] };
  const deep: Record<string, unknown> = {};
  let inner = deep;
  for (let depth = 1; depth < 101; depth++) {
    const next = {};
    inner.n = next;
    inner = next;
  }

  it.each<[string, unknown, string]>([
    ['a function', { a: { b: [1, 2, () => 3] } }, '$.a.b[2] is a function'],
    ['a symbol', { 'a b': Symbol('s') }, '$["a b"] is a symbol'],
    ['a promise', { a: Promise.resolve() }, '$.a is a Promise'],
    ['a map', { a: new Map() }, '$.a is a Map'],
    ['a set', { a: new Set() }, '$.a is a Set'],
    ['an error', { a: new Error('x') }, '$.a is an Error'],
    ['a URL', { a: new URL('data:,') }, '$.a is a URL'],
    ['a boxed number', { a: Object(1) }, '$.a is a Number'],
    ['other typed arrays', { a: new Float64Array(1) }, '$.a is a Float64Array'],
    ['an array buffer', { a: new ArrayBuffer(1) }, '$.a is an ArrayBuffer'],
    ['a long bigint', { a: [2n ** 63n] }, '$.a[0] is a bigint of more than 64 bits'],
    ['an invalid date', { a: new Date(Number.NaN) }, '$.a is an invalid Date'],
    ['a regular expression that BSON cannot keep', { a: /x/u }, '$.a is a RegExp with flags other than g, i and m'],
    ['a circular reference', circular, '$.a.list[0] contains itself'],
    ['too many levels', deep, `$${'.n'.repeat(100)} is nested more than 100 levels deep`],
    ['NUL in a name', { a: { 'b\0c': 1 } }, '$.a["b\\u0000c"] has a NUL in its name'],
    ['a forged BSON value', { a: [{ _bsontype: 'ObjectId', id: 'x' }] }, '$.a[0]._bsontype has a name by which BSON'],
    ['what reads as a database reference', { a: { $ref: 'c', $id: 1 } }, '$.a has both $ref and $id'],
    ['a database reference', { a: new DBRef('c', new ObjectId()) }, '$.a is a DBRef of BSON'],
    ['code', { a: new Code('x') }, '$.a is a Code of BSON'],
    ['a UUID', { a: new UUID() }, '$.a is a Binary of BSON'],
  ])('for %s, with the path', (_, task, message) => {
    const error = refusal(task);
    expect(error.message).toContain(message);
    expect(error.code).toBe('ERR_TASK_NOT_CLONEABLE');
  });

  it('for a getter or a proxy that throws, with the path and the cause', () => {
    const cause = new Error('no');
    const throws = (): never => {
      throw cause;
    };
    for (const broken of [
      Object.defineProperty({}, 'b', { enumerable: true, get: throws }),
      { b: new Proxy({}, { ownKeys: throws }) },
    ]) {
      expect(refusal({ a: [broken] })).toMatchObject({
        message: '$.a[0].b could not be read',
        code: 'ERR_TASK_NOT_CLONEABLE',
        cause,
      });
    }
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    ['text', 'a string'],
    [7, '7'],
    [() => 1, 'a function'],
    [[1], 'an array'],
    [new Date(0), 'a Date'],
    [Buffer.from('x'), 'a Uint8Array'],
    [new ObjectId(), 'an ObjectId of BSON'],
  ])('when it is no object: %o', (task, kind) => {
    expect(refusal(task)).toMatchObject({
      message: `a task must be a plain object, not ${kind}`,
      code: 'ERR_TASK_NOT_CLONEABLE',
    });
  });
});

describe('the size of a task', () => {
  it('may be the limit, and not one byte more', () => {
    for (const task of [{ s: 'ä'.repeat(100) }, { n: [1, 2.5, 3n, true, null] }, { b: Buffer.alloc(99), r: /x/g }]) {
      const size = encoded(task, MIB).length;
      expect(encoded(task, size)).toHaveLength(size);
      expect(refusal(task, size - 1)).toMatchObject({ code: 'ERR_TASK_TOO_LARGE' });
      expect(refusal(task, size - 1).message).toContain(`${size} bytes when encoded, more than the ${size - 1} of`);
    }
  });

  it('may be 16 MiB', () => {
    const s = 'x'.repeat(16 * MIB - 13);
    expect(encoded({ s }, 16 * MIB)).toHaveLength(16 * MIB);
    expect(refusal({ s: `${s}ä` }, 16 * MIB).code).toBe('ERR_TASK_TOO_LARGE');
    expect(refusal({ s: '€'.repeat(6 * MIB) }, 16 * MIB).code).toBe('ERR_TASK_TOO_LARGE');
  });

  it('is known to be too large long before all of it was read', () => {
    let reads = 0;
    const count = (depth: number): object => {
      reads++;
      return level(depth);
    };
    const level = (depth: number): object =>
      depth === 0 ? {} : new Proxy([0, 0], { get: (_, name) => (name === 'length' ? 2 : count(depth - 1)) });
    // 2^60 objects, were they all read.
    expect(refusal({ a: level(60) }, 1000).message).toMatch(/^the task has at least 10\d\d bytes/);
    expect(reads).toBeLessThan(1000);
    expect(refusal({ a: new Array(2 ** 32 - 1) }, 1000).code).toBe('ERR_TASK_TOO_LARGE');
  });
});

describe('decodeTask', () => {
  it('says so when the bytes are no task', () => {
    const bytes = encoded({ id: 1, text: 'abc' }, MIB);
    const several = Buffer.concat([bytes, bytes]);
    for (const broken of [Buffer.alloc(0), bytes.subarray(0, 9), Buffer.alloc(20, 255), several]) {
      expect(() => decodeTask(broken)).toThrow(expect.objectContaining({ code: 'ERR_STORE_DATA' }));
    }
    for (const [offset, length] of [
      [0, 5],
      [5, bytes.length],
      [bytes.length, bytes.length + 1],
    ] as const) {
      expect(() => decodeTask(several, offset, length)).toThrow(expect.objectContaining({ code: 'ERR_STORE_DATA' }));
    }
  });
});
