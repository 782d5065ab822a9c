/** Calls for many to a store that takes all that wait into one transaction. */
import { expect, test } from 'vitest';
import { CallSize } from '../../../../src/coordinator/together/callSize.ts';
import { Together } from '../../../../src/coordinator/together/together.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const LIMIT = 900;

async function sizesOf(isLocal: boolean, count: number, took: number): Promise<number[]> {
  const clock = new VirtualClock();
  const turns: (() => void)[] = [];
  const sent: number[] = [];
  const together = new Together<number, boolean>({
    ...{ what: 'beat', clock, limit: LIMIT, size: new CallSize(LIMIT, { isLocal }), splitsIfSlow: true, isRead: false },
    soon: (callback) => void turns.push(callback),
    keyOf: String,
    all: (asked) => {
      sent.push(asked.length);
      return new Promise((resolve) => clock.at(clock.now() + took, () => resolve(asked.map(() => true))));
    },
    one: async () => true,
  });
  let sizes: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const answers = Array.from({ length: count }, (_, each) => together.ask(each));
    for (const callback of turns.splice(0)) callback();
    sizes = sent.splice(0);
    // Before the time passes: a slow server is not asked for all of them.
    const settled = Promise.allSettled(answers);
    await clock.advance(2000);
    await settled;
    sent.length = 0;
  }
  return sizes;
}

test('ten thousand beats are ten calls at once, also when the disk is slow', async () => {
  const all = Array(10).fill(1000);
  expect(await sizesOf(true, 10_000, 5)).toEqual(all);
  expect(await sizesOf(true, 10_000, 800)).toEqual(all);
});

test('on a server they are fewer at once, and smaller when it is slow', async () => {
  expect(Math.max(...(await sizesOf(false, 300, 800)))).toBeLessThan(32);
});
