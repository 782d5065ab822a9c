import { describe, expect, test } from 'vitest';
import { type Candidacy, Neighbourhood } from '../../../../src/coordinator/spread/neighbourhood.ts';
import type { Presence } from '../../../../src/store/presence.ts';
import { presenceId } from '../../../../src/store/presenceDocuments.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const MASTER = 2000;

/** The lines of the processes of one store. */
class Lines {
  readonly lines = new Map<string, Presence>();
  calls: string[] = [];
  fails = false;

  async putPresence(line: Presence): Promise<void> {
    this.calls.push('put');
    if (this.fails) throw new Error('the store is away');
    this.lines.set(presenceId(line.key), line);
  }
  async readPresences(): Promise<Presence[]> {
    this.calls.push('read');
    if (this.fails) throw new Error('the store is away');
    return [...this.lines.values()];
  }
  async removeMember(id: string): Promise<void> {
    this.lines.delete(id);
  }
}

const member = (name: string, fields: Partial<Candidacy> = {}): Candidacy => ({
  ...{ name, priority: 50, isMaster: false, isCandidate: true },
  ...fields,
});
const two = [member('a'), member('b')];

function neighbourhood(key: string, store: Lines, clock: VirtualClock, members: readonly Candidacy[] = two) {
  const made = new Neighbourhood({
    ...{ key, process: `process/${key}`, holders: `${key}:`, store, clock, master: MASTER },
    members: () => members,
  });
  made.changed();
  return made;
}

const polls = (one: Neighbourhood, name: string, claim: string | null = null, priority = 50): number =>
  one.polls(name, priority, claim === null ? null : { claim });

describe('a process', () => {
  test('with one member says nothing and asks nothing', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    neighbourhood('x', store, clock, [member('a')]);
    await clock.advance(60_000);
    expect(store.calls).toEqual([]);
  });

  test('writes and reads once each 2 MASTER, for all of its members', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    neighbourhood(
      'x',
      store,
      clock,
      Array.from({ length: 1000 }, (_, n) => member(`${n}`)),
    );
    await clock.advance(40_100);
    expect(store.calls.length).toBeGreaterThan(14);
    expect(store.calls.length).toBeLessThanOrEqual(22);
  });

  test('never has two reads, or two lines, under way at once, whose answers could overtake each other', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    const ends: (() => void)[] = [];
    const later = () => new Promise<void>((resolve) => ends.push(resolve));
    const read = store.readPresences.bind(store);
    store.readPresences = () => later().then(read);
    const put = store.putPresence.bind(store);
    store.putPresence = (line) => later().then(() => put(line));
    const x = neighbourhood('x', store, clock);
    const looks = Promise.all([x.look(), x.look(), x.sign(), x.sign()]);
    await clock.advance(1);
    // One of each.
    expect(ends).toHaveLength(2);
    while (ends.length > 0) {
      expect(ends.length).toBeLessThanOrEqual(2);
      for (const end of ends.splice(0)) end();
      await clock.advance(1);
    }
    await looks;
    // With the one of its first turn.
    expect([...store.lines.values()].map(({ count }) => count)).toEqual([3]);
    x.silence();
  });

  test('that is alone, or knows of no other, waits for none', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    const x = neighbourhood('x', store, clock);
    expect(polls(x, 'a')).toBe(0);
    await clock.advance(30_000);
    expect(polls(x, 'a')).toBe(0);
  });

  test('signs off where it has signed, and waits for no store that it never reached', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    const x = neighbourhood('x', store, clock);
    await clock.advance(5000);
    expect(store.lines.size).toBe(1);
    await x.close();
    expect(store.lines.size).toBe(0);
    const { length } = store.calls;
    await clock.advance(20_000);
    expect(store.calls).toHaveLength(length);
    const away = new Lines();
    away.putPresence = () => new Promise(() => {});
    const y = neighbourhood('y', away, clock);
    await clock.advance(5000);
    await y.close();
  });

  test('lets another go first that lives and is of a higher rank, and not one that is gone', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    const names = Array.from({ length: 40 }, (_, n) => member(`${n}`));
    const [x, y] = [neighbourhood('x', store, clock, names), neighbourhood('y', store, clock, names)];
    await clock.advance(10_000);
    for (const { name } of names) expect([polls(x, name), polls(y, name)].sort()).toEqual([0, 1.25]);
    expect(names.filter(({ name }) => polls(x, name) === 0).length).toBeGreaterThan(8);
    expect(names.filter(({ name }) => polls(y, name) === 0).length).toBeGreaterThan(8);
    await y.close();
    await clock.advance(5000);
    for (const { name } of names) expect(polls(x, name)).toBe(0);
  });

  test('forgets one that says nothing more, which it would wait for in vain', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    const names = Array.from({ length: 40 }, (_, n) => member(`${n}`));
    const x = neighbourhood('x', store, clock, names);
    const y = neighbourhood('y', store, clock, names);
    await clock.advance(10_000);
    y.sign = async () => {};
    await clock.advance(6 * MASTER + 2 * MASTER + 500);
    for (const { name } of names) expect(polls(x, name)).toBe(0);
  });

  test('does not wait for the one that had the lease', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    const names = Array.from({ length: 40 }, (_, n) => member(`${n}`));
    const x = neighbourhood('x', store, clock, names);
    neighbourhood('y', store, clock, names);
    await clock.advance(10_000);
    expect(names.some(({ name }) => polls(x, name) > 0)).toBe(true);
    for (const { name } of names) expect(polls(x, name, 'y:1/1')).toBe(0);
  });

  test('does not wait for one that could not be master of this subsystem', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    const names = Array.from({ length: 40 }, (_, n) => member(`${n}`));
    const x = neighbourhood('x', store, clock, names);
    neighbourhood(
      'y',
      store,
      clock,
      names.map((each) => ({ ...each, isCandidate: false })),
    );
    neighbourhood('z', store, clock, two);
    await clock.advance(10_000);
    for (const { name } of names) expect(polls(x, name)).toBe(0);
  });

  test('goes on when the store comes back, and waits for none when it is away for long', async () => {
    const [store, clock] = [new Lines(), new VirtualClock()];
    const names = Array.from({ length: 40 }, (_, n) => member(`${n}`));
    const x = neighbourhood('x', store, clock, names);
    neighbourhood('y', store, clock, names);
    await clock.advance(10_000);
    const waits = (): boolean => names.some(({ name }) => polls(x, name) > 0);
    expect(waits()).toBe(true);
    store.fails = true;
    await clock.advance(20_000);
    expect(waits()).toBe(false);
    store.fails = false;
    await clock.advance(10_000);
    expect(waits()).toBe(true);
  });
});
