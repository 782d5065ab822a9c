/** What ends this process when it must: in which order, and what is said when nothing does. */
import { expect, test } from 'vitest';
import { endProcess, lastResorts, mustBeEndable, type Resort } from '../../../src/surroundings/lastResorts.ts';

/** Resorts that do nothing but tell that they were tried. */
function recorded(told: string[], there: readonly boolean[]): Resort[] {
  return there.map((exists, index) => ({
    name: `resort ${index}`,
    exists: () => exists,
    end: () => {
      told.push(`tried ${index}`);
      if (index === 1) throw new Error('not permitted');
    },
  }));
}

test('tries every resort in order, gives each its time, and throws when the process is still alive', () => {
  const told: string[] = [];
  const resorts = recorded(told, [true, true, true]);
  expect(() => endProcess(resorts, (ms) => told.push(`waited ${ms > 0}`))).toThrow(
    expect.objectContaining({
      code: 'ERR_NOT_KILLED',
      message: expect.stringMatching(/resort 0, resort 1, resort 2.*end it from outside/),
    }),
  );
  const waited = 'waited true';
  expect(told).toEqual(['tried 0', waited, 'tried 1', waited, 'tried 2', waited]);
});

test('refuses at the start when no resort is there, and says what to do', () => {
  const told: string[] = [];
  expect(() => mustBeEndable(recorded(told, [false, false]))).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringMatching(/PID \d+.*docker run --init.*shareProcessNamespace.*tini/),
    }),
  );
  mustBeEndable(recorded(told, [false, true]));
  expect(told, 'none is tried for that').toEqual([]);
});

test('counts on SIGKILL except as PID 1, and there on what needs no signal', () => {
  expect(lastResorts(2).map(({ name, exists }) => [name, exists()])[0]).toEqual(['SIGKILL', true]);
  const asInit = lastResorts(1).map(({ name, exists }) => [name, exists()]);
  // Whether `prlimit` is there is the machine's.
  expect(asInit.filter(([name]) => name !== 'a limit of CPU')).toEqual([
    ['SIGKILL', false],
    ['a breakpoint', true],
    ['a failed assertion', true],
  ]);
  expect(asInit.map(([name]) => name).indexOf('a limit of CPU')).toBe(2);
});

test('leaves the syntax of natives off', () => {
  for (const { exists } of lastResorts(1)) exists();
  expect(() => new Function('%SystemBreak()')).toThrow(SyntaxError);
});
