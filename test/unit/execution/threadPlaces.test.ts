/** The places of task threads: single cases, and many random ones against what must hold of all. */
import assert from 'node:assert/strict';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Place, ThreadPlaces } from '../../../src/execution/threadPlaces.ts';
import { randomFrom } from '../../support/random.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

let clock: VirtualClock;
let places: ThreadPlaces;
let told: string[];
let taken: number;
let waiting: number;
let waits: number[];

beforeEach(() => {
  clock = new VirtualClock();
  told = [];
  waits = [];
  make(2);
});

function make(most: number): void {
  places = new ThreadPlaces(clock, most, {
    changed: (...counts) => {
      [taken, waiting] = counts;
    },
    waited: (ms) => waits.push(ms),
  });
}

function ask(name: string): Place {
  const place = places.ask(() => told.push(`${name} leaves`));
  void place.granted.then((granted) => told.push(`${name} ${granted ? 'has its place' : 'gave up'}`));
  return place;
}

async function heard(): Promise<string[]> {
  await clock.advance(0);
  return told.splice(0);
}

/** One whose thread has loaded within `ms`, and is idle. */
async function loaded(name: string, ms = 10): Promise<Place> {
  const place = ask(name);
  expect(await heard()).toEqual([`${name} has its place`]);
  place.loaded(ms);
  return place;
}

describe('the places of task threads', () => {
  test('are as many as there may be, and the rest wait in the order in which they came', async () => {
    const first = ask('a');
    for (const name of ['b', 'c', 'd']) ask(name);
    expect(await heard()).toEqual(['a has its place', 'b has its place']);
    expect([taken, waiting]).toEqual([2, 2]);
    await clock.advance(70);
    first.free();
    first.free();
    expect(await heard()).toEqual(['c has its place']);
    expect([taken, waiting, waits]).toEqual([2, 1, [0, 0, 70]]);
  });

  test('are without end if there is no limit', async () => {
    make(Number.POSITIVE_INFINITY);
    for (let n = 0; n < 100; n += 1) ask('one').loaded(1);
    expect(await heard()).toEqual(Array(100).fill('one has its place'));
    await clock.advance(1e6);
    expect([taken, waiting, told, clock.pending]).toEqual([100, 0, [], 0]);
  });

  test('one that gives up in line is passed over, and takes nothing with it', async () => {
    const first = ask('a');
    ask('b');
    const third = ask('c');
    ask('d');
    third.free();
    expect(await heard()).toEqual(['a has its place', 'b has its place', 'c gave up']);
    expect(waiting).toBe(1);
    first.free();
    expect(await heard()).toEqual(['d has its place']);
  });

  test('the one that has been idle for longest leaves, and as many as wait', async () => {
    make(3);
    const [first, second, third] = [await loaded('a'), await loaded('b'), await loaded('c')];
    await clock.advance(50);
    first.begins();
    first.ends();
    await clock.advance(50);
    expect(told).toEqual([]);
    ask('d');
    expect(await heard()).toEqual(['b leaves']);
    ask('e');
    expect(await heard()).toEqual(['c leaves']);
    third.free();
    expect(await heard()).toEqual(['d has its place']);
    second.free();
    expect(await heard()).toEqual(['e has its place']);
    expect(clock.pending).toBe(0);
  });

  test('one is idle for as long as it took to load before it leaves, and 100 ms at most', async () => {
    make(1);
    const first = await loaded('a', 40);
    ask('b');
    await clock.advance(39);
    first.begins();
    await clock.advance(500);
    first.ends();
    await clock.advance(39);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told.splice(0)).toEqual(['a leaves']);
    first.free();
    expect(await heard()).toEqual(['b has its place']);

    make(1);
    await loaded('c', 5000);
    ask('d');
    await clock.advance(99);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['c leaves']);
  });

  test.each([
    [10, 1000],
    [600, 2400],
    [30_000, 60_000],
  ])('one that loads in %d ms and always runs leaves between two runs, after %d ms', async (load, turn) => {
    make(1);
    const first = await loaded('a', load);
    ask('b');
    const began = clock.now();
    first.begins();
    while (told.length === 0 && clock.now() < began + 100_000) {
      await clock.advance(50);
      first.ends();
      first.begins();
    }
    expect(told).toEqual(['a leaves']);
    expect(clock.now() - began).toBe(turn);
  });

  test('none leaves amid a run, however long it is', async () => {
    make(1);
    const first = await loaded('a');
    first.begins();
    ask('b');
    await clock.advance(1e6);
    expect([told, clock.pending]).toEqual([[], 0]);
    first.ends();
    expect(await heard()).toEqual(['a leaves']);
  });

  test('none leaves while nobody waits, or while as many leave already', async () => {
    const first = await loaded('a');
    const second = await loaded('b');
    await clock.advance(1e6);
    for (const each of [first, second]) each.begins();
    for (const each of [first, second]) each.ends();
    expect(told).toEqual([]);
    // By itself, as one that was idle for long.
    first.leaves();
    ask('c');
    await clock.advance(999);
    expect(told).toEqual([]);
    first.free();
    expect(await heard()).toEqual(['c has its place']);
    expect(clock.pending).toBe(0);
  });

  test('one that takes long to leave makes up for none that waits after a second', async () => {
    make(3);
    const [first, second] = [await loaded('a'), await loaded('b'), await loaded('c')];
    await clock.advance(100);
    ask('d');
    expect(await heard()).toEqual(['a leaves']);
    await clock.advance(999);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told.splice(0)).toEqual(['b leaves']);
    second.free();
    expect(await heard()).toEqual(['d has its place']);
    // The line is empty, so no other is asked, however long it takes.
    await clock.advance(1e6);
    expect([told, clock.pending, taken]).toEqual([[], 0, 3]);
    first.free();
    expect(taken).toBe(2);
  });

  test('a second begins with the order to leave, whoever gave it', async () => {
    make(2);
    const [first, second] = [await loaded('a'), await loaded('b')];
    second.begins();
    first.leaves();
    await clock.advance(500);
    ask('c');
    second.ends();
    await clock.advance(499);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['b leaves']);
    second.leaves();
    await clock.advance(1e6);
    expect([told, clock.pending]).toEqual([['b leaves'], 0]);
  });

  describe('whose next task waits for the store alone', () => {
    let awaits: boolean;

    async function awaiting(ms: number): Promise<Place> {
      awaits = true;
      make(1);
      const place = places.ask(() => told.push('a leaves'), { awaitsStore: () => awaits });
      await place.granted;
      place.loaded(ms);
      ask('b');
      return place;
    }

    test('stay until it has run, over the end of their turn', async () => {
      const first = await awaiting(20);
      for (const _ of [1, 2]) {
        await clock.advance(300);
        first.begins();
        first.ends();
      }
      await clock.advance(999);
      expect(told).toEqual([]);
      awaits = false;
      first.begins();
      await clock.advance(10);
      first.ends();
      expect(told).toEqual(['a leaves']);
    });

    test.each([
      [20, 1000],
      [3000, 3000],
      [30_000, 10_000],
    ])('and which loaded in %d ms leave after %d ms without an answer', async (load, patience) => {
      await awaiting(load);
      await clock.advance(patience - 1);
      expect(told).toEqual([]);
      await clock.advance(1);
      expect(told).toEqual(['a leaves']);
    });

    test('leave soon once it is not so any more', async () => {
      await awaiting(500);
      await clock.advance(310);
      awaits = false;
      await clock.advance(89);
      expect(told).toEqual([]);
      await clock.advance(1);
      expect(told).toEqual(['a leaves']);
    });
  });

  test('a load that was given up in line and asks again has the turn that it had', async () => {
    make(1);
    const first = ask('a');
    const second = ask('b');
    ask('c');
    second.free();
    ask('d');
    const again = places.ask(() => {}, { turn: second.turn });
    void again.granted.then(() => told.push('b has its place'));
    expect(again.turn).toBe(second.turn);
    first.free();
    await heard();
    told = [];
    again.free();
    expect(await heard()).toEqual(['c has its place']);
    expect(waiting).toBe(1);
  });

  test('one that dies while it runs has left its place to the next', async () => {
    make(1);
    const first = await loaded('a');
    first.begins();
    ask('b');
    first.free();
    first.ends();
    expect(await heard()).toEqual(['b has its place']);
    expect([taken, waiting]).toEqual([1, 0]);
  });
});

/** A cluster of a random program: its tasks come and end, its thread loads, dies and takes its time to end. */
class Tenant {
  place: Place | undefined;
  queued = 0;
  isLoaded = false;
  isRunning = false;
  isEnding = false;
  /** Whether its next task runs when its store has answered. */
  isAwaiting = false;
  isHeld = false;
  turn: number | undefined;
  since = Number.POSITIVE_INFINITY;

  constructor(
    readonly number: number,
    private readonly world: World,
  ) {}

  submit(count: number): void {
    this.queued += count;
    this.go();
  }

  private go(): void {
    if (this.queued === 0 || this.isRunning || this.isAwaiting || this.isHeld) return;
    if (this.isLoaded) return this.run();
    if (this.place === undefined) void this.load();
  }

  private async load(): Promise<void> {
    const { world } = this;
    this.since = world.clock.now();
    world.isAsking = true;
    const place = world.places.ask(() => this.leave(), { awaitsStore: () => this.isAwaiting, turn: this.turn });
    world.isAsking = false;
    assert.equal(place.turn, this.turn ?? place.turn);
    this.turn = undefined;
    this.place = place;
    world.stand(this);
    const granted = await place.granted;
    if (!granted || this.place !== place) return;
    assert.equal(world.line.shift(), this, 'one that came later was served first');
    world.longest = Math.max(world.longest, world.clock.now() - this.since);
    this.since = Number.POSITIVE_INFINITY;
    world.live.add(this.number);
    assert.ok(world.live.size <= world.most, 'more threads than may be');
    const took = world.random() * 100;
    world.after(took, () => {
      if (this.place !== place || this.isEnding) return;
      place.loaded(took);
      // It may have been asked to leave at once.
      if (this.isEnding) return;
      this.isLoaded = true;
      this.go();
    });
  }

  private run(): void {
    const { place, world } = this;
    place?.begins();
    this.isRunning = true;
    world.after(world.random() < 0.02 ? 5000 * world.random() : 30 * world.random(), () => {
      if (this.place !== place) return;
      this.isRunning = false;
      this.queued -= 1;
      this.isAwaiting = world.random() < 0.1;
      place?.ends();
      if (!this.isAwaiting) return this.go();
      this.askedAt = world.clock.now();
      // A few answers never come before the thread has left.
      world.after(world.random() < 0.1 ? 20_000 : 300 * world.random(), () => {
        if (this.place !== place) return;
        this.isAwaiting = false;
        this.go();
      });
    });
  }

  private askedAt = 0;

  private leave(): void {
    const { world } = this;
    assert.ok(!this.isRunning, 'it leaves amid a task');
    assert.ok(world.line.length > 0 || world.isAsking, 'it leaves, and nobody waits');
    if (this.isAwaiting) assert.ok(world.clock.now() >= this.askedAt + 1000, 'it leaves before its store may answer');
    // The function `stop` of some modules takes long.
    this.end(world.random() < 0.03 ? world.random() * 5000 : world.random() * 50);
  }

  /** As by a pause: what runs comes to its end, and a wait in line is given up. */
  hold(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    const { world, place } = this;
    if (place !== undefined && world.isInLine(this)) this.giveUp(place);
  }

  unhold(): void {
    this.isHeld = false;
    this.go();
  }

  /** Its turn is kept. */
  private giveUp(place: Place): void {
    this.turn = place.turn;
    this.world.leaveLine(this);
    this.place = undefined;
    this.since = Number.POSITIVE_INFINITY;
    place.free();
  }

  /** As by a fence, or by the end of the mastership: also in line, and amid a task. */
  stop(): void {
    const { world, place } = this;
    if (place === undefined || this.isEnding) return;
    this.isAwaiting = false;
    if (world.isInLine(this)) {
      this.giveUp(place);
      this.turn = undefined;
      return;
    }
    this.isRunning = false;
    place.leaves();
    this.end(world.random() * 50);
  }

  private end(ms: number): void {
    const { world, place } = this;
    this.isLoaded = false;
    this.isEnding = true;
    world.after(ms, () => {
      world.live.delete(this.number);
      this.isEnding = false;
      this.isAwaiting = false;
      this.place = undefined;
      place?.free();
      this.go();
    });
  }
}

class World {
  readonly clock = new VirtualClock();
  readonly places: ThreadPlaces;
  readonly live = new Set<number>();
  isAsking = false;
  /** By the turns of their places. */
  readonly line: Tenant[] = [];
  readonly tenants: readonly Tenant[];
  longest = 0;

  constructor(
    readonly random: () => number,
    readonly most: number,
    count: number,
  ) {
    this.places = new ThreadPlaces(this.clock, most);
    this.tenants = Array.from({ length: count }, (_, number) => new Tenant(number, this));
  }

  after(ms: number, call: () => void): void {
    this.clock.at(this.clock.now() + ms, call);
  }

  stand(tenant: Tenant): void {
    const turn = tenant.place?.turn ?? 0;
    const after = this.line.findIndex(({ place }) => (place?.turn ?? 0) > turn);
    this.line.splice(after < 0 ? this.line.length : after, 0, tenant);
  }

  isInLine(tenant: Tenant): boolean {
    return this.line.includes(tenant);
  }

  leaveLine(tenant: Tenant): void {
    this.line.splice(this.line.indexOf(tenant), 1);
  }

  any(): Tenant {
    const one = this.tenants[Math.floor(this.random() * this.tenants.length)];
    assert.ok(one !== undefined);
    return one;
  }
}

describe('random programs', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'never have more threads than may be, seed %d',
    async (seed) => {
      const random = randomFrom(seed);
      const most = 1 + Math.floor(random() * 5);
      const count = most + 1 + Math.floor(random() * 12);
      const world = new World(random, most, count);
      // Some have more to do than they can.
      for (const tenant of world.tenants.slice(0, 1 + most)) tenant.submit(100_000);
      for (let step = 0; step < 400; step += 1) {
        if (random() < 0.7) world.any().submit(1 + Math.floor(random() * 3));
        if (random() < 0.05) world.any().stop();
        if (random() < 0.05) world.any().hold();
        if (random() < 0.2) world.any().unhold();
        await world.clock.advance(random() * 200);
        // A turn, an answer, the longest task, a load and the longest stop, for each that came before.
        const bound = (Math.ceil(count / most) + 1) * (1000 + 1000 + 5000 + 100 + 5000 + 100);
        for (const tenant of world.tenants) {
          assert.ok(world.clock.now() - tenant.since < bound, `${tenant.number} starves`);
        }
      }
      expect(world.longest).toBeGreaterThan(0);
      // All ends, and nothing is left.
      for (const tenant of world.tenants) {
        tenant.queued = Math.min(tenant.queued, 3);
        tenant.unhold();
        // One that was stopped in line begins again.
        tenant.submit(0);
      }
      await world.clock.advance(200_000);
      expect(world.tenants.map(({ queued }) => queued)).toEqual(Array(count).fill(0));
      expect([world.line, world.clock.pending]).toEqual([[], 0]);
    },
  );
});
