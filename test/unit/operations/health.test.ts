import { describe, expect, test } from 'vitest';
import { findMaster, judge } from '../../../src/operations/health.ts';
import type { LeaseEntry } from '../../../src/store/reader.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { view } from './views.ts';

const limits = { maxAge: 1000, maxDead: 0 };
const paused = { by: 'me', reason: 'upgrade', at: new Date(0), until: null, standby: false };
const queue = { where: 'store', queued: 3, done: 1, headAt: new Date(0) } as const;

describe('judge', () => {
  test.each([
    [view(), true, 'healthy', []],
    [view(), false, 'critical', ['has had no master for longer than a failover takes']],
    [view({ state: 'none', ttl: null }), false, 'critical', ['has never had a master']],
    [view({ pause: paused }), true, 'warning', ['is paused by me (upgrade)']],
    [view({ pause: { ...paused, standby: true } }), false, 'warning', ['is paused by me (upgrade)']],
    [view({ queue: { ...queue, headAge: 1000 } }), true, 'healthy', []],
    [view({ queue: { ...queue, headAge: 2000 } }), true, 'warning', ['has a task that has waited for 2 s']],
    [view({ dead: 1 }), true, 'warning', ['has 1 dead letters']],
    [view({ dead: 1 }), false, 'critical', [expect.any(String), 'has 1 dead letters']],
    [view({ problem: 'it is of format 9' }), true, 'critical', ['it is of format 9']],
  ])('%#: says what is wrong', (seen, hasMaster, level, problems) => {
    expect(judge(seen, hasMaster, limits)).toEqual({ level, problems });
  });
});

describe('findMaster', () => {
  /** A store whose lease beats at these times. */
  function beating(clock: VirtualClock, beatsAt: readonly number[]) {
    return {
      async leasesOf(): Promise<LeaseEntry[]> {
        const beat = 7 + beatsAt.filter((time) => clock.now() >= time).length;
        const lease = {
          ...{ term: 3, beat, ack: 0, holder: 'h', claim: 'c', ttl: 4500 },
          identifier: 1,
          count: 1,
          recent: [],
        };
        return [{ name: 'billing', lease, state: { done: 0, burial: null }, at: null, problem: null }];
      },
    };
  }

  async function found(ageMs: number, beatsAt: readonly number[]): Promise<boolean | 'waits'> {
    const clock = new VirtualClock();
    let result: boolean | 'waits' = 'waits';
    const at = new Date(clock.wall() - ageMs);
    const start = clock.now();
    const reader = beating(
      clock,
      beatsAt.map((ms) => start + ms),
    );
    void findMaster(reader, view({ at }), clock).then((answer) => {
      result = answer;
    });
    await clock.advance(6000);
    return result;
  }

  test('trusts a fresh beat', async () => {
    expect(await found(100, [])).toBe(true);
  });

  test('watches a lease that is old by the wall clocks, and takes a beat for a master', async () => {
    expect(await found(3_600_000, [2000])).toBe(true);
    expect(await found(3_600_000, [])).toBe(false);
  });

  test('watches a lease that is from the future, too', async () => {
    expect(await found(-3_600_000, [2000])).toBe(true);
    expect(await found(-3_600_000, [])).toBe(false);
  });
});
