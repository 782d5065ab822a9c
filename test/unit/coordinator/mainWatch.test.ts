/** When the main thread counts as blocked, under virtual time. */
import { describe, expect, test } from 'vitest';
import { MainWatch } from '../../../src/coordinator/mainWatch.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { pulsePeriod } from '../../../src/wire/pulse.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

/** A main thread whose pulse is beaten by hand, and what the watch says of it. */
class World {
  readonly clock = new VirtualClock({ now: 10_130 });
  /** For how long the process has been stopped: what falls due in that time is called when it goes on, that much too late. */
  stopped = 0;
  readonly said: string[] = [];
  readonly watch: MainWatch;
  onBlocked = (): void => {};
  private beatenAt = this.clock.now();

  constructor(mainTimeout: number) {
    const clock: Clock = {
      now: () => this.now(),
      sinceBoot: () => this.now(),
      wall: () => this.now(),
      at: (time, callback) => this.clock.at(time - this.stopped, callback),
    };
    this.watch = new MainWatch({
      clock,
      mainTimeout,
      pulseAge: () => this.now() - this.beatenAt,
      blocked: () => {
        this.said.push('blocked');
        this.onBlocked();
      },
      turned: () => this.said.push('turned'),
    });
  }

  private now(): number {
    return this.clock.now() + this.stopped;
  }

  beat(): void {
    this.beatenAt = this.now();
  }

  /** Lets time pass with a thread that turns. */
  async turning(ms: number, every: number): Promise<void> {
    for (const end = this.clock.now() + ms; this.clock.now() < end; this.beat()) await this.clock.advance(every);
  }
}

describe('a watch of 1000 ms', () => {
  test('says nothing of a thread that turns', async () => {
    const world = new World(1000);
    world.watch.start();
    await world.turning(20_000, 250);
    expect(world.said).toEqual([]);
  });

  test('says once that it is blocked, within a period of the time-out, and once that it turns again', async () => {
    const world = new World(1000);
    world.watch.start();
    await world.clock.advance(1000);
    expect(world.said).toEqual([]);
    await world.clock.advance(250);
    expect(world.said).toEqual(['blocked']);
    await world.clock.advance(30_000);
    expect(world.said).toEqual(['blocked']);
    world.beat();
    await world.turning(5000, 250);
    expect(world.said).toEqual(['blocked', 'turned']);
    await world.clock.advance(1250);
    expect(world.said).toEqual(['blocked', 'turned', 'blocked']);
  });

  test('stopped, it says nothing and leaves no timer; started again, it looks again', async () => {
    const world = new World(1000);
    world.watch.start();
    world.watch.start();
    expect(world.clock.pending).toBe(1);
    await world.clock.advance(1250);
    world.watch.stop();
    world.watch.stop();
    expect(world.clock.pending).toBe(0);
    world.beat();
    await world.clock.advance(5000);
    expect(world.said).toEqual(['blocked']);
    world.watch.start();
    await world.clock.advance(250);
    expect(world.said).toEqual(['blocked', 'blocked']);
  });

  test('may be stopped by what it says', async () => {
    const world = new World(1000);
    world.onBlocked = () => world.watch.stop();
    world.watch.start();
    await world.clock.advance(10_000);
    expect(world.said).toEqual(['blocked']);
    expect(world.clock.pending).toBe(0);
  });

  test('does not count the sleep of the machine', async () => {
    const world = new World(1000);
    world.watch.start();
    await world.turning(1000, 250);
    world.clock.sleep(60_000);
    await world.turning(5000, 250);
    expect(world.said).toEqual([]);
  });
});

describe('a process that was stopped as a whole, while monotonic time ran on', () => {
  test('does not count as blocked when the thread turns soon after', async () => {
    const world = new World(1000);
    world.watch.start();
    world.stopped += 60_000;
    await world.clock.advance(250);
    world.beat();
    await world.clock.advance(500);
    expect(world.said).toEqual([]);
  });

  test('counts when it still does not turn a period later', async () => {
    const world = new World(1000);
    world.watch.start();
    world.stopped += 60_000;
    await world.clock.advance(250);
    expect(world.said).toEqual([]);
    await world.clock.advance(250);
    expect(world.said).toEqual(['blocked']);
  });
});

test('without a time-out nothing is watched', () => {
  const world = new World(Infinity);
  world.watch.start();
  expect(world.clock.pending).toBe(0);
  world.watch.stop();
});

test.each([
  [1, 1],
  [10, 2.5],
  [1000, 250],
  [60_000, 1000],
  [Infinity, 1000],
])('within a time-out of %d ms a pulse is due every %d ms', (mainTimeout, period) => {
  expect(pulsePeriod(mainTimeout)).toBe(period);
});
