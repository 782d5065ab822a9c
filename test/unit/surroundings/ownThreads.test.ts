import { describe, expect, test } from 'vitest';
import { mustNotBePreload, ownThreadData, preloadHint, threadBegins } from '../../../src/surroundings/ownThreads.ts';

describe('a cluster that is made', () => {
  test('in the main thread, or in a thread of the user, is accepted', () => {
    mustNotBePreload(true, null);
    for (const data of [undefined, null, 'text', {}, { thread: 'task' }]) mustNotBePreload(false, data);
  });

  test('by the work of a task thread is accepted, and by a preload of it refused', () => {
    const data = ownThreadData('task');
    expect(() => mustNotBePreload(false, data)).toThrow(expect.objectContaining({ code: 'ERR_PRELOAD' }));
    threadBegins(data);
    mustNotBePreload(false, data);
  });

  test.each(['coordinator', 'store'] as const)('in a %s thread is refused, begun or not', (thread) => {
    const data = ownThreadData(thread);
    expect(() => mustNotBePreload(false, data)).toThrow('isMainThread');
    threadBegins(data);
    expect(() => mustNotBePreload(false, data)).toThrow('isMainThread');
  });
});

describe('the hint', () => {
  const env = {};

  test.each([
    { execArgv: ['-r', 'a.cjs'], env, named: '-r a.cjs' },
    { execArgv: ['--import=a.mjs'], env, named: '--import=a.mjs' },
    { execArgv: [], env: { NODE_OPTIONS: '--inspect  --require  a.cjs' }, named: '--require a.cjs' },
    { execArgv: ['--loader', 'a'], env: { NODE_OPTIONS: '--import b' }, named: '--loader a and --import b' },
  ])('names $named', ({ named, ...process }) => {
    expect(preloadHint(ownThreadData('store'), new Error('no'), process)).toContain(named);
  });

  test.each([
    { execArgv: [], env },
    { execArgv: ['--inspect', '--importance'], env: { NODE_OPTIONS: '--max-old-space-size=100' } },
  ])('is empty without preloads', (process) => {
    expect(preloadHint(ownThreadData('store'), undefined, process)).toBe('');
  });

  test('is empty for a thread that has begun, and for an error that says it already', () => {
    const process = { execArgv: ['-r', 'a.cjs'], env };
    const data = ownThreadData('coordinator');
    expect(preloadHint(data, Object.assign(new Error(), { code: 'ERR_PRELOAD' }), process)).toBe('');
    threadBegins(data);
    expect(preloadHint(data, undefined, process)).toBe('');
  });
});
