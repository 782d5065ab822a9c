/** When a guard kills a group whose ward lives. */
import { beforeEach, expect, test } from 'vitest';
import { GroupDeadlines } from '../../../src/guard/groupDeadlines.ts';
import { Duties, type ProcessGroup } from '../../../src/guard/orders.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

let clock: VirtualClock;
let duties: Duties;
let deadlines: GroupDeadlines;
let killed: string[];
let livesUntil: number;

beforeEach(() => {
  clock = new VirtualClock();
  duties = new Duties();
  killed = [];
  livesUntil = 0;
  deadlines = new GroupDeadlines({
    duties,
    clock,
    kill: ({ number }) => {
      killed.push(`${number} at ${clock.now()}`);
    },
    lives: () => clock.now() <= livesUntil,
  });
});

function add(group: ProcessGroup): void {
  duties.take({ type: 'addGroup', group });
  deadlines.changed();
}

const group: ProcessGroup = { number: 7, start: '70' };

test('a group is killed when its time is over', async () => {
  livesUntil = 500;
  add({ ...group, until: 500 });
  await clock.advance(499);
  expect(killed).toEqual([]);
  await clock.advance(1000);
  expect(killed).toEqual(['7 at 500']);
});

test('a time that is moved on in time kills nothing', async () => {
  livesUntil = 700;
  add({ ...group, until: 500 });
  await clock.advance(499);
  add({ ...group, until: 700 });
  await clock.advance(200);
  expect(killed).toEqual([]);
  await clock.advance(100);
  expect(killed).toEqual(['7 at 700']);
});

test('one that lives on is killed again', async () => {
  livesUntil = 750;
  add({ ...group, until: 500 });
  await clock.advance(2000);
  expect(killed).toEqual(['7 at 500', '7 at 600', '7 at 700']);
});

test('a group that was removed, or has no time, is left alone', async () => {
  livesUntil = Number.POSITIVE_INFINITY;
  add({ ...group, until: 500 });
  add({ number: 8, start: '80' });
  duties.take({ type: 'removeGroup', number: 7 });
  deadlines.changed();
  await clock.advance(2000);
  expect(killed).toEqual([]);
});

test('each of several has its own time', async () => {
  livesUntil = 600;
  add({ ...group, until: 500 });
  add({ number: 8, start: '80', until: 600 });
  await clock.advance(550);
  expect(killed).toEqual(['7 at 500']);
  await clock.advance(2000);
  expect(killed).toEqual(['7 at 500', '7 at 600', '8 at 600']);
});
