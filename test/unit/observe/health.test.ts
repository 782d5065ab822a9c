/** What the probes judge: by shared memory, and by nothing that would have to answer. */
import { beforeEach, expect, test } from 'vitest';
import { Awake } from '../../../src/observe/awake.ts';
import { WatchedClusters } from './watchedClusters.ts';

let world: WatchedClusters;

beforeEach(() => {
  world = new WatchedClusters();
});

test('without a cluster it is live, and not ready', () => {
  expect(world.health()).toMatchObject({ live: true, ready: false, coordinator: 'none', reasons: ['no cluster runs'] });
});

test('a master is live and ready', () => {
  world.addMaster('a');
  expect(world.health()).toEqual({
    ...{ live: true, ready: true, store: true, reasons: [], coordinator: 'running' },
    clusters: [
      {
        ...{ name: 'a', state: 'master', isMaster: true, term: 7, leaseRemaining: 4000 },
        ...{ ready: true, storeFails: false },
      },
    ],
  });
});

test('a standby is ready, and stays so while it is in error', () => {
  const { lease, counts } = world.addMaster('a');
  lease.drop();
  for (const state of ['slave', 'ticking', 'error'] as const) {
    counts.state = state;
    expect(world.health()).toMatchObject({ live: true, ready: true });
  }
});

test('one that was run and has not joined is not ready, and one that was never run does not count', () => {
  world.addMaster('a');
  const late = world.add('b');
  expect(world.health().ready).toBe(true);
  late.counts.ran = true;
  late.counts.state = 'init';
  expect(world.health()).toMatchObject({
    live: true,
    ready: false,
    reasons: ["'b' has not taken part in the election yet"],
  });
});

test('a store that fails makes it neither dead nor unready, and is told apart', () => {
  const { counts, lease } = world.addMaster('a');
  lease.drop();
  counts.state = 'error';
  counts.storeFails = true;
  expect(world.health()).toMatchObject({ live: true, ready: true, store: false, reasons: [] });
});

test('a shutdown makes it unready, and not dead', () => {
  const { counts } = world.addMaster('a');
  counts.stopping = true;
  expect(world.health()).toMatchObject({ live: true, ready: false });
  world = new WatchedClusters();
  world.addMaster('a');
  world.counts.closing = true;
  expect(world.health()).toMatchObject({ live: true, ready: false, reasons: ['the service is being closed'] });
});

test('a coordinator thread that is silent for 2 s is dead', () => {
  world.addMaster('a').lease.hold(7, world.now + 60_000);
  world.now += 2000;
  expect(world.health().live).toBe(true);
  world.now += 1;
  expect(world.health()).toMatchObject({ live: false, ready: true, coordinator: 'silent' });
});

test('one that starts has 30 s', () => {
  world.counts.coordinatorStarts(world.now);
  world.now += 30_000;
  expect(world.health()).toMatchObject({ live: true, coordinator: 'starting' });
  world.now += 1;
  expect(world.health()).toMatchObject({ live: false, coordinator: 'silent' });
});

test('one that is gone is dead at once, until another one starts', () => {
  world.addMaster('a');
  world.counts.coordinatorLost();
  expect(world.health()).toMatchObject({ live: false, coordinator: 'lost' });
  world.counts.coordinatorStarts(world.now);
  expect(world.health()).toMatchObject({ live: true, coordinator: 'starting' });
  world.counts.coordinatorLeaves();
  expect(world.health()).toMatchObject({ live: true, coordinator: 'none' });
});

test('a lease that is held for 2 s past its end is the sign of a dead member', () => {
  world.addMaster('a').lease.hold(7, world.now + 100);
  world.now += 2100;
  world.counts.coordinatorTicks(world.now);
  expect(world.health().live).toBe(true);
  world.now += 1;
  expect(world.health()).toMatchObject({
    live: false,
    reasons: ["the lease of 'a' has ended and was not dropped"],
  });
});

test('after a suspension of the whole process nothing is dead before it has had time', () => {
  world.addMaster('a');
  const awake = new Awake(() => world.now);
  const judge = () => {
    world.awakeSince = awake.since();
    return world.health().live;
  };
  world.now += 3_600_000;
  expect(judge()).toBe(true);
  for (const later of [500, 1000, 2000]) {
    const from = world.awakeSince;
    world.now = from + later;
    expect([later, judge()]).toEqual([later, true]);
  }
  world.now += 1;
  expect(judge()).toBe(false);
});
