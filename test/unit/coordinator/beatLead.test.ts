/** Beats aim so much earlier as they were delayed lately. */
import { beforeEach, expect, test } from 'vitest';
import { BeatLead } from '../../../src/coordinator/beatLead.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const intervals = resolveIntervals();
const { MASTER } = intervals;
let clock: VirtualClock;
let lead: BeatLead;

beforeEach(() => {
  clock = new VirtualClock();
  lead = new BeatLead(clock, intervals);
});

test('it is 4 ms while none is delayed for longer', () => {
  expect(lead.ms).toBe(4);
  for (const delay of [-1, 0, 4]) lead.sent(delay);
  expect(lead.ms).toBe(4);
});

test('it is as long as the longest delay, and a twentieth of MASTER at most', () => {
  for (const delay of [30, 12]) lead.sent(delay);
  expect(lead.ms).toBe(30);
  lead.sent(5000);
  expect(lead.ms).toBe(MASTER / 20);
});

test('it sinks by a small part each MASTER, and not below 4 ms', async () => {
  lead.sent(5000);
  await clock.advance(MASTER);
  expect(lead.ms).toBeCloseTo(100 - 96 / 64);
  lead.sent(90);
  await clock.advance(MASTER);
  expect(lead.ms).toBeCloseTo(100 - (2 * 96) / 64);
  await clock.advance(100 * MASTER);
  expect(lead.ms).toBe(4);
});

test('short intervals have a short one', () => {
  const short = resolveIntervals({ MASTER: 20, SLAVE: 100, TICKING: 100, POLL: 20, SYNC: 5 });
  const its = new BeatLead(clock, short);
  expect(its.ms).toBe(1);
  its.sent(50);
  expect(its.ms).toBe(1);
});
