/** One cluster on the coordinator thread, around the real elector: what it tells of a mastership that it gave up. */
import { beforeEach, expect, test } from 'vitest';
import { type Duty, noLoad } from '../../../src/coordinator/duties/duty.ts';
import { ClusterMember } from '../../../src/coordinator/member.ts';
import type { MemberEvent } from '../../../src/wire/messages.ts';
import { SharedLease } from '../../../src/wire/sharedLease.ts';
import { MemoryStore, swift } from '../../support/memoryStore.ts';
import { ordinary } from '../../support/orders.ts';
import { unwatched } from '../../support/processes.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { grace, intervals, ttl, validity } from '../election/bench.ts';

/** The real time, which the lease in shared memory reads. */
const start = Number(process.hrtime.bigint()) / 1e6;

let clock: VirtualClock;
let member: ClusterMember;
let events: MemberEvent[];
/** What the work was told, and what was left of the lease when it heard that it is over. */
let told: string[];
let left: number;
let lines: ReturnType<MemoryStore['connect']>;
let farewell: Promise<void> | undefined;

beforeEach(async () => {
  clock = new VirtualClock({ now: start });
  const lease = new SharedLease();
  events = [];
  told = [];
  left = 0;
  const work: Duty = {
    progress: () => ({ identifier: null, count: 0, recent: [] }),
    elected: ({ term, continued }) => told.push(`elected ${term} ${continued}`),
    fence: () => told.push('fence'),
    resume: () => told.push('resume'),
    deposed: (reason) => {
      told.push(`deposed: ${reason}`);
      left = lease.remaining();
    },
    ...{ hold: () => {}, unhold: () => {}, settled: async () => {} },
    drain: async () => 'drained',
    seen: () => {},
    seenNothing: () => {},
    seenOtherKind: () => {},
    load: async () => noLoad,
  };
  lines = new MemoryStore(clock).settleForGood().connect({ fate: () => swift, timeLimit: 900 });
  member = new ClusterMember({
    name: 'test',
    holder: 'me',
    host: 'here',
    pid: 1,
    version: '1.2.3',
    ...unwatched(clock),
    storeText: 'memory',
    ...ordinary(lines),
    intervals,
    configuration: { kind: 'memory', settings: {} },
    standBack: () => {},
    comeForward: () => {},
    grace,
    requestTimeout: 900,
    store: lines,
    clock,
    lease,
    emit: (event) => events.push(event),
    unfit: () => null,
    ended: (signedOff) => {
      farewell = signedOff;
    },
    makeDuty: () => work,
  });
  member.run();
  await clock.advance(10);
  expect(told).toEqual(['elected 1 false']);
  events.length = 0;
  told.length = 0;
});

test.each(['ERR_TASK_TIMEOUT', 'ERR_MAIN_BLOCKED'] as const)(
  'who resigns tells the work while the lease lasts, and users with the code %s',
  async (code) => {
    expect(member.resign('the work hangs', code, false)).toBe(true);
    expect(told).toEqual(['deposed: the work hangs']);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(validity);
    expect(events).toMatchObject([
      { type: 'error', error: { message: 'the work hangs', ours: { kind: 'FailoverError', code } } },
      { type: 'statechange', from: 'master', to: 'slave' },
    ]);
    await clock.advance(3 * ttl);
    expect(told).toHaveLength(1);
    member.fit();
    await clock.advance(20);
    expect(told.at(-1)).toBe('elected 2 true');
  },
);

test('a standby that resigns emits nothing', async () => {
  member.resign('the work hangs', 'ERR_TASK_TIMEOUT', false);
  const { length } = events;
  member.resign('the work hangs', 'ERR_MAIN_BLOCKED', false);
  expect(events).toHaveLength(length);
  expect(told).toHaveLength(1);
});

test('a mastership that is lost has its code as ever, and none of the lease left', async () => {
  clock.sleep(60_000);
  await clock.advance(250);
  expect(events.slice(0, 2)).toMatchObject([
    { type: 'statechange', to: 'error' },
    { type: 'error', error: { ours: { code: 'ERR_LEASE_LOST' } } },
  ]);
  expect(left).toBe(0);
});

test('who resigned stops at once, when its work has ended', async () => {
  member.resign('the work hangs', 'ERR_TASK_TIMEOUT', false);
  member.stop();
  await clock.advance(10);
  expect(events.at(-1)).toEqual({ type: 'stopped' });
});

test('who is stopping can resign and be fit, and still stops', async () => {
  member.stop();
  member.resign('the work hangs', 'ERR_TASK_TIMEOUT', false);
  member.fit();
  await clock.advance(10);
  expect(events.at(-1)).toEqual({ type: 'stopped' });
});

test('its line says which version of the package it runs', async () => {
  expect(await lines.listMembers()).toMatchObject([{ state: 'master', version: '1.2.3' }]);
});

test('its line is taken out of the store when the last one has been written, not beside it', async () => {
  const calls: string[] = [];
  let written = (): void => {};
  lines.putMember = async () => {
    calls.push('put');
    await new Promise<void>((resolve) => {
      written = resolve;
    });
    calls.push('written');
  };
  lines.removeMember = async () => void calls.push('remove');
  member.resign('the work hangs', 'ERR_TASK_TIMEOUT', false);
  member.stop();
  await clock.advance(100);
  expect(calls).toEqual(['put']);
  written();
  await farewell;
  expect(calls).toEqual(['put', 'written', 'remove']);
});
