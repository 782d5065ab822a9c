import { beforeEach, expect, test } from 'vitest';
import { Fitness } from '../../../src/coordinator/fitness.ts';
import { probeDelays, WorkLoading } from '../../../src/coordinator/workLoading.ts';
import { toWire, WorkError } from '../../../src/errors.ts';
import type { LoadOutcome } from '../../../src/queue/runner.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const broken = new WorkError('ERR_WORK_MODULE', 'no such package');
const failed: LoadOutcome = { type: 'failed', error: toWire(broken), exited: true };

let clock: VirtualClock;
let told: string[];
let probes: number[];
let outcome: LoadOutcome | Promise<LoadOutcome>;
let isMaster: boolean;
/** Whether the thread of a probe exits in time. */
let exits: boolean;
let fitness: Fitness;
let loading: WorkLoading;

beforeEach(() => {
  clock = new VirtualClock();
  told = [];
  probes = [];
  outcome = failed;
  isMaster = true;
  exits = true;
  const host = {
    resign: (_reason: string, code: string, nothingRuns: boolean) => {
      told.push(`resign ${code}${nothingRuns ? '' : ', unsettled'}`);
      return isMaster;
    },
    fit: () => told.push('fit'),
  };
  fitness = new Fitness(host, clock);
  loading = new WorkLoading({
    name: 'billing',
    fitness,
    clock,
    delays: probeDelays,
    prober: {
      probe: async () => {
        probes.push(clock.now());
        return outcome;
      },
      terminateProbe: async () => {
        told.push('terminateProbe');
        return exits;
      },
    },
    emit: (event) => told.push('error' in event ? `${event.type} ${event.error.code}` : event.type),
  });
});

/** In seconds, and none since this was last asked. */
const pauses = (): number[] => {
  const times = [0, ...probes];
  return times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / 1000);
};

test('the member is unfit from the first failure until a probe loads the work', async () => {
  loading.failed(broken, true);
  expect(told).toEqual(['resign ERR_WORK_MODULE']);
  expect(fitness.unfit?.message).toMatch(/^no such package; this member is not master until/);
  await clock.advance(1000);
  expect([probes, told.length]).toEqual([[1000], 1]);
  outcome = { type: 'loaded' };
  await clock.advance(2000);
  expect([told.slice(1), fitness.unfit]).toEqual([['info', 'fit'], null]);
  await clock.advance(1_000_000);
  expect([probes.length, clock.pending]).toEqual([2, 0]);
});

test('work of which not all that has run is on record keeps the lease until it runs out', () => {
  loading.failed(broken, false);
  expect(told).toEqual(['resign ERR_WORK_MODULE, unsettled']);
});

test('a failure that no mastership was given up for is told by an error of its own', () => {
  isMaster = false;
  loading.failed(broken, true);
  expect(told).toEqual(['resign ERR_WORK_MODULE', 'error ERR_WORK_MODULE']);
});

test('probes follow each other ever more slowly, up to a minute, and nothing more is told', async () => {
  loading.failed(broken, true);
  await clock.advance(300_000);
  expect(pauses()).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  expect(told).toEqual(['resign ERR_WORK_MODULE']);
});

test('work that loads in a probe and fails again under a mastership goes on with the longer delay', async () => {
  loading.failed(broken, true);
  outcome = { type: 'loaded' };
  await clock.advance(1000);
  loading.failed(broken, true);
  await clock.advance(2000);
  loading.failed(broken, true);
  await clock.advance(4000);
  expect(pauses()).toEqual([1, 2, 4]);
  // Once it has loaded under a mastership they start again.
  loading.succeeded();
  loading.failed(broken, true);
  await clock.advance(1000);
  expect(pauses()).toEqual([1, 2, 4, 1]);
});

test('the status says what the last probe found', async () => {
  loading.failed(broken, true);
  const error = toWire(new WorkError('ERR_TASK_THREAD_EXITED', 'no memory'));
  outcome = { type: 'failed', error, exited: true };
  await clock.advance(1000);
  expect(fitness.unfit).toMatchObject({ code: 'ERR_TASK_THREAD_EXITED', since: new Date(clock.wall() - 1000) });
  expect(told).toEqual(['resign ERR_WORK_MODULE']);
});

test('a failure that is told twice, or during a probe, is followed by one probe at a time', async () => {
  loading.failed(broken, true);
  loading.failed(broken, true);
  let answer: (outcome: LoadOutcome) => void = () => {};
  outcome = new Promise((resolve) => {
    answer = resolve;
  });
  await clock.advance(10_000);
  expect(probes).toHaveLength(1);
  loading.failed(broken, true);
  await clock.advance(1_000_000);
  expect(probes).toHaveLength(1);
  outcome = failed;
  answer(failed);
  await clock.advance(60_000);
  expect(probes.length).toBeGreaterThan(1);
});

test('once stopped it tries no more, and what a probe finds then is of no use', async () => {
  loading.failed(broken, true);
  let answer: (outcome: LoadOutcome) => void = () => {};
  outcome = new Promise((resolve) => {
    answer = resolve;
  });
  await clock.advance(1000);
  await loading.stop();
  answer(failed);
  await clock.advance(1_000_000);
  expect([probes.length, clock.pending, told]).toEqual([1, 0, ['resign ERR_WORK_MODULE', 'terminateProbe']]);
});

test('a probe whose thread does not exit in time is told by a panic, and the stop ends', async () => {
  loading.failed(broken, true);
  exits = false;
  await loading.stop();
  expect(told).toEqual(['resign ERR_WORK_MODULE', 'terminateProbe', 'panic ERR_WORK_NOT_STOPPED']);
});
