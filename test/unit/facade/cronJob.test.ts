/** When a cron job calls its function. */
import { EventEmitter } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import { CronJob } from '../../../src/facade/cronJob.ts';
import { readPattern } from '../../../src/schedules/pattern.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const MINUTE = 60_000;
const start = Date.UTC(2026, 4, 1, 12, 0, 30);

class PlayedCluster extends EventEmitter {
  readonly name = 'cleanup';
  isMaster = true;
  readonly told: unknown[] = [];
  async synchronize(id: unknown): Promise<boolean> {
    this.told.push(id);
    return true;
  }
}

let clock: VirtualClock;
let cluster: PlayedCluster;
let slots: string[];
let errors: string[];

function job(run: (slot: Date) => unknown = () => {}): void {
  new CronJob({
    // biome-ignore lint/suspicious/noExplicitAny: what it uses of a cluster
    cluster: cluster as any,
    pattern: readPattern('*/2 * * * *', 'UTC', start),
    run: (slot) => {
      slots.push(slot.toISOString().slice(11, 16));
      return run(slot);
    },
    clock,
  });
  cluster.emit('statechange', 'stopped', 'init');
}

beforeEach(() => {
  clock = new VirtualClock({ wall: start });
  cluster = new PlayedCluster();
  [slots, errors] = [[], []];
  cluster.on('error', (error: Error) => errors.push(error.message));
});

test('it is called at each slot, on the master alone, and tells the standbys', async () => {
  job();
  await clock.advance(90_000 - 1);
  expect(slots).toEqual([]);
  await clock.advance(1);
  expect(slots).toEqual(['12:02']);
  expect(cluster.told).toEqual([Date.UTC(2026, 4, 1, 12, 2)]);
  cluster.isMaster = false;
  await clock.advance(2 * MINUTE);
  cluster.isMaster = true;
  await clock.advance(2 * MINUTE);
  expect(slots).toEqual(['12:02', '12:06']);
});

test('a slot that another master has taken, or that has passed long ago, is left out', async () => {
  job();
  cluster.emit('synchronize', Date.UTC(2026, 4, 1, 12, 2));
  await clock.advance(2 * MINUTE);
  expect(slots).toEqual([]);
  clock.setWall(Date.UTC(2026, 4, 1, 13, 5));
  await clock.advance(30_000);
  expect(slots).toEqual([]);
  await clock.advance(MINUTE);
  expect(slots).toEqual(['13:06']);
});

test('a slot is left out while the function runs, and a failure is told', async () => {
  let end = (): void => {};
  job(() => new Promise<void>((_, reject) => (end = () => reject(new Error('no disk')))));
  await clock.advance(4 * MINUTE);
  expect(slots).toEqual(['12:02']);
  end();
  await clock.advance(2 * MINUTE);
  expect(slots).toEqual(['12:02', '12:06']);
  expect(errors).toEqual(["the function of the cron job 'cleanup' failed: no disk"]);
});

test('nothing is called once the cluster has stopped', async () => {
  job(() => {
    throw new Error('at once');
  });
  await clock.advance(90_000);
  expect(errors).toHaveLength(1);
  cluster.emit('statechange', 'master', 'stopped');
  await clock.advance(10 * MINUTE);
  expect(slots).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test('a slot that a clock far ahead has taken stops nothing, and is told once', async () => {
  job();
  cluster.emit('synchronize', Date.UTC(2026, 5, 1));
  await clock.advance(6 * MINUTE);
  expect(slots).toEqual(['12:02', '12:04', '12:06']);
  expect(errors).toEqual([
    expect.stringMatching(/'cleanup' had its last run for 2026-06-01T00:00:00.000Z, so the clock/),
  ]);
  // One that is a little ahead may be that of the last master.
  cluster.emit('synchronize', Date.UTC(2026, 4, 1, 12, 10));
  await clock.advance(6 * MINUTE);
  expect(slots).toEqual(['12:02', '12:04', '12:06', '12:12']);
  expect(errors).toHaveLength(1);
});
