import { expect, test } from 'vitest';
import { MemberCounts, ServiceCounts } from '../../../src/wire/sharedCounts.ts';

test('two views of one buffer show the same, and no cell is used twice', () => {
  const counts = new MemberCounts();
  const seen = new MemberCounts(counts.buffer);
  counts.state = 'ticking';
  counts.ran = true;
  counts.storeFails = true;
  counts.transitions.add('error', 3);
  counts.losses.add('configuration');
  counts.tasks.add('repeated', 2);
  counts.taskTime.record(1_000_000);
  counts.measured(5, { queued: 1, dead: 2, headAge: null, blocked: true });
  expect([seen.state, seen.ran, seen.stopping, seen.joined, seen.storeFails]).toEqual([
    'ticking',
    true,
    false,
    false,
    true,
  ]);
  expect(seen.transitions.read()).toEqual({ stopped: 0, init: 0, slave: 0, ticking: 0, master: 0, error: 3 });
  expect(Object.values(seen.losses.read())).toEqual([0, 0, 0, 0, 0, 1]);
  expect(Object.values(seen.tasks.read())).toEqual([0, 0, 0, 2, 0]);
  expect(seen.taskTime.read()).toMatchObject({ sum: 1000 });
  expect(seen.taskTime.read().counts.at(-1)).toBe(1);
  expect(seen.queue(5)).toEqual({ queued: 1, dead: 2, headAge: null, blocked: true });
  expect(seen.queue(6)).toEqual({ queued: null, dead: null, headAge: null, blocked: null });
});

test('a bucket has what is at its bound, and the last one what is above all', () => {
  const { takeover } = new ServiceCounts();
  for (const ms of [50, 50.1, 60_000, 60_001]) takeover.record(ms);
  const { bounds, counts } = takeover.read();
  expect(counts).toHaveLength(bounds.length + 1);
  expect([counts[0], counts[1], counts.at(-2), counts.at(-1)]).toEqual([1, 1, 1, 1]);
});

test('the signs of life of a coordinator begin again with each thread', () => {
  const counts = new ServiceCounts();
  const seen = new ServiceCounts(counts.buffer);
  counts.coordinatorStarts(10);
  counts.coordinatorTicks(20);
  counts.coordinatorLost();
  expect([seen.startedAt, seen.tick, seen.lost]).toEqual([10, 20, true]);
  counts.coordinatorStarts(30);
  expect([seen.startedAt, seen.tick, seen.lost]).toEqual([30, 0, false]);
  counts.coordinatorLeaves();
  expect([seen.startedAt, seen.tick, seen.lost, seen.closing]).toEqual([0, 0, false, false]);
});
