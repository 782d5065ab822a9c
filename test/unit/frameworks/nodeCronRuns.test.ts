/** Which runs of a job a member takes. The suite of the frameworks has the real node-cron. */
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { runCoordinator } from '../../../src/frameworks/nodeCron.ts';
import { Runs } from '../../../src/frameworks/nodeCronRuns.ts';
import type { AskedTake, TakeAnswer } from '../../../src/store/takenSlots.ts';
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
  /** What the store says of the clocks of members. */
  serverAhead: number | null | 'none' = 0;
  before: () => void = () => {};

  async take({ job, slot, claim, replaces }: AskedTake): Promise<TakeAnswer> {
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
    return isSame || isFree ? { taken: true } : { taken: false, last: found.slot, serverAhead: this.serverAhead };
  }
}

let clock: VirtualClock;
let slots: PlayedSlots;
let errors: string[];
let infos: string[];

function member(term: number | null = 1) {
  const cluster = Object.assign(new EventEmitter(), { name: 'cron', term });
  cluster.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));
  cluster.on('info', (text) => infos.push(text));
  // biome-ignore lint/suspicious/noExplicitAny: what it uses of a cluster
  const runs = new Runs(cluster as any, { takeSlot: (asked) => slots.take(asked) }, clock);
  return { cluster, take: (asked = key(), ttl = 30_000) => runs.take(asked, ttl) };
}

beforeEach(() => {
  clock = new VirtualClock({ wall });
  slots = new PlayedSlots();
  errors = [];
  infos = [];
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

describe('a run that was taken more than an hour ahead of the clock here', () => {
  const month = 30 * 86_400_000;
  const goesOn = /^ERR_CLOCK_JUMPED: the job 'clean' of 'cron' .* clock of a member was ahead: it goes on/;
  const leftOut = /^ERR_CLOCK_JUMPED: the job 'clean' of 'cron' .* its runs are left out/;

  test('does not stop the job until then, if it is ahead of the clock of the server, too', async () => {
    const [wrong, right] = [member(), member()];
    expect(await wrong.take(key('clean', wall + month))).toBe(true);
    expect(await right.take()).toBe(true);
    expect(errors).toEqual([expect.stringMatching(/ 2026-04-28T01:00/)]);
    expect(errors).toEqual([expect.stringMatching(goesOn)]);
    expect(await wrong.take()).toBe(false);
    expect(await right.take(key('clean', wall + 1000))).toBe(true);
  });

  test.each([2 * 3_600_000, 3_600_001, null])(
    'stays if the server is ahead by %s, and that is told once',
    async (by) => {
      expect(await member().take(key('clean', wall + 2 * 3_600_000))).toBe(true);
      // It is master, and its clock is behind: what it asks for was run two hours ago.
      const behind = member(2);
      slots.serverAhead = by;
      for (const second of [0, 1, 2]) expect(await behind.take(key('clean', wall + second * 1000))).toBe(false);
      expect(slots.last.get('clean')?.slot).toBe(wall + 2 * 3_600_000);
      expect(errors).toEqual([expect.stringMatching(leftOut)]);
    },
  );

  test('stays without a server until the clock here has run evenly for three minutes', async () => {
    slots.serverAhead = 'none';
    const { take } = member();
    expect(await take(key('clean', wall + month))).toBe(true);
    expect(await take()).toBe(false);
    await clock.advance(179_000);
    // As a machine that has booted sets its clock.
    clock.setWall(clock.wall() + 3_600_000);
    expect(await take(key('clean', clock.wall()))).toBe(false);
    await clock.advance(179_000);
    expect(await take(key('clean', clock.wall()))).toBe(false);
    await clock.advance(1000);
    expect(await take(key('clean', clock.wall()))).toBe(true);
    expect(errors).toEqual([expect.stringMatching(leftOut), expect.stringMatching(goesOn)]);
  });

  test('is told once, though the store fails after it', async () => {
    const { take } = member();
    expect(await take(key('clean', wall + month))).toBe(true);
    let calls = 0;
    slots.before = () => {
      calls += 1;
      if (calls % 2 === 0 && calls < 10) throw new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');
    };
    const asked = take();
    await clock.advance(3000);
    expect(await asked).toBe(true);
    expect(errors).toEqual([expect.stringMatching(goesOn)]);
  });
});

test('a job without a name is told once: node-cron names it otherwise on each instance', async () => {
  const { take } = member();
  for (const name of [randomUUID(), randomUUID()]) expect(await take(key(name))).toBe(true);
  expect(infos).toEqual([expect.stringContaining('give it a name that stays')]);
  const named = member();
  expect(await named.take(key('00000000'))).toBe(true);
  expect(infos).toHaveLength(1);
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
  ['clean:1969-12-31T23:59:59.999Z', /the name of its job/],
  ['clean:0001-01-01T00:00:00.000Z', /the name of its job/],
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
