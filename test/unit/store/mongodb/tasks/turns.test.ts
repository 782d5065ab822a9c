import { expect, test } from 'vitest';
import { Turns } from '../../../../../src/store/mongodb/tasks/turns.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';

/** Stores batches that take `took` each for a while; how long it waited for its turn in all. */
async function storing(clock: VirtualClock, turns: Turns, took: number, time: number): Promise<number> {
  let waited = 0;
  for (const end = clock.now() + time; clock.now() < end; ) {
    const asked = clock.now();
    let waiting = true;
    const turn = turns.wait('q').then(() => {
      waiting = false;
    });
    await clock.advance(0);
    while (waiting) await clock.advance(1);
    await turn;
    waited += clock.now() - asked;
    const sent = clock.now();
    await clock.advance(took);
    turns.stored('q', sent);
  }
  return waited;
}

test('a member that is alone waits one moment in twenty, to find out that it is', async () => {
  const clock = new VirtualClock();
  const waited = await storing(clock, new Turns(clock), 2, 5000);
  expect(waited).toBeGreaterThan(0);
  expect(waited).toBeLessThanOrEqual(5000 * 0.05);
});

test('a member with others beside it waits after each batch as long as they need to look, and stops when they are gone', async () => {
  const clock = new VirtualClock();
  const turns = new Turns(clock);
  turns.collided('q', 4);
  expect(await storing(clock, turns, 6, 1200)).toBeCloseTo(600, -1);
  await clock.advance(2000);
  expect(await storing(clock, turns, 6, 120)).toBe(0);
});

test('who stores now and then does not wait', async () => {
  const clock = new VirtualClock();
  const turns = new Turns(clock);
  for (let batch = 0; batch < 100; batch++) {
    expect(await storing(clock, turns, 2, 1)).toBe(0);
    await clock.advance(20);
  }
});
