/** When the pool counts as busy, under virtual time. */
import { expect, test } from 'vitest';
import { POOL_ANSWER_MAX_MS, PoolProbe } from '../../../src/coordinator/poolProbe.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

/** A pool that answers when the test says so. */
class World {
  readonly clock = new VirtualClock({ now: 500 });
  readonly said: string[] = [];
  asked = 0;
  underWay: ((fails?: boolean) => void)[] = [];
  readonly probe = new PoolProbe({
    clock: this.clock,
    ask: () => {
      this.asked += 1;
      return new Promise<void>((resolve, reject) => {
        this.underWay.push((fails) => (fails ? reject(new Error('no such file')) : resolve()));
      });
    },
    busy: ({ code }) => this.said.push(code),
    free: (text) => this.said.push(text),
  });

  async answer(fails = false): Promise<void> {
    this.underWay.shift()?.(fails);
    await this.clock.advance(0);
  }
}

test('a pool that answers is asked each second, and nothing is said', async () => {
  const world = new World();
  world.probe.start();
  world.probe.start();
  for (let second = 1; second <= 10; second++) {
    await world.clock.advance(1000);
    expect([world.asked, world.underWay.length]).toEqual([second, 1]);
    await world.answer(second % 2 === 0);
  }
  expect(world.said).toEqual([]);
  expect(world.probe.report()).toEqual({ busy: false, wait: 0 });
});

test('a pool that does not answer is told once, shown, and never asked a second time beside it', async () => {
  const world = new World();
  world.probe.start();
  await world.clock.advance(1000 + POOL_ANSWER_MAX_MS - 1);
  expect(world.said).toEqual([]);
  expect(world.probe.report()).toEqual({ busy: false, wait: POOL_ANSWER_MAX_MS - 1 });
  await world.clock.advance(1);
  expect(world.said).toEqual(['ERR_POOL_BUSY']);
  await world.clock.advance(3_600_000);
  expect(world.asked).toBe(1);
  expect(world.said).toEqual(['ERR_POOL_BUSY']);
  expect(world.probe.report()).toEqual({ busy: true, wait: 3_600_000 + POOL_ANSWER_MAX_MS });
});

test('each outage is told, and its end', async () => {
  const world = new World();
  world.probe.start();
  for (const wait of [POOL_ANSWER_MAX_MS, 7000]) {
    await world.clock.advance(1000 + wait);
    await world.answer();
    expect(world.said.splice(0)).toEqual(['ERR_POOL_BUSY', `libuv's thread pool answers again, after ${wait} ms`]);
    expect(world.probe.report()).toEqual({ busy: false, wait });
  }
  await world.clock.advance(1000);
  await world.answer();
  expect(world.probe.report()).toEqual({ busy: false, wait: 0 });
});

test('after stop nothing is asked and nothing is said, also by an answer that comes late', async () => {
  const world = new World();
  world.probe.start();
  await world.clock.advance(1000);
  world.probe.stop();
  await world.clock.advance(2 * POOL_ANSWER_MAX_MS);
  await world.answer();
  await world.clock.advance(2 * POOL_ANSWER_MAX_MS);
  expect([world.asked, world.said, world.clock.pending]).toEqual([1, [], 0]);
});
