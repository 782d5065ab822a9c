/** The ward's side of a guard: what it is told, and how another one takes its place. */
import { beforeEach, expect, test } from 'vitest';
import { Guard, type GuardProcess } from '../../../src/guard/guard.ts';
import type { Charter, GuardOrder, GuardReply } from '../../../src/guard/orders.ts';
import { unknownProcess } from '../../support/processes.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const charter: Charter = {
  ward: unknownProcess,
  store: { kind: 'embedded', path: '/store' },
  limits: { commandTimeout: 1, connectTimeout: 1, freshFor: 1 },
  ttl: 4500,
};
const begin: GuardOrder = { type: 'begin', charter };

interface Started {
  readonly told: GuardOrder[];
  readonly die: (why: string) => void;
  readonly say: (reply: GuardReply) => void;
  isTold: boolean;
}

let clock: VirtualClock;
let started: Started[];
let said: string[];
let failing: Error | null;

function start(ended: (why: string) => void, heard: (reply: GuardReply) => void): GuardProcess {
  if (failing !== null) throw failing;
  const one: Started = { told: [], die: ended, say: heard, isTold: false };
  started.push(one);
  return {
    send: (order) => void one.told.push(order),
    end: async () => {
      one.isTold = true;
      ended('exit code 0');
    },
  };
}

beforeEach(() => {
  clock = new VirtualClock();
  started = [];
  said = [];
  failing = null;
});

const makeGuard = (): Guard =>
  new Guard({ charter, clock, start, died: ({ code, message }) => void said.push(`${code} ${message}`) });

test('a guard is told at once what it is to do, and each change of that', () => {
  const guard = makeGuard();
  guard.addMember('h1', 'billing');
  guard.addGroup({ number: 7, start: '70' });
  guard.removeGroup(7);
  guard.removeMember('h1');
  expect(started.map(({ told }) => told)).toEqual([
    [
      begin,
      { type: 'addMember', holder: 'h1', name: 'billing' },
      { type: 'addGroup', group: { number: 7, start: '70' } },
      { type: 'removeGroup', number: 7 },
      { type: 'removeMember', holder: 'h1' },
    ],
  ]);
});

test('another guard takes the place of one that died, and is told the same', async () => {
  const guard = makeGuard();
  guard.addMember('h1', 'billing');
  guard.addMember('h2', 'mail');
  guard.removeMember('h1');
  guard.addGroup({ number: 7, start: '70' });
  started[0]?.die('SIGKILL');
  expect(said).toEqual(['ERR_GUARD_LOST the guard of this process has ended (SIGKILL); another one starts in 100 ms']);
  guard.addMember('h3', 'later');
  await clock.advance(100);
  expect(started).toHaveLength(2);
  expect(started[1]?.told).toEqual([
    begin,
    { type: 'addMember', holder: 'h2', name: 'mail' },
    { type: 'addMember', holder: 'h3', name: 'later' },
    { type: 'addGroup', group: { number: 7, start: '70' } },
  ]);
});

test('the time before the next start doubles, and is short again after a long life', async () => {
  makeGuard();
  const starts: number[] = [];
  for (let death = 0; death < 8; death++) {
    started.at(-1)?.die('SIGKILL');
    const diedAt = clock.now();
    const before = started.length;
    while (started.length === before) await clock.advance(100);
    starts.push(clock.now() - diedAt);
  }
  expect(starts).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  await clock.advance(10_000);
  started.at(-1)?.die('SIGKILL');
  expect(said.at(-1)).toMatch(/in 100 ms$/);
});

test('one that cannot be started is an error, and is tried again', async () => {
  failing = new Error('spawn EAGAIN');
  makeGuard();
  expect(said).toEqual([
    'ERR_GUARD_LOST the guard of this process has ended (spawn EAGAIN); another one starts in 100 ms',
  ]);
  failing = null;
  await clock.advance(100);
  expect(started.map(({ told }) => told)).toEqual([[begin]]);
});

test('after close no other one starts', async () => {
  const guard = makeGuard();
  await guard.close();
  expect(started.map(({ isTold }) => isTold)).toEqual([true]);
  await clock.advance(60_000);
  expect(started).toHaveLength(1);
  expect(said).toEqual([]);
});

test('close does not wait for the next start', async () => {
  const guard = makeGuard();
  started[0]?.die('SIGKILL');
  await guard.close();
  await clock.advance(60_000);
  expect(started).toHaveLength(1);
});

/** Returns what `whenKnown` has said so far. */
function known(guard: Guard, number: number): () => boolean | 'not yet' {
  let answer: boolean | 'not yet' = 'not yet';
  void guard.whenKnown(number).then((isKnown) => {
    answer = isKnown;
  });
  return () => answer;
}

test('a group is known when the guard has said it', async () => {
  const guard = makeGuard();
  guard.addGroup({ number: 7, start: '70' });
  const answer = known(guard, 7);
  await clock.advance(1000);
  expect(answer()).toBe('not yet');
  started[0]?.say({ knows: 7 });
  await clock.advance(0);
  expect(answer()).toBe(true);
  expect(await guard.whenKnown(7)).toBe(true);
});

test('what a guard that died knew, the next one has to say again', async () => {
  const guard = makeGuard();
  guard.addGroup({ number: 7, start: '70' });
  started[0]?.say({ knows: 7 });
  started[0]?.die('SIGKILL');
  const answer = known(guard, 7);
  await clock.advance(1000);
  expect(answer()).toBe('not yet');
  started[1]?.say({ knows: 7 });
  await clock.advance(0);
  expect(answer()).toBe(true);
});

test('a group that is removed is known no more, whatever the guard says late', async () => {
  const guard = makeGuard();
  guard.addGroup({ number: 7, start: '70' });
  const answer = known(guard, 7);
  guard.removeGroup(7);
  await clock.advance(0);
  expect(answer()).toBe(false);
  started[0]?.say({ knows: 7 });
  guard.addGroup({ number: 7, start: '71' });
  const again = known(guard, 7);
  await clock.advance(0);
  expect(again()).toBe('not yet');
});
