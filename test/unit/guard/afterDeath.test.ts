/** What a guard does after the death of its ward (rule 12), against a store and processes that are played. */
import { beforeEach, describe, expect, test } from 'vitest';
import { type AfterDeathParts, afterDeath, isGone, type LeaseStore } from '../../../src/guard/afterDeath.ts';
import { Duties, type ProcessGroup } from '../../../src/guard/orders.ts';
import { ProcessGroups } from '../../../src/guard/processGroups.ts';
import type { Lease } from '../../../src/store/store.ts';
import type { ProcessIdentity, Sighting } from '../../../src/surroundings/processIdentity.ts';
import { type Fate, leaseOf, MemoryStore, swift } from '../../support/memoryStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const ttl = 4500;
const ward: ProcessIdentity = { boot: 'b', namespace: 'pid:[1]', pid: 5, start: '50' };
const group: ProcessGroup = { number: 7, start: '70' };

let clock: VirtualClock;
let subsystems: Map<string, MemoryStore>;
let fate: () => Fate;
let duties: Duties;
let happened: string[];
let diesAt: number;
let groupEndsAt: number;

beforeEach(() => {
  clock = new VirtualClock();
  subsystems = new Map();
  fate = () => swift;
  duties = new Duties();
  duties.take({
    type: 'begin',
    charter: {
      ward,
      store: { kind: 'embedded', path: '/store' },
      limits: { commandTimeout: 1, connectTimeout: 1, freshFor: 1 },
      ttl,
    },
  });
  happened = [];
  diesAt = 0;
  groupEndsAt = 0;
});

/** A subsystem with this lease, whose term is on record under this claim. */
function subsystem(name: string, lease: Lease, claim = lease.claim): MemoryStore {
  const store = new MemoryStore(clock);
  store.lease = lease;
  store.terms.set(lease.term, claim);
  subsystems.set(name, store);
  return store;
}

function storeOfAll(): LeaseStore {
  const connect = (name: string) => {
    const store = subsystems.get(name);
    if (store === undefined) throw new Error(`no subsystem ${name}`);
    return store.connect({ fate, timeLimit: 50 });
  };
  return {
    highestTerm: (name) => connect(name).highestTerm(),
    observe: async (asked) => (await Promise.all(asked.map((look) => connect(look.name).observe([look])))).flat(),
    releaseDead: (tenure) => {
      happened.push(`releases ${tenure.name}`);
      return connect(tenure.name).releaseDead(tenure);
    },
    close: async () => void happened.push('closes'),
  };
}

/** Returns when it has ended, in ms. */
async function ended(more: Partial<AfterDeathParts> = {}): Promise<number> {
  let at = Number.NaN;
  const ending = afterDeath({
    duties,
    clock,
    isGone: () => clock.now() >= diesAt,
    kill: ({ number }) => void happened.push(`kills ${number}`),
    lives: () => clock.now() < groupEndsAt,
    openStore: async () => {
      happened.push('opens');
      return storeOfAll();
    },
    ...more,
  }).then(() => {
    at = clock.now();
  });
  await clock.advance(2 * ttl);
  await ending;
  return at;
}

const member = (name: string, holder = `of ${name}`): void => duties.take({ type: 'addMember', holder, name });

test('the leases of all members are released as those of a holder that died', async () => {
  const names = Array.from({ length: 70 }, (_, index) => `s${index}`);
  for (const name of names) {
    subsystem(name, leaseOf(`of ${name}`, { term: 3 }));
    member(name);
  }
  expect(await ended()).toBeLessThan(100);
  for (const name of names) expect(subsystems.get(name)?.lease).toMatchObject({ term: 3, holder: null, died: true });
  expect(happened.at(-1)).toBe('closes');
});

describe('no lease is released', () => {
  test('that another member holds', async () => {
    const store = subsystem('billing', leaseOf('another'));
    member('billing');
    await ended();
    expect(store.lease?.holder).toBe('another');
    expect(happened).toEqual(['opens', 'closes']);
  });

  test('whose term is on record under the claim of another member', async () => {
    subsystem('billing', leaseOf('of billing'), 'of the one that won');
    member('billing');
    await ended();
    expect(happened).toEqual(['opens', 'closes']);
  });

  test('above which there is a newer record', async () => {
    const store = subsystem('billing', leaseOf('of billing'));
    member('billing');
    let looks = 0;
    // It comes between the two looks.
    fate = () => {
      if (++looks === 2) store.terms.set(2, 'of the next');
      return swift;
    };
    await ended();
    expect(happened).toEqual(['opens', 'closes']);
  });

  test('in another epoch than the record', async () => {
    const store = subsystem('billing', leaseOf('of billing'));
    member('billing');
    let looks = 0;
    fate = () => {
      if (++looks === 2) store.epoch += 1;
      return swift;
    };
    await ended();
    expect(happened).toEqual(['opens', 'closes']);
  });

  test('of a member that was taken out', async () => {
    subsystem('billing', leaseOf('of billing'));
    member('billing');
    duties.take({ type: 'removeMember', holder: 'of billing' });
    expect(await ended()).toBe(0);
    expect(happened).toEqual([]);
  });

  test('without a charter', async () => {
    duties = new Duties();
    member('billing');
    expect(await ended()).toBe(0);
    expect(happened).toEqual([]);
  });
});

test('while the ward lives nothing happens, and not after the time to live either', async () => {
  subsystem('billing', leaseOf('of billing'));
  member('billing');
  diesAt = Number.POSITIVE_INFINITY;
  const at = await ended();
  expect(at).toBeGreaterThanOrEqual(ttl);
  expect(at).toBeLessThan(ttl + 200);
  expect(happened).toEqual([]);
});

test('a ward that takes its time to end is waited for', async () => {
  const store = subsystem('billing', leaseOf('of billing'));
  member('billing');
  diesAt = 3000;
  const at = await ended();
  expect(at).toBeGreaterThan(3000);
  expect(at).toBeLessThan(3200);
  expect(store.lease).toMatchObject({ holder: null, died: true });
});

describe('groups of processes', () => {
  beforeEach(() => {
    subsystem('billing', leaseOf('of billing'));
    member('billing');
    duties.take({ type: 'addGroup', group });
  });

  test('are killed, and have ended before a lease is released', async () => {
    groupEndsAt = 1000;
    expect(await ended()).toBeGreaterThan(1000);
    expect(happened).toEqual(['kills 7', 'opens', 'releases billing', 'closes']);
  });

  test('are not killed while the ward lives', async () => {
    diesAt = Number.POSITIVE_INFINITY;
    await ended();
    expect(happened).toEqual([]);
  });

  test('that do not end leave the leases to expire', async () => {
    groupEndsAt = Number.POSITIVE_INFINITY;
    await ended();
    expect(happened).toEqual(['kills 7']);
  });
});

test('a store that fails is tried again, and one that is gone is given up with the lease', async () => {
  const store = subsystem('billing', leaseOf('of billing'));
  member('billing');
  const lost: Fate = { ...swift, arrives: null };
  fate = () => (clock.now() < 2000 ? lost : swift);
  await ended();
  expect(store.lease?.holder).toBeNull();

  store.lease = leaseOf('of billing');
  fate = () => lost;
  const before = clock.now();
  expect((await ended()) - before).toBeLessThan(ttl + 500);
  expect(store.lease.holder).toBe('of billing');
});

describe('a ward is gone', () => {
  const me: ProcessIdentity = { ...ward, pid: 6, start: '60' };
  const cases: [string, Partial<ProcessIdentity>, Sighting, boolean][] = [
    ['when its process has ended', {}, 'none', true],
    ['when its number belongs to another one', {}, { start: '51' }, true],
    ['not while it lives', {}, { start: '50' }, false],
    ['not when it cannot be seen', {}, 'hidden', false],
    ['not when its number is counted elsewhere', { namespace: 'pid:[2]' }, 'none', false],
    ['not when its machine was another one', { boot: 'a' }, 'none', false],
  ];
  test.each(cases)('%s', (_, fields, found, expected) => {
    expect(isGone({ ...ward, ...fields }, me, { look: () => found })).toBe(expected);
  });
});

describe('a group', () => {
  let sent: string[];
  const send = (number: number, signal: string): void => void sent.push(`${signal} to ${number}`);
  const groupsWhere = (leader: Sighting, lives = true): ProcessGroups =>
    new ProcessGroups({ look: () => leader }, () => lives, send);
  beforeEach(() => {
    sent = [];
  });

  test('is killed as a whole', () => {
    groupsWhere({ start: '70' }).kill(group);
    expect(sent).toEqual(['SIGKILL to -7']);
  });

  test('is killed when the process that led it has ended', () => {
    groupsWhere('none').kill(group);
    expect(sent).toEqual(['SIGKILL to -7']);
  });

  test('is left alone, and does not live, if its number belongs to another process', () => {
    const groups = groupsWhere({ start: '71' });
    groups.kill(group);
    expect(groups.lives(group)).toBe(false);
    expect(sent).toEqual([]);
  });

  test('lives as long as the system says that', () => {
    expect(groupsWhere('none', true).lives(group)).toBe(true);
    expect(groupsWhere('none', false).lives(group)).toBe(false);
  });

  test('that cannot be killed is no error', () => {
    const fails = () => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    };
    expect(() => new ProcessGroups({ look: () => 'none' }, () => true, fails).kill(group)).not.toThrow();
  });

  test('has those killed, too, that have left it and can be recognized', () => {
    let left = [8, 9];
    const groups = new ProcessGroups(
      { look: () => 'none' },
      () => false,
      send,
      () => left,
    );
    const marked = { ...group, marker: 'FAILOVER_EXEC=1' };
    groups.kill(marked);
    expect(sent).toEqual(['SIGKILL to -7', 'SIGKILL to 8', 'SIGKILL to 9']);
    expect(groups.lives(marked)).toBe(true);
    expect(groups.lives(group)).toBe(false);
    left = [];
    expect(groups.lives(marked)).toBe(false);
  });
});
