/** One watch for many electors: each is told of a suspension once, in full, and none of one that was before its time. */
import { beforeEach, expect, test } from 'vitest';
import { Suspensions } from '../../../src/election/suspensions.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

let clock: VirtualClock;
let suspensions: Suspensions;

beforeEach(async () => {
  clock = new VirtualClock({ now: 777 });
  suspensions = new Suspensions(clock);
  await clock.advance(1000);
});

test('each is told of every suspension once, whoever notices it', async () => {
  const [first, second] = [suspensions.add(() => {}), suspensions.add(() => {})];
  clock.sleep(3000);
  expect([first.ahead(), first.ahead()]).toEqual([3000, 0]);
  clock.sleep(400);
  expect([second.ahead(), second.ahead(), first.ahead()]).toEqual([3400, 0, 400]);
});

test('one that comes after a suspension that nobody has noticed is not told of it', () => {
  clock.sleep(3000);
  expect(suspensions.add(() => {}).ahead()).toBe(0);
});

test('those that watch hear of it within a quarter of a second, and no other does', async () => {
  const heard: string[] = [];
  const watcher = suspensions.add(() => heard.push('watcher'));
  suspensions.add(() => heard.push('other'));
  const former = suspensions.add(() => heard.push('former'));
  watcher.watch(true);
  former.watch(true);
  former.watch(false);
  await clock.advance(1000);
  expect(heard).toEqual([]);
  clock.sleep(60);
  await clock.advance(250);
  expect(heard).toEqual(['watcher']);
  expect(watcher.ahead()).toBe(60);
  await clock.advance(1000);
  expect(heard).toEqual(['watcher']);
});

test('one that has heard of it by an event of its own is not told again', async () => {
  const heard: string[] = [];
  const watcher = suspensions.add(() => heard.push('watcher'));
  watcher.watch(true);
  clock.sleep(60);
  expect(watcher.ahead()).toBe(60);
  await clock.advance(500);
  expect(heard).toEqual([]);
});

test('when nobody watches there is no timer', async () => {
  const looks: number[] = [];
  const boot = clock.sinceBoot.bind(clock);
  clock.sinceBoot = () => {
    looks.push(clock.now());
    return boot();
  };
  const watcher = suspensions.add(() => {});
  watcher.watch(true);
  await clock.advance(1000);
  expect(looks.length).toBeGreaterThanOrEqual(4);
  watcher.watch(false);
  looks.length = 0;
  await clock.advance(10_000);
  expect(looks).toEqual([]);
});
