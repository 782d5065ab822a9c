/** Options: whatever is handed in is accepted, and is then fit for use, or is refused with a coded error. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FailoverErrorCode } from '../../../src/errors.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import { resolveManagedOptions } from '../../../src/options/managed.ts';
import { resolveMongodb } from '../../../src/options/mongodb.ts';
import { resolveIdentifier, resolveName } from '../../../src/options/name.ts';
import { resolveOptions } from '../../../src/options/resolve.ts';
import { resolveWork } from '../../../src/options/work.ts';
import { resolveKey } from '../../../src/task/taskKey.ts';
import { runs } from '../../support/propertyRuns.ts';
import { acceptedOrCoded } from '../hostile/accepted.ts';
import { Given, given, hostile, mutated } from '../hostile/hostileValues.ts';

const INVALID: readonly FailoverErrorCode[] = ['ERR_INVALID_OPTION'];
const user = { platform: 'linux', homedir: '/home/ann', variables: {} } as const;
const environment = { ...user, uid: 1000, tmpdir: '/tmp', cwd: '/' };
const intervals = { INIT: 0, MASTER: 2000, SLAVE: 2500, TICKING: 2000, ERROR: 5000, POLL: 500, SYNC: 250 };

const validIntervals = fc.record(
  {
    init: fc.nat({ max: 1000 }),
    MASTER: fc.integer({ min: 1, max: 4000 }),
    SLAVE: fc.integer({ min: 1, max: 5000 }),
    TICKING: fc.integer({ min: 1, max: 5000 }),
    error: fc.integer({ min: 1, max: 10_000 }),
    poll: fc.integer({ min: 1, max: 1000 }),
    SYNC: fc.nat({ max: 500 }),
  },
  { requiredKeys: [] },
);
const validMongodb = fc.record(
  {
    connectString: fc.constantFrom(
      'mongodb://localhost/test',
      'mongodb://a:b@h1,h2:27018/db?replicaSet=r&authSource=admin',
    ),
    connectOptions: fc.record(
      {
        auth: fc.record({ username: fc.string(), password: fc.string() }),
        db: fc.record({ w: fc.nat() }),
        server: fc.record({ ssl: fc.boolean() }),
        poolSize: fc.nat(),
        appName: fc.string({ maxLength: 20 }),
        authMechanismProperties: fc.record({ AWS_SESSION_TOKEN: fc.string() }),
        ca: fc.constant(Buffer.from('a certificate')),
        compressors: fc.constant(['zlib']),
      },
      { requiredKeys: [] },
    ),
    debug: fc.boolean(),
  },
  { requiredKeys: [] },
);
const validOptions = fc.record(
  { mongodb: validMongodb, nodb: fc.constantFrom(false, true, { path: 'store' }), intervals: validIntervals },
  { requiredKeys: [] },
);
const validManaged = fc.record(
  {
    durable: fc.boolean(),
    retry: fc.record(
      {
        minDelay: fc.integer({ min: 1, max: 1000 }),
        maxDelay: fc.integer({ min: 1, max: 1000 }),
        attempts: fc.constantFrom(1, 5, Infinity),
        exhausted: fc.constantFrom('block', 'dead-letter'),
      },
      { requiredKeys: [] },
    ),
    maxQueue: fc.integer({ min: 1, max: 1000 }),
    maxTaskBytes: fc.integer({ min: 1, max: 1000 }),
    resourceLimits: fc.record({ stackSizeMb: fc.constantFrom(1, 4), maxOldGenerationSizeMb: fc.constant(100) }),
    idleThreadTimeout: fc.oneof(fc.nat(), fc.constant(Infinity)),
    loadTimeout: fc.integer({ min: 1, max: 100_000 }),
    stopTimeout: fc.nat(),
    grace: fc.integer({ min: 1, max: 1000 }),
    fencing: fc.constantFrom('thread', 'process'),
  },
  { requiredKeys: [] },
);

function anyOf(valid: fc.Arbitrary<object>): fc.Arbitrary<Given> {
  return fc.oneof(
    { weight: 1, arbitrary: given(valid) },
    { weight: 5, arbitrary: mutated(valid) },
    { weight: 1, arbitrary: hostile },
  );
}

describe('is accepted, or refused with a coded error', () => {
  test('what failover() takes', () => {
    const property = fc.property(anyOf(validOptions), ({ make }) => {
      const resolved = acceptedOrCoded(INVALID, () => resolveOptions(make(), environment));
      // It crosses into the coordinator thread.
      if (resolved !== undefined) expect(structuredClone(resolved)).toEqual(resolved);
    });
    fc.assert(property, runs(600));
  });

  test('mongodb', () => {
    const property = fc.property(anyOf(validMongodb), fc.boolean(), ({ make }, use) => {
      const resolved = acceptedOrCoded(INVALID, () => resolveMongodb(make(), use));
      if (resolved !== undefined) expect(structuredClone(resolved)).toEqual(resolved);
    });
    fc.assert(property, runs(600));
  });

  test('intervals', () => {
    const property = fc.property(anyOf(validIntervals), ({ make }) => {
      acceptedOrCoded(INVALID, () => resolveIntervals(make()));
    });
    fc.assert(property, runs(600));
  });

  test('managed options', () => {
    const property = fc.property(anyOf(validManaged), ({ make }) => {
      const resolved = acceptedOrCoded(INVALID, () => resolveManagedOptions(make(), intervals));
      if (resolved !== undefined) expect(structuredClone(resolved)).toEqual(resolved);
    });
    fc.assert(property, runs(600));
  });

  test('names and identifiers, which come back as they were', () => {
    const property = fc.property(
      fc.oneof(hostile, given(fc.string({ unit: 'binary', maxLength: 300 }))),
      ({ make }) => {
        const value = make();
        const name = acceptedOrCoded(INVALID, () => resolveName(value));
        if (name !== undefined) expect(Buffer.from(name).toString()).toBe(value);
        const identifier = acceptedOrCoded(INVALID, () => resolveIdentifier(value));
        if (identifier !== undefined) expect(JSON.parse(JSON.stringify(identifier))).toEqual(value === 0 ? 0 : value);
      },
    );
    fc.assert(property, runs(400));
  });

  test('work', () => {
    const path = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('file:', 'file://host/x', 'data:,x', 'file:///%00'),
    );
    const property = fc.property(fc.oneof(hostile, given(path)), ({ make }) => {
      const place = acceptedOrCoded(['ERR_INVALID_OPTION', 'ERR_WORK_MODULE'], () => resolveWork(make(), '/'));
      if (place?.kind === 'module') expect(URL.canParse(place.href)).toBe(true);
    });
    fc.assert(property, runs(400));
  });

  test('keys, and the ids that they give', () => {
    const key = fc.oneof(hostile, given(fc.constantFrom('id', '')));
    const tasks = fc.oneof(
      hostile,
      hostile.map(
        ({ make }) =>
          new Given(
            () => '{ id }',
            () => ({ id: make() }),
          ),
      ),
    );
    const property = fc.property(key, tasks, (given, { make }) => {
      const keyOf = acceptedOrCoded(INVALID, () => resolveKey(given.make()));
      const task = make();
      if (keyOf === undefined || typeof task !== 'object' || task === null) return;
      const id = acceptedOrCoded(['ERR_INVALID_KEY'], () => keyOf(task));
      if (id !== undefined) expect(['string', 'number']).toContain(typeof id);
    });
    fc.assert(property, runs(400));
  });
});
