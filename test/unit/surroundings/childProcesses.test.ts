import { expect, test } from 'vitest';
import { mustStartProcesses } from '../../../src/surroundings/childProcesses.ts';

const here = { isSingleExecutable: () => false, isAllowed: () => undefined };

test('where nothing forbids it a guard may be started', () => {
  expect(() => mustStartProcesses(here)).not.toThrow();
  expect(() => mustStartProcesses({ ...here, isAllowed: () => true })).not.toThrow();
});

test('an executable file that holds Node.js would start itself, so a guard is refused', () => {
  expect(() => mustStartProcesses({ ...here, isSingleExecutable: () => true })).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining('guard: true') }),
  );
});

test('the permission model can forbid it, and then says how to allow it', () => {
  expect(() => mustStartProcesses({ ...here, isAllowed: () => false })).toThrow(
    expect.objectContaining({ code: 'ERR_PERMISSION', message: expect.stringContaining('--allow-child-process') }),
  );
});
