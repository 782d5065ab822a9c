import { expect, test } from 'vitest';
import type { UserWork } from '../../../src/execution/callWork.ts';
import { loadWork } from '../../../src/execution/loadWork.ts';
import { callStop, noteStop, stopOf } from '../../../src/execution/stopHook.ts';

const stop = () => {};
const work = (): UserWork => () => true;
const loaders = {
  require: (): unknown => ({}),
  import: async (): Promise<unknown> => ({}),
  typescript: false,
  hooked: () => false,
};

test.each([
  { name: 'an ES module', load: (own: UserWork) => ({ default: own, stop }), found: true },
  { name: 'CommonJS', load: (own: UserWork) => Object.assign(own, { stop }), found: true },
  { name: 'CommonJS compiled from ESM', load: (own: UserWork) => ({ default: own, stop }), found: true },
  { name: 'without one', load: (own: UserWork) => ({ default: own }), found: false },
  { name: 'with a value of that name', load: (own: UserWork) => ({ default: own, stop: 'now' }), found: false },
  { name: 'with a class of that name', load: (own: UserWork) => ({ default: own, stop: class {} }), found: false },
])('is found beside the work: $name', async ({ load, found }) => {
  const own = work();
  const by = { ...loaders, require: () => load(own) };
  await loadWork('file:///work.cjs', by);
  expect(stopOf(own)).toBe(found ? stop : undefined);
});

test('is found in what import() gives of CommonJS', async () => {
  const own = work();
  const namespace = { default: { default: own, stop } };
  const by = { ...loaders, import: async () => namespace };
  await loadWork('file:///work.mjs?x', by);
  expect(stopOf(own)).toBe(stop);
});

test('what is no work has none', () => {
  for (const value of [null, undefined, 5, {}]) noteStop({ stop }, value);
  const own = work();
  for (const exported of [null, undefined, 5, 'text']) noteStop(exported, own);
  expect(stopOf(own)).toBeUndefined();
});

test('a failure comes back as data', async () => {
  const failing = async () => {
    throw new RangeError('no');
  };
  expect(await callStop(failing)).toMatchObject({ failure: { error: { name: 'RangeError', message: 'no' } } });
  expect(await callStop(undefined)).toEqual({ failure: null, took: 0 });
});
