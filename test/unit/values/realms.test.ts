/** Values of another realm, as a test runner has them that runs each file of tests in a context of its own. */
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { FailoverError, toWire } from '../../../src/errors.ts';
import { failover } from '../../../src/failover.ts';
import { resolveManagedOptions } from '../../../src/options/managed.ts';
import { plainCopy } from '../../../src/options/plainCopy.ts';
import { resolveOptions } from '../../../src/options/resolve.ts';
import { resolveWork } from '../../../src/options/work.ts';
import { decodeTask } from '../../../src/task/taskCodec.ts';
import { encoded } from '../../support/encoded.ts';

const foreign = (code: string): unknown => runInNewContext(code, { Buffer, URL });

test.each([
  [
    '{ id: 1, nested: { list: [1, [2], { x: null }], big: 4n } }',
    { id: 1, nested: { list: [1, [2], { x: null }], big: 4n } },
  ],
  ['{ at: new Date(5), re: /a/gi }', { at: new Date(5), re: /a/gi }],
  ['{ bytes: new Uint8Array([1, 2]) }', { bytes: Buffer.from([1, 2]) }],
  ["{ bytes: Buffer.from('ab') }", { bytes: Buffer.from('ab') }],
  ['new (class Invoice { id = 1 })', { id: 1 }],
  ['Object.create(null, { id: { value: 1, enumerable: true } })', { id: 1 }],
])('a task of another realm is taken: %s', (code, task) => {
  expect(decodeTask(encoded(foreign(`(${code})`)))).toEqual(task);
});

test.each([
  ...[
    'new Map()',
    'new Set()',
    'new Error()',
    'Promise.resolve()',
    'new Date(NaN)',
    'new String("x")',
    'new Int8Array(1)',
  ],
  ...[
    'new ArrayBuffer(1)',
    'new WeakMap()',
    '() => 1',
    'Symbol()',
    '/a/y',
    'new Proxy(new Date(), {})',
    'new Proxy(/a/, {})',
  ],
  ...['Object.create(new Error())', 'new Proxy(new Number(1), {})', 'Object.create(Date.prototype)'],
])('what a task cannot carry is refused, of another realm too: %s', (code) => {
  const refusal = expect.objectContaining({ code: 'ERR_TASK_NOT_CLONEABLE' });
  expect(() => encoded({ id: 1, value: foreign(`(${code})`) })).toThrow(refusal);
  expect(() => encoded(foreign(`({ id: 1, value: ${code} })`))).toThrow(refusal);
});

test.each([
  ...['new RangeError("boom")', 'new AggregateError([], "boom")', 'new (class MyError extends Error {})("boom")'],
  'new (class extends TypeError { name = "Mine" })("boom")',
])('an error of another realm keeps its name, code, message and stack: %s', (code) => {
  const error = foreign(`Object.assign(${code}, { code: 'E_MINE' })`);
  const { name, message, stack } = Object(error);
  expect(error).not.toBeInstanceOf(Error);
  expect(toWire(error)).toEqual({ name, message, stack, code: 'E_MINE', ours: undefined });
  expect(stack).toContain('boom');
});

test('options of another realm are taken', () => {
  const options = resolveOptions(
    foreign(
      `({ mongodb: { connectOptions: { auth: { username: 'u', password: 'p' }, readConcern: { level: 'majority' } } } })`,
    ),
  );
  expect(options.store).toMatchObject({ connectOptions: { readConcern: { level: 'majority' } } });
  const { intervals } = resolveOptions(foreign(`({ nodb: { path: '/tmp/x' }, intervals: { MASTER: 100 } })`));
  expect(intervals.MASTER).toBe(100);
  const managed = resolveManagedOptions(
    foreign('({ retry: { attempts: 3 }, resourceLimits: { stackSizeMb: 4 } })'),
    intervals,
  );
  expect(managed).toMatchObject({ retry: { attempts: 3 }, resourceLimits: { stackSizeMb: 4 } });
});

test('instances of classes and containers of another realm are refused as options', () => {
  for (const code of ['new (class Pool {})', 'new Map()', 'new Set()', 'new Error()', '() => 1', 'Promise.resolve()']) {
    const refusal = expect.objectContaining({ code: 'ERR_INVALID_OPTION' });
    expect(() => plainCopy(foreign(`(${code})`), 'option'), code).toThrow(refusal);
  }
});

test('a URL of another realm is work as one of this one is, and what only looks like one is not', () => {
  const { href } = new URL(import.meta.url);
  // As that of jsdom: another class, with the same tag.
  const url = foreign(
    `new (class URL { href = ${JSON.stringify(href)}; get [Symbol.toStringTag]() { return 'URL'; } })`,
  );
  expect(resolveWork(url)).toEqual({ kind: 'module', href });
  expect(() => resolveWork({ href })).toThrow(FailoverError);
  expect(() =>
    resolveWork(foreign(`new (class { href = 'no'; get [Symbol.toStringTag]() { return 'URL'; } })`)),
  ).toThrow(FailoverError);
});

test('the key and the work may be functions of another realm', () => {
  const { managed: Managed } = failover({ nodb: true });
  const [key, work] = foreign('[(task) => task.id, async () => true]') as [
    (task: object) => number,
    () => Promise<boolean>,
  ];
  expect(new Managed('realms', key, work).state).toBe('stopped');
});
