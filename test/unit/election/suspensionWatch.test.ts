import { expect, test } from 'vitest';
import { SuspensionWatch } from '../../../src/election/suspensionWatch.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

async function watched(): Promise<{ clock: VirtualClock; watch: SuspensionWatch }> {
  const clock = new VirtualClock({ now: 777 });
  const watch = new SuspensionWatch(clock);
  await clock.advance(10_000);
  return { clock, watch };
}

test('while the clocks agree there is nothing to say', async () => {
  const { clock, watch } = await watched();
  expect(watch.ahead()).toBe(0);
  await clock.advance(1e9);
  expect(watch.ahead()).toBe(0);
});

test('a suspension is told in full, once', async () => {
  const { clock, watch } = await watched();
  clock.sleep(3000);
  await clock.advance(20);
  expect(watch.ahead()).toBe(3000);
  expect(watch.ahead()).toBe(0);
  clock.sleep(400);
  expect(watch.ahead()).toBe(400);
});

test('several short ones add up, even if each is below what can be told from noise', async () => {
  const { clock, watch } = await watched();
  const told: number[] = [];
  for (let count = 0; count < 9; count++) {
    clock.sleep(20);
    told.push(watch.ahead());
  }
  expect(told).toEqual([0, 0, 60, 0, 0, 60, 0, 0, 60]);
});

test('a wall clock set forward counts like a suspension: they cannot be told apart', async () => {
  const { clock, watch } = await watched();
  clock.setWall(clock.wall() + 5000);
  expect(watch.ahead()).toBe(5000);
  expect(watch.ahead()).toBe(0);
});

test('a wall clock set back says nothing, and hides no suspension that follows', async () => {
  const { clock, watch } = await watched();
  clock.setWall(clock.wall() - 3_600_000);
  expect(watch.ahead()).toBe(0);
  clock.sleep(2000);
  expect(watch.ahead()).toBe(2000);
  clock.setWall(clock.wall() + 1000);
  expect(watch.ahead()).toBe(1000);
});

test('a wall clock set back during a suspension does not hide it', async () => {
  const { clock, watch } = await watched();
  clock.sleep(2000);
  clock.setWall(clock.wall() - 3_600_000);
  expect(watch.ahead()).toBe(2000);
  expect(watch.ahead()).toBe(0);
});

test('a wall clock that was set back hides no step forward that the boot clock does not show', async () => {
  const { clock, watch } = await watched();
  clock.setWall(clock.wall() - 3_600_000);
  expect(watch.ahead()).toBe(0);
  await clock.advance(20);
  clock.setWall(clock.wall() + 70);
  expect(watch.ahead()).toBe(70);
});

test('small steps of the wall clock add up, and one back takes from those before it', async () => {
  const { clock, watch } = await watched();
  const step = (ms: number): number => {
    clock.setWall(clock.wall() + ms);
    return watch.ahead();
  };
  expect([step(30), step(19), step(1)]).toEqual([0, 0, 50]);
  expect([step(-50), step(60), step(39), step(1)]).toEqual([0, 0, 0, 50]);
});
