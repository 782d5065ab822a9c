/** When the groups of processes that a member owns are told to end, and killed, as its lease goes. */
import { beforeEach, describe, expect, test } from 'vitest';
import { OwnedGroups } from '../../../src/coordinator/ownedGroups.ts';
import type { ProcessGroup } from '../../../src/guard/orders.ts';
import type { OwnedGroup } from '../../../src/wire/groups.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const group: OwnedGroup = {
  number: 7,
  start: '70',
  signal: 'SIGTERM',
  killAfter: 8000,
  signalBefore: 1200,
  killBefore: 200,
};

let clock: VirtualClock;
let groups: OwnedGroups;
/** Signals, with their times. */
let sent: string[];
let news: string[];
/** Until when the guard was told that the group may go on. */
let told: (number | undefined)[];
let isKnown: boolean;
/** What the processes do at a signal: how long they still live, in ms. */
let lingers: Record<string, number>;
let endsAt: number;

beforeEach(() => {
  clock = new VirtualClock();
  sent = [];
  news = [];
  told = [];
  isKnown = true;
  lingers = { SIGTERM: 10, SIGKILL: 1 };
  endsAt = Number.POSITIVE_INFINITY;
  const signalled = (signal: string): void => {
    sent.push(`${signal} ${Math.round(clock.now())}`);
    endsAt = Math.min(endsAt, clock.now() + (lingers[signal] ?? Number.POSITIVE_INFINITY));
  };
  groups = new OwnedGroups({
    clock,
    guard: {
      addGroup: ({ until }: ProcessGroup) => void told.push(until),
      whenKnown: async () => isKnown,
      removeGroup: () => void told.push(undefined),
    },
    processes: {
      signal: (_, signal) => {
        if (signal !== 'SIGCONT') signalled(signal);
      },
      kill: () => signalled('SIGKILL'),
      lives: () => clock.now() < endsAt,
    },
    emit: ({ cause, signal }) => void news.push(`${cause} ${signal}`),
  });
});

async function run(validUntil = 4000): Promise<void> {
  groups.held(validUntil);
  groups.elected();
  expect(await groups.add(group)).toBe(true);
}

describe('a group may run', () => {
  test('when there is a lease, and the guard knows the group and its time', async () => {
    await run();
    expect(told).toEqual([3900]);
  });

  test('not without a lease, nor near its end', async () => {
    groups.elected();
    expect(await groups.add(group)).toBe(false);
    groups.held(1200);
    expect(await groups.add(group)).toBe(false);
    expect(told).toEqual([]);
  });

  test('not while the guard does not know it', async () => {
    isKnown = false;
    groups.held(4000);
    groups.elected();
    expect(await groups.add(group)).toBe(false);
  });

  test('not if it was ended while the guard was asked', async () => {
    groups.held(4000);
    groups.elected();
    const added = groups.add(group);
    void groups.end(7);
    expect(await added).toBe(false);
  });
});

describe('no group is added', () => {
  test('once the lease is to be released, until the next mastership', async () => {
    groups.held(60_000);
    groups.elected();
    expect(await groups.drain()).toBe('drained');
    expect(await groups.add(group)).toBe(false);
    groups.held(70_000);
    expect(await groups.add(group)).toBe(false);
    groups.elected();
    expect(await groups.add(group)).toBe(true);
  });

  test('after the lease was lost, or while the process exits', async () => {
    for (const end of [() => groups.lost(), () => groups.exit()]) {
      groups.elected();
      end();
      groups.held(60_000);
      expect(await groups.add(group)).toBe(false);
    }
  });
});

describe('near the end of the lease', () => {
  test('it is asked to end, and is gone', async () => {
    await run();
    await clock.advance(2799);
    expect(sent).toEqual([]);
    await clock.advance(1000);
    expect(sent).toEqual(['SIGTERM 2800']);
    expect(news).toEqual(['lease SIGTERM']);
    expect(told).toEqual([3900, undefined]);
  });

  test('one that does not end is killed before the guard would', async () => {
    lingers.SIGTERM = Number.POSITIVE_INFINITY;
    await run();
    await clock.advance(4000);
    expect(sent).toEqual(['SIGTERM 2800', 'SIGKILL 3800']);
    expect(news).toEqual(['lease SIGTERM', 'lease SIGKILL']);
  });

  test('beats keep it alive', async () => {
    await run();
    await clock.advance(2000);
    groups.held(6000);
    await clock.advance(2000);
    expect(sent).toEqual([]);
    expect(told).toEqual([3900, 5900]);
  });

  test('once asked to end, no beat saves it; but it has the time that a renewed lease gives', async () => {
    lingers.SIGTERM = Number.POSITIVE_INFINITY;
    await run();
    await clock.advance(2900);
    for (let at = 2900; at < 12_000; at += 1000) {
      groups.held(at + 4000);
      await clock.advance(1000);
    }
    expect(sent).toEqual(['SIGTERM 2800', 'SIGKILL 10800']);
  });

  test('a validity that is cut short ends it at once', async () => {
    lingers.SIGTERM = Number.POSITIVE_INFINITY;
    await run();
    await clock.advance(1000);
    groups.held(1100);
    await clock.advance(0);
    expect(sent).toEqual(['SIGTERM 1000', 'SIGKILL 1000']);
  });
});

test('a lease that is lost kills it', async () => {
  await run();
  await clock.advance(1000);
  groups.lost();
  await clock.advance(100);
  expect(sent).toEqual(['SIGKILL 1000']);
  expect(news).toEqual(['lost SIGKILL']);
  expect(told).toEqual([3900, undefined]);
});

describe('it is ended when asked', () => {
  const outcome = async (promise: Promise<unknown>): Promise<unknown> => {
    let result: unknown = 'waits';
    void promise.then((value) => {
      result = value;
    });
    await clock.advance(20);
    return result;
  };

  test('and has then gone', async () => {
    await run();
    lingers.SIGINT = 10;
    expect(await outcome(groups.end(7, 'SIGINT'))).toBe('gone');
    expect(sent).toEqual(['SIGINT 0']);
  });

  test('at once, if nothing of it is left', async () => {
    await run();
    endsAt = 0;
    expect(await outcome(groups.end(7))).toBe('gone');
    expect(sent).toEqual([]);
    expect(await groups.end(7)).toBe('gone');
  });

  test('and killed after the time that it is given, which a second request shortens', async () => {
    lingers.SIGTERM = Number.POSITIVE_INFINITY;
    await run(60_000);
    void groups.end(7, 'SIGTERM', 5000);
    await clock.advance(1000);
    expect(await outcome(groups.end(7, 'SIGKILL', 0))).toBe('gone');
    expect(sent).toEqual(['SIGTERM 0', 'SIGKILL 1000']);
  });

  test('a drain waits until it is gone, and one that is ending already is not asked again', async () => {
    lingers.SIGTERM = 500;
    await run(60_000);
    void groups.end(7);
    const drained = groups.drain();
    expect(await outcome(drained)).toBe('waits');
    await clock.advance(600);
    expect(await drained).toBe('drained');
    expect(sent).toEqual(['SIGTERM 0']);
  });

  test('a drain kills what does not end within its time', async () => {
    lingers.SIGTERM = Number.POSITIVE_INFINITY;
    await run(60_000);
    const drained = groups.drain();
    await clock.advance(9000);
    expect(await drained).toBe('drained');
    expect(sent).toEqual(['SIGTERM 0', 'SIGKILL 8000']);
    expect(news).toEqual(['drain SIGTERM', 'asked SIGKILL']);
  });

  test('one that cannot die is stuck, stays with the guard, and is told when it has gone at last', async () => {
    lingers = {};
    await run(60_000);
    const drained = groups.drain();
    await clock.advance(20_000);
    expect(await drained).toBe('stuck');
    expect(told).toEqual([59_900]);
    endsAt = clock.now();
    await clock.advance(100);
    expect(told).toEqual([59_900, undefined]);
  });

  test('the exit of the process kills it', async () => {
    await run();
    groups.exit();
    expect(sent).toEqual(['SIGKILL 0']);
  });
});
