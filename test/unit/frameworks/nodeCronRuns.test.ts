/** Which runs of a job a member takes. The suite of the frameworks has the real node-cron. */
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { runCoordinator } from '../../../src/frameworks/nodeCron.ts';
import { Runs } from '../../../src/frameworks/nodeCronRuns.ts';
import type { AskedTake, TakenSlot } from '../../../src/store/takenSlots.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

// The entry imports the package by its name, as its users do.
vi.mock('mongo-failover', () => import('../../../src/index.ts'));

const wall = Date.UTC(2026, 2, 29, 1);
const key = (name = 'clean', at = wall): string => `${name}:${new Date(at).toISOString()}`;

/** One record for all members, by the rule of the stores. */
class PlayedSlots {
  readonly last = new Map<string, { slot: number; claim: string }>();
  fails = 0;
  /** Whether what fails was written nevertheless. */
  losesAnswers = false;
  before: () => void = () => {};

  async take({ job, slot, claim, replaces }: AskedTake): Promise<TakenSlot> {
    this.before();
    const unavailable = new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');
    if (this.fails > 0 && !this.losesAnswers) {
      this.fails -= 1;
      throw unavailable;
    }
    const found = this.last.get(job);
    const isSame = found?.slot === slot && found.claim === claim;
    const isFree = found === undefined || (replaces === undefined ? found.slot < slot : found.slot === replaces);
    if (isFree) this.last.set(job, { slot, claim });
    if (this.fails > 0) {
      this.fails -= 1;
      throw unavailable;
    }
    return isSame || isFree ? { taken: true } : { taken: false, last: found.slot };
  }
}

let clock: VirtualClock;
let slots: PlayedSlots;
let errors: string[];

function member(term: number | null = 1) {
  const cluster = Object.assign(new EventEmitter(), { name: 'cron', term });
  cluster.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));
  // biome-ignore lint/suspicious/noExplicitAny: what it uses of a cluster
  const runs = new Runs(cluster as any, { takeSlot: (asked) => slots.take(asked) }, clock);
  return { cluster, take: (asked = key(), ttl = 30_000) => runs.take(asked, ttl) };
}

beforeEach(() => {
  clock = new VirtualClock({ wall });
  slots = new PlayedSlots();
  errors = [];
});

test('the master has each run once, and a standby has none, without a call', async () => {
  const standby = member(null);
  slots.before = () => expect.unreachable();
  expect(await standby.take()).toBe(false);
  slots.before = () => {};
  const master = member();
  expect(await master.take()).toBe(true);
  expect(await master.take()).toBe(false);
  expect(await master.take(key('other'))).toBe(true);
  expect(await master.take(key('clean', wall + 1000))).toBe(true);
});

test('of two that take themselves for the master one has a run, and a clock that is behind repeats none', async () => {
  const [first, second] = [member(1), member(2)];
  expect(await Promise.all([first.take(), second.take()])).toEqual([true, false]);
  expect(await first.take(key('clean', wall + 60_000))).toBe(true);
  expect(await second.take(key('clean', wall + 30_000))).toBe(false);
  expect(errors).toEqual([]);
});

test('a run whose mastership has ended by the time of the answer does not begin', async () => {
  const { cluster, take } = member();
  slots.before = () => {
    cluster.term = null;
  };
  expect(await take()).toBe(false);
  cluster.term = 1;
  slots.before = () => {
    cluster.term = 3;
  };
  expect(await take(key('clean', wall + 1000))).toBe(false);
});

describe('a store that does not answer', () => {
  test.each([true, false])('is asked again, and has the run once (written: %s)', async (losesAnswers) => {
    Object.assign(slots, { fails: 3, losesAnswers });
    const asked = member().take();
    await clock.advance(3 * 250);
    expect(await asked).toBe(true);
    expect(await member(2).take()).toBe(false);
  });

  test('is asked for no longer than node-cron says', async () => {
    slots.fails = 100;
    const told = expect(member().take(key(), 1000)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    await clock.advance(1000);
    await told;
    expect(slots.fails).toBe(100 - 4);
  });

  test('is not asked again once the mastership has ended', async () => {
    slots.fails = 100;
    const { cluster, take } = member();
    const told = expect(take()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    await clock.advance(100);
    cluster.term = null;
    await clock.advance(250);
    await told;
    expect(slots.fails).toBe(98);
  });
});

test('a run that a clock took far ahead does not stop the job until then', async () => {
  const [wrong, right] = [member(), member()];
  const ahead = wall + 30 * 86_400_000;
  expect(await wrong.take(key('clean', ahead))).toBe(true);
  expect(await right.take()).toBe(true);
  expect(errors).toEqual([expect.stringMatching(/^ERR_CLOCK_JUMPED: the job 'clean' of 'cron' .* 2026-04-28T01:00/)]);
  expect(await wrong.take()).toBe(false);
  expect(await right.take(key('clean', wall + 1000))).toBe(true);
});

test('a name of a job may hold colons', async () => {
  expect(await member().take(key('a:b:2026-01-01T00:00:00.000Z'))).toBe(true);
  expect([...slots.last.keys()]).toEqual(['a:b:2026-01-01T00:00:00.000Z']);
});

test.each([
  [null, /as node-cron 4 makes it, not null/],
  ['clean', /as node-cron 4 makes it, not "clean"/],
  [`:${new Date(wall).toISOString()}`, /the name of its job/],
  ['clean:2026-13-01T00:00:00.000Z', /the name of its job/],
  [key('j'.repeat(201)), /at most 200 bytes/],
  [key('\ud800'), /well-formed/],
])('refuses the key %j', async (wrong, message) => {
  const told = member().take(wrong as string);
  await expect(told).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', message: expect.stringMatching(message) });
});

test.each([undefined, {}, new EventEmitter()])('is made of a cluster alone, and not of %s', (wrong) => {
  // biome-ignore lint/suspicious/noExplicitAny: what a program in JavaScript may pass
  expect(() => runCoordinator(wrong as any)).toThrow(/takes a cluster of this version/);
});
