import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bson } from '../../../src/task/bson.ts';
import { decodeTask } from '../../../src/task/taskCodec.ts';
import { problemOf } from '../../../src/task/wellFormed.ts';
import { runs } from '../../support/propertyRuns.ts';

const value = fc.anything({
  withDate: true,
  withBigInt: false,
  withTypedArray: false,
  maxDepth: 4,
  withNullPrototype: false,
});
const document = fc.dictionary(
  fc.string({ maxLength: 5 }).filter((name) => !name.includes('\0')),
  value,
);

/** Returns null for what BSON cannot hold. */
function encoded(task: object): Buffer | null {
  try {
    return Buffer.from(bson.serialize(task));
  } catch {
    return null;
  }
}

describe('bytes that another program wrote', () => {
  test('are a task if they are a BSON document', async () => {
    const property = fc.property(document, (task) => {
      const bytes = encoded(task);
      if (bytes !== null) expect(problemOf(bytes)).toBeNull();
    });
    fc.assert(property, runs(500));
  });

  test('of every kind of value that BSON has are a task', () => {
    const { ObjectId, Long, Decimal128, Binary, MinKey, MaxKey, Timestamp, Double, Int32, BSONRegExp, Code } = bson;
    const all = [
      new ObjectId(),
      Long.MAX_VALUE,
      Decimal128.fromString('1.5'),
      new Binary(Buffer.from('x')),
      new MinKey(),
    ];
    const more = [new MaxKey(), new Timestamp({ t: 1, i: 1 }), new Double(1.5), new Int32(1), new BSONRegExp('a', 'i')];
    const rest = [
      new Code('x'),
      true,
      false,
      null,
      'text',
      [1, [2]],
      { deep: {} },
      new Date(),
      /a/g,
      new Binary(Buffer.alloc(0)),
    ];
    expect(problemOf(bson.serialize({ list: [...all, ...more, ...rest] }))).toBeNull();
  });

  test('that are not refused can be decoded, whatever was changed in them', async () => {
    const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const property = fc.property(document, changes, fc.nat(20), (task, changed, cut) => {
      const whole = encoded(task);
      if (whole === null) return;
      const bytes = Buffer.from(whole.subarray(0, cut > 15 ? whole.length - cut + 15 : whole.length));
      for (const [at, byte] of changed) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      if (problemOf(bytes) === null) expect(() => decodeTask(bytes)).not.toThrow();
    });
    fc.assert(property, runs(3000));
  });

  test('are refused with their reason if they are none', () => {
    const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });
    const task = bson.serialize({ id: 'x' });
    expect(problemOf(new Uint8Array())).toMatch(/no BSON document/);
    expect(problemOf(Buffer.from('{"id":"x"}'))).toMatch(/no BSON document/);
    expect(problemOf(Buffer.concat([task, task]))).toMatch(/bytes behind the document/);
    expect(problemOf(task.subarray(0, task.length - 1))).toMatch(/a length is/);
    expect(problemOf(bson.serialize(deep(99)))).toBeNull();
    expect(problemOf(bson.serialize(deep(200)))).toMatch(/more than 100 deep/);
  });
});
