import { beforeEach, describe, expect, test } from 'vitest';
import type { Neighbour } from '../../../../src/coordinator/spread/living.ts';
import { hashOf } from '../../../../src/coordinator/spread/rank.ts';
import { type Giver, Rebalancer } from '../../../../src/coordinator/spread/rebalancer.ts';
import type { Member } from '../../../../src/store/store.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const rules = { settle: 60_000, threshold: 0.1, every: 10_000, patience: 7000, rest: 600_000 };

/** The process `me`, which has all masterships, beside others. */
class World {
  readonly clock = new VirtualClock({ now: 1_000_000 });
  neighbours: Neighbour[] = [this.other('a')];
  members: Member[] = [];
  /** What was given, and to whom. */
  readonly gifts: string[] = [];
  signs = 0;
  looks = true;
  held: string[];
  movable = (_name: string): boolean => true;
  give = async (_name: string): Promise<boolean> => true;
  readonly rebalancer: Rebalancer;

  constructor(count: number) {
    this.held = Array.from({ length: count }, (_, n) => `${n}`);
    const neighbourhood = {
      ...{ key: 'me', hash: hashOf('me'), hashOfName: hashOf },
      neighbours: [] as Neighbour[],
      look: async () => {
        neighbourhood.neighbours = this.neighbours;
        return this.looks;
      },
      sign: async () => {
        this.signs += 1;
      },
    };
    this.rebalancer = new Rebalancer({
      ...{ rules, clock: this.clock, neighbourhood },
      store: { listMembers: async (name) => this.members.filter((member) => member.name === name) },
      members: () => this.held.map((name) => this.giver(name)),
    });
    this.join('a');
    this.rebalancer.start();
  }

  other(key: string, fields: Partial<Neighbour> = {}): Neighbour {
    return {
      ...{ key, hash: hashOf(key), process: `process/${key}`, holders: `${key}:`, held: 0, count: 1, since: 0 },
      priorityFor: () => 50,
      ...fields,
    };
  }

  /** It has members of all subsystems. */
  join(key: string, fields: Partial<Member> = {}): void {
    const line = { host: key, pid: 1, state: 'slave', at: new Date(0), drain: `process/${key}`, ...fields };
    this.members.push(...this.held.map((name) => ({ id: `${key}:${name}`, name, ...line })));
  }

  /** One of a version without hand-overs, whose lines are so old by now, in ms. */
  joinOlder(age = 0): void {
    const at = new Date(this.clock.wall() - age);
    this.join('old', { at });
    this.members = this.members.map(
      ({ drain, ...line }) => (line.id.startsWith('old:') ? line : { ...line, drain }) as Member,
    );
  }

  private giver(name: string): Giver {
    const give = async (to: string, patience: number): Promise<boolean> => {
      expect(patience).toBe(rules.patience);
      if (!(await this.give(name))) return false;
      this.gifts.push(to);
      this.held = this.held.filter((other) => other !== name);
      return true;
    };
    return { name, priority: 50, isMaster: true, giving: { isMovable: () => this.movable(name), give } };
  }
}

let world: World;
beforeEach(() => {
  world = new World(6);
});

describe('a process with more than its share', () => {
  test('gives one at a time, pauses, and ends when it has its share', async () => {
    await world.clock.advance(rules.every - 1);
    expect(world.gifts).toEqual([]);
    await world.clock.advance(2);
    expect(world.gifts).toHaveLength(1);
    expect(world.signs).toBe(1);
    await world.clock.advance(rules.every - 100);
    expect(world.gifts).toHaveLength(1);
    await world.clock.advance(10 * rules.every);
    // The other one has not said yet that it has more.
    expect(world.gifts.map((to) => to.slice(0, 2))).toEqual(['a:', 'a:', 'a:']);
  });

  test('counts what it has given until the other one has written two lines since', async () => {
    world.neighbours = [world.other('a', { held: 2 })];
    await world.clock.advance(rules.every + 1);
    expect([world.gifts.length, world.held.length]).toEqual([1, 5]);
    // 5 and 2 by its line, 5 and 3 with what it was given: no more than 2, and one above the share.
    world.neighbours = [world.other('a', { held: 3, count: 2 })];
    await world.clock.advance(rules.every + 1);
    expect(world.gifts).toHaveLength(1);
    world.neighbours = [world.other('a', { held: 3, count: 3 })];
    await world.clock.advance(rules.every + 1);
    expect(world.gifts).toHaveLength(2);
  });

  test('gives nothing away for which a member of an older version stands by: it would take what is for another', async () => {
    world.joinOlder();
    await world.clock.advance(5 * rules.every);
    expect(world.gifts).toEqual([]);
    world.members = world.members.map((line) => (line.drain === undefined ? { ...line, state: 'stopped' } : line));
    await world.clock.advance(20 * rules.every);
    expect(world.gifts.map((to) => to.slice(0, 2))).toEqual(['a:', 'a:', 'a:']);
  });

  test('gives away what only a dead member of an older version stands by for', async () => {
    world.joinOlder(60_000);
    await world.clock.advance(rules.every + 1);
    expect(world.gifts).toEqual([]);
    // The line ages, and the refusal with it.
    await world.clock.advance(20 * rules.every);
    expect(world.gifts.map((to) => to.slice(0, 2))).toEqual(['a:', 'a:', 'a:']);
  });

  test('waits for the end of a move before the next one', async () => {
    let done = (_: boolean): void => {};
    world.give = () =>
      new Promise((resolve) => {
        done = resolve;
      });
    await world.clock.advance(30 * rules.every);
    expect(world.gifts).toEqual([]);
    world.give = async () => true;
    done(true);
    await world.clock.advance(1);
    expect(world.gifts).toHaveLength(1);
  });

  test('gives nothing to a process whose members are gone, drained, never master, or of another process', async () => {
    const lines: Partial<Member>[] = [
      { drained: true },
      { priority: 0 },
      { state: 'error' },
      { state: 'stopped' },
      { drain: 'process/b' },
    ];
    for (const line of lines) {
      world.members = [];
      world.join('a', line);
      await world.clock.advance(rules.every + 1);
    }
    world.members = [];
    await world.clock.advance(rules.every + 1);
    expect(world.gifts).toEqual([]);
  });

  test('tries another one after a move that could not be begun, and that one again later', async () => {
    world.give = async (name) => name !== '0';
    await world.clock.advance(2 * rules.every + 1);
    expect(world.gifts).toEqual(['a:1']);
    world.give = async () => true;
    await world.clock.advance(60_000);
    world.neighbours = [world.other('a', { held: 0, count: 9 })];
    await world.clock.advance(rules.every);
    expect(world.gifts).toContain('a:0');
  });

  test('gives nothing by a view that it could not read', async () => {
    world.looks = false;
    await world.clock.advance(10 * rules.every);
    expect(world.gifts).toEqual([]);
    world.looks = true;
    await world.clock.advance(rules.every);
    expect(world.gifts).toHaveLength(1);
  });

  test('gives nothing after it was closed', async () => {
    world.rebalancer.close();
    await world.clock.advance(10 * rules.every);
    expect(world.gifts).toEqual([]);
  });
});
