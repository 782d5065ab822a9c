/** Many that read the boot clock at the same time cost one reading, and a suspension is noticed as before. */
import { expect, test } from 'vitest';
import { SuspensionWatch } from '../../../src/election/suspensionWatch.ts';
import { sharingBoot } from '../../../src/time/sharedBoot.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

function setup() {
  const clock = new VirtualClock();
  let slept = 0;
  let readings = 0;
  clock.sinceBoot = () => {
    readings += 1;
    return clock.now() + slept;
  };
  const shared = sharingBoot(clock);
  return {
    ...{ clock, shared },
    sleep: (ms: number) => {
      slept += ms;
    },
    get readings() {
      return readings;
    },
  };
}

test('a thousand readings of one turn are one', () => {
  const world = setup();
  for (let reading = 0; reading < 1000; reading++) expect(world.shared.sinceBoot()).toBe(world.clock.now());
  expect(world.readings).toBe(1);
});

test('a suspension is noticed a millisecond later at the latest', async () => {
  const world = setup();
  const watch = new SuspensionWatch(world.shared);
  await world.clock.advance(100);
  expect(watch.ahead()).toBe(0);
  world.sleep(5000);
  await world.clock.advance(1);
  expect(watch.ahead()).toBeCloseTo(5000);
  await world.clock.advance(1);
  expect(watch.ahead()).toBe(0);
});

test('the other clocks are those that were handed in', async () => {
  const { clock, shared } = setup();
  let called = 0;
  shared.at(5, () => {
    called += 1;
  });
  await clock.advance(5);
  expect([called, shared.now(), shared.wall()]).toEqual([1, clock.now(), clock.wall()]);
});
