import { expect, test } from 'vitest';
import { Waiting } from '../../../../src/cli/demo/waiting.ts';

test('resolves at once for what holds already, and else at the check that finds it', async () => {
  const waiting = new Waiting();
  await waiting.until(() => true);
  let done = 0;
  let resolved = false;
  const later = waiting
    .until(() => done >= 2)
    .then(() => {
      resolved = true;
    });
  done = 1;
  waiting.check();
  await Promise.resolve();
  expect(resolved).toBe(false);
  done = 2;
  waiting.check();
  await later;
});

test('a failure ends all waiting, now and later, with the first reason', async () => {
  const waiting = new Waiting();
  const before = waiting.until(() => false);
  waiting.fail(new Error('first'));
  waiting.fail(new Error('second'));
  await expect(before).rejects.toThrow('first');
  await expect(waiting.until(() => true)).rejects.toThrow('first');
});
