/** What is counted of a member, by the news of its elector and by what it tells. */
import { beforeEach, expect, test } from 'vitest';
import { MemberMetrics } from '../../../src/coordinator/memberMetrics.ts';
import type { News } from '../../../src/election/effects.ts';
import type { Phase } from '../../../src/election/transitions.ts';
import { toWire } from '../../../src/errors.ts';
import { MemberCounts, ServiceCounts } from '../../../src/wire/sharedCounts.ts';
import { leaseOf } from '../../support/memoryStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const lease = leaseOf('other');
const error = new Error('no answer');

let clock: VirtualClock;
let counts: MemberCounts;
let shared: ServiceCounts;
let metrics: MemberMetrics;

beforeEach(() => {
  clock = new VirtualClock();
  counts = new MemberCounts();
  shared = new ServiceCounts();
  metrics = new MemberMetrics(counts, shared, clock);
});

const enter = (to: Phase): void => metrics.notified({ type: 'phase', from: 'init', to });
const elected = (continued: boolean): News => ({
  ...{ type: 'elected', term: 2, continued },
  progress: { identifier: null, count: 0, recent: [] },
});

test('the state and the changes are counted, and the first one that takes part is kept in mind', () => {
  enter('init');
  expect([counts.state, counts.joined]).toEqual(['init', false]);
  for (const phase of ['slave', 'ticking', 'master', 'error'] as const) enter(phase);
  expect([counts.state, counts.joined]).toEqual(['error', true]);
  expect(counts.transitions.read()).toEqual({ stopped: 0, init: 1, slave: 1, ticking: 1, master: 1, error: 1 });
});

test('a member that fails before it has taken part has not joined', () => {
  enter('error');
  expect([counts.joined, counts.storeFails]).toEqual([false, true]);
});

test('the store fails from a failure to the next that is heard of it', () => {
  for (const heard of [
    { type: 'seen', lease },
    { type: 'lease', term: 1, validUntil: 1 },
  ] as const) {
    for (const failed of ['storeFailed', 'beatFailed'] as const) {
      metrics.notified({ type: failed, error });
      expect(counts.storeFails).toBe(true);
      metrics.notified(heard);
      expect(counts.storeFails).toBe(false);
    }
  }
});

test('a takeover takes from the last beat seen to the mastership', async () => {
  metrics.notified({ type: 'seen', lease });
  await clock.advance(1000);
  metrics.notified({ type: 'seen', lease });
  await clock.advance(4000);
  metrics.notified(elected(false));
  expect(shared.takeover.read()).toMatchObject({ sum: 4 });
  // No other was seen since.
  metrics.notified(elected(false));
  metrics.notified({ type: 'seen', lease });
  metrics.notified(elected(true));
  expect(shared.takeover.read()).toMatchObject({ sum: 4 });
});

test.each([
  ['error', 'ERR_LEASE_LOST', 'store'],
  ['slave', 'ERR_LEASE_LOST', 'alien'],
  ['master', 'ERR_MAIN_BLOCKED', 'main-blocked'],
  ['master', 'ERR_TASK_TIMEOUT', 'timeout'],
  ['master', 'ERR_WORK_MODULE', 'work'],
  ['master', 'ERR_CONFIGURATION_DIFFERS', 'configuration'],
] as const)('in %s a mastership that ends with %s was lost for %s', (phase, code, reason) => {
  enter(phase);
  metrics.notified({ type: 'deposed', reason: 'why', code });
  const lost = Object.entries(counts.losses.read()).filter(([, count]) => count > 0);
  expect(lost).toEqual([[reason, 1]]);
});

test('a lease that is left to run out because work would not stop is lost for the work', () => {
  metrics.notified({ type: 'drain', for: 'stop' });
  enter('error');
  metrics.notified({ type: 'deposed', reason: 'why', code: 'ERR_LEASE_LOST' });
  expect(counts.losses.read()).toMatchObject({ work: 1, store: 0 });
});

test('tasks are counted by what became of them', () => {
  metrics.emitted({ type: 'done', ids: [1, 2, 3] });
  metrics.emitted({ type: 'failed', id: 4, error: toWire(error), attempt: 1 });
  metrics.emitted({ type: 'failed', id: 4, error: toWire(error), attempt: 2 });
  metrics.emitted({ type: 'deadletter', id: 4, error: toWire(error) });
  metrics.repeated(2);
  metrics.emitted({ type: 'cancelled', ids: [1, 2] });
  metrics.emitted({ type: 'cancelled', ids: [1, 2, 3], again: true });
  metrics.emitted({ type: 'removed', ids: [5] });
  expect(counts.tasks.read()).toEqual({ done: 3, failed: 2, 'dead-letter': 1, repeated: 3, cancelled: 2 });
});

test('of a queue it keeps what is known, and forgets it with the mastership', async () => {
  await clock.advance(1);
  const load = { queued: 4, queuedBytes: 9, running: null, blocked: null, dead: 1, headAge: 20 };
  const queue = () => counts.queue(0);
  metrics.measured(load, true);
  expect(queue()).toEqual({ queued: 4, dead: 1, headAge: 20, blocked: false });
  metrics.measured({ ...load, dead: null, headAge: null, blocked: 7 }, true);
  expect(queue()).toEqual({ queued: null, dead: null, headAge: null, blocked: true });
  metrics.measured({ ...load, dead: null }, false);
  expect(queue()).toEqual({ queued: 4, dead: null, headAge: 20, blocked: false });
  metrics.measured({ ...load, queued: 0, headAge: null }, true);
  expect(queue()).toEqual({ queued: 0, dead: 1, headAge: 0, blocked: false });
  enter('slave');
  expect(queue()).toEqual({ queued: null, dead: null, headAge: null, blocked: null });
});

test('a pause is known from when it is told to when its end is', () => {
  metrics.emitted({ type: 'paused', info: { by: 'me', reason: null, at: new Date(0), until: null, standby: false } });
  expect(counts.paused).toBe(true);
  metrics.emitted({ type: 'resumed' });
  expect(counts.paused).toBe(false);
});

test('beats are counted for the whole service', () => {
  const other = new MemberMetrics(new MemberCounts(), shared, clock);
  metrics.beatSent(2);
  other.beatSent(3);
  other.beatAcknowledged(40);
  expect(shared.lateness.read().sum).toBeCloseTo(0.005);
  expect(shared.roundTrip.read().sum).toBeCloseTo(0.04);
});
