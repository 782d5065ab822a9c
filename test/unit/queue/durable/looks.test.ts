import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Looks } from '../../../../src/queue/durable/looks.ts';

test('one look is under way at most, and one that was asked for during it follows', async () => {
  const ends: (() => void)[] = [];
  const looks = new Looks(() => new Promise((resolve) => ends.push(resolve)));
  for (let count = 0; count < 3; count++) void looks.ask();
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await turn();
  expect(ends).toHaveLength(2);
  ends[1]?.();
  await turn();
  expect(ends).toHaveLength(2);
  void looks.ask();
  expect(ends).toHaveLength(3);
});
