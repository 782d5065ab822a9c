/** When a process that holds a lease counts as gone (rule 12). */
import { beforeEach, describe, expect, test } from 'vitest';
import { DeathWatch, type HolderWatch } from '../../../src/coordinator/deathWatch.ts';
import type { Lease } from '../../../src/store/store.ts';
import type { ProcessIdentity, Sighting } from '../../../src/surroundings/processIdentity.ts';
import { leaseOf } from '../../support/memoryStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const me: ProcessIdentity = { boot: 'b', namespace: 'pid:[1]', pid: 1, start: '100' };
const other: ProcessIdentity = { ...me, pid: 2, start: '200' };

let clock: VirtualClock;
let sightings: Map<number, Sighting>;
let looks: number;
let told: number;
let watch: DeathWatch;
let holder: HolderWatch;
/** Which processes are followed, and how their lines end. */
let lines: Map<number, () => void>;

beforeEach(() => {
  clock = new VirtualClock();
  sightings = new Map([[2, { start: '200' }]]);
  looks = 0;
  told = 0;
  const table = {
    look: (pid: number): Sighting => {
      looks += 1;
      return sightings.get(pid) ?? 'none';
    },
  };
  lines = new Map();
  const lifelines = {
    follow: ({ pid }: ProcessIdentity, ended: () => void): (() => void) => {
      lines.set(pid, ended);
      return () => lines.delete(pid);
    },
  };
  watch = new DeathWatch({ me, table, lifelines, clock });
  holder = watch.add(() => {
    told += 1;
  });
});

const held = (process: ProcessIdentity = other, fields: Partial<Lease> = {}): Lease =>
  leaseOf('other', { process, ...fields });

/** A second, in which the process may be looked at. */
const aWhile = (): Promise<void> => clock.advance(1000);

describe('a holder that was seen alive', () => {
  test('is told to be gone once, between two looks of the member, and at each look from then on', async () => {
    expect(holder.isGone(held())).toBe(false);
    await aWhile();
    expect(told).toBe(0);
    sightings.clear();
    await aWhile();
    expect(told).toBe(1);
    expect(holder.isGone(held())).toBe(true);
    await aWhile();
    expect(holder.isGone(held())).toBe(true);
    expect(told).toBe(1);
  });

  const gone: [string, Sighting][] = [
    ['has ended', 'none'],
    ['has left its number to another one', { start: '300' }],
  ];
  test.each(gone)('is gone when its process %s', async (_, sighting) => {
    holder.isGone(held());
    sightings.set(2, sighting);
    await aWhile();
    expect(holder.isGone(held())).toBe(true);
  });

  test('is not gone when the system does not say which process has its number', async () => {
    holder.isGone(held());
    sightings.set(2, 'hidden');
    await aWhile();
    expect(holder.isGone(held())).toBe(false);
    expect(told).toBe(0);
  });

  test('that claims again, and dies before it is seen, was seen under its claim before, and not under this one', async () => {
    holder.isGone(held());
    sightings.clear();
    await aWhile();
    expect(holder.isGone(held(other, { term: 2, claim: 'other/2' }))).toBe(false);
  });
});

const strangers: [string, Partial<ProcessIdentity>][] = [
  ['on another machine', { boot: 'c' }],
  ['in another container', { namespace: 'pid:[2]' }],
  ['on a system that does not name its boot', { boot: '' }],
  ['on a system that does not name its namespace', { namespace: '' }],
  ['on a system that does not say when it started', { start: '' }],
];
test.each(strangers)('a holder %s is not looked for', async (_, fields) => {
  const lease = held({ ...other, ...fields });
  expect(holder.isGone(lease)).toBe(false);
  sightings.clear();
  await aWhile();
  expect(holder.isGone(lease)).toBe(false);
  expect(looks).toBe(0);
});

test('a holder that was never seen alive is not gone: a cloned machine has the boot id of its original', async () => {
  sightings.clear();
  expect(holder.isGone(held())).toBe(false);
  await aWhile();
  expect(holder.isGone(held())).toBe(false);
  expect(told).toBe(0);
});

test('no process is looked for in a lease that was released, that an older version claimed, or that is not there', async () => {
  for (const lease of [held(other, { holder: null }), leaseOf('other'), null]) {
    expect(holder.isGone(lease)).toBe(false);
  }
  await aWhile();
  expect(looks).toBe(0);
});

test('a look of the member takes the place of one between two of them', async () => {
  for (let time = 0; time < 10; time += 1) {
    holder.isGone(held());
    await clock.advance(500);
  }
  expect(looks).toBe(10);
});

test('members share their looks at a process', () => {
  const others = Array.from({ length: 10 }, () => watch.add(() => {}));
  for (const each of [holder, ...others]) expect(each.isGone(held())).toBe(false);
  expect(looks).toBe(1);
});

test('nothing is looked at when no member is left', async () => {
  holder.isGone(held());
  holder.stop();
  await aWhile();
  looks = 0;
  await aWhile();
  expect(looks).toBe(0);
});

describe('the lifeline of a holder', () => {
  test('has it looked at as soon as it has ended, and some times more', async () => {
    holder.isGone(held());
    lines.get(2)?.();
    await clock.advance(1);
    expect(told).toBe(0);
    sightings.clear();
    await clock.advance(4);
    expect(told).toBe(1);
  });

  test('says nothing by itself', async () => {
    holder.isGone(held());
    lines.get(2)?.();
    await clock.advance(250);
    expect(told).toBe(0);
    expect(holder.isGone(held())).toBe(false);
  });

  test('is one for all members, and let go of with the last one that follows the process', () => {
    const second = watch.add(() => {});
    holder.isGone(held());
    second.isGone(held());
    second.isGone(held(other, { claim: 'other/2' }));
    holder.stop();
    expect([...lines.keys()]).toEqual([2]);
    second.isGone(held({ ...me, pid: 3, start: '300' }));
    expect([...lines.keys()]).toEqual([3]);
    second.isGone(null);
    expect(lines.size).toBe(0);
    second.stop();
  });

  test('is not asked for of this very process', () => {
    holder.isGone(held(me));
    expect(lines.size).toBe(0);
  });
});
