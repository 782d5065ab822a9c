/** The short way of flat tasks writes the bytes that `bson` writes, and reads each property once, whichever way a task goes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bson } from '../../../src/task/bson.ts';
import { readFlat, writeFlat } from '../../../src/task/flatTask.ts';
import { encoded } from '../../support/encoded.ts';
import { runs } from '../../support/propertyRuns.ts';

const LIMIT = 1024;
const name = fc.oneof(
  fc.constantFrom('id', 'a.b', '$set', '0', '12', '__proto__', '', 'constructor', 'toBSON', '$ref', '$id', 'ü', 'a\0b'),
  fc.string({ maxLength: 6 }),
);
const flat = fc.oneof(
  ...[
    fc.integer(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, 0, Number.NaN),
  ],
  ...[fc.constantFrom(2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1), fc.string(), fc.string({ maxLength: 300 })],
);
const other = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom<unknown>([1], { a: { b: 1 } }, new Date(0), 7n, () => {}, new Map()),
);
const fields = fc.array(fc.tuple(name, fc.oneof({ weight: 6, arbitrary: flat }, { weight: 1, arbitrary: other })), {
  maxLength: 8,
});

function taskOf(from: readonly (readonly [string, unknown])[]): object {
  const task = {};
  for (const [key, value] of from) Object.defineProperty(task, key, { value, enumerable: true, configurable: true });
  return task;
}

test('the bytes are those of bson, and so is their number', () => {
  let short = 0;
  const property = fc.property(fields, (given) => {
    const task = taskOf(given);
    const size = readFlat(task, LIMIT);
    if (typeof size !== 'number') return;
    short += 1;
    const block = new Uint8Array(size + 7);
    expect(writeFlat(block, 7)).toBe(size);
    expect(Buffer.from(block.subarray(7))).toEqual(Buffer.from(bson.serialize(task, { ignoreUndefined: true })));
  });
  fc.assert(property, runs(3000));
  expect(short).toBeGreaterThan(300);
});

test('no task is refused, taken or changed because of the short way', () => {
  const property = fc.property(fields, fc.integer({ min: 5, max: 300 }), (given, most) => {
    // An object without a prototype goes the longer way.
    const [short, long] = [taskOf(given), Object.setPrototypeOf(taskOf(given), null)];
    expect(outcome(short, most)).toEqual(outcome(long, most));
  });
  fc.assert(property, runs(3000));
});

test('each property is read once, also those before the one that is not flat, and what one throws is told', () => {
  const thrower = fc.option(fc.nat(8));
  const property = fc.property(fields, thrower, (given, throwing) => {
    const reads = new Map<string, number>();
    const task = {};
    for (const [index, [key, value]] of given.entries()) {
      const get = (): unknown => {
        reads.set(key, (reads.get(key) ?? 0) + 1);
        // A getter that submits another task.
        encoded({ inner: key.length }, LIMIT);
        if (index === throwing) throw new Error('no');
        return value;
      };
      Object.defineProperty(task, key, { get, enumerable: true, configurable: true });
    }
    const plain = outcome(taskOf(given), LIMIT);
    const told = outcome(task, LIMIT);
    if (throwing === null) expect(told).toEqual(plain);
    for (const count of reads.values()) expect(count).toBe(1);
  });
  fc.assert(property, runs(1000));
});

function outcome(task: object, most: number): unknown {
  try {
    return Buffer.from(encoded(task, most));
  } catch (error) {
    return error instanceof Error ? [Reflect.get(error, 'code'), error.message] : error;
  }
}
