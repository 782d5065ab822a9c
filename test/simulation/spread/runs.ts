/** The runs of the world, each with what it must hold to. They throw where it does not. */
import assert from 'node:assert/strict';
import type { ResolvedRebalance } from '../../../src/options/rebalance.ts';
import { intervals, ttl } from '../../unit/election/bench.ts';
import { SpreadWorld } from './spreadWorld.ts';

const { POLL } = intervals;
/** Those of some reads and writes, in ms. */
const ROUND_TRIPS = 200;
/** A tenth of the defaults, so a minute is enough for what takes ten. */
export const swiftRules: ResolvedRebalance = {
  ...{ settle: 6000, threshold: 0.1, every: 1000, patience: 30_000, rest: 60_000 },
};

export interface Size {
  readonly seed: number;
  readonly leases: number;
  readonly processes: number;
}

/** One process has all masterships, and dies. */
export async function deathOfOne({ seed, leases, processes }: Size): Promise<string> {
  const world = new SpreadWorld({ seed, leases, rebalance: null });
  const first = world.start();
  await world.run(3000);
  for (let n = 1; n < processes; n += 1) world.start();
  await world.run(20_000);
  assert.equal(first.held, leases);
  world.claims.clear();
  const died = world.clock.now();
  first.die();
  await world.run(ttl + 4 * POLL + ROUND_TRIPS + 5000);
  const took = world.lastBegin - died;
  assert.equal(world.masters, leases, 'not all leases were followed');
  assert.ok(took < ttl + POLL + 3 * POLL + ROUND_TRIPS, `the last was followed after ${took} ms`);
  const claims = [...world.claims.values()];
  assert.ok(Math.max(...claims) <= 2, `a lease was claimed ${Math.max(...claims)} times`);
  const held = world.alive.map((one) => one.held);
  assert.ok(Math.min(...held) > leases / processes / 3, `shares of ${held.join()}`);
  const twice = claims.filter((count) => count > 1).length;
  return `followed within ${Math.round(took)} ms by ${held.length} (${held.join()}), ${twice} claimed twice`;
}

/** One process has all masterships, and others join. */
export async function join({ seed, leases, processes }: Size): Promise<string> {
  const world = new SpreadWorld({ seed, leases, rebalance: swiftRules });
  world.start();
  await world.run(3000);
  for (let n = 1; n < processes; n += 1) world.start();
  world.workOn(3000);
  await world.run(1000);
  const { need } = world;
  const began = world.clock.now();
  for (let left = 900; left > 0 && !world.isEven(swiftRules.threshold); left -= 1) await world.run(1000);
  assert.ok(world.isEven(swiftRules.threshold), `not even: ${world.text}`);
  const took = (world.clock.now() - began) / 1000;
  await world.run(20_000);
  const { moves } = world;
  assert.ok(moves <= Math.ceil(1.05 * need), `${moves} moves, and ${need} are enough`);
  await world.run(90_000);
  assert.equal(world.moves, moves, 'moves went on when all were even');
  return `${moves} moves where evenness needs ${need}, even after ${took} s: ${world.text}`;
}

/** One process has all masterships, and is drained: it hands them over one after another, while its tasks go on. */
export async function drainOfOne({ seed, leases, processes }: Size): Promise<string> {
  const world = new SpreadWorld({ seed, leases, rebalance: null });
  const first = world.start();
  await world.run(3000);
  for (let n = 1; n < processes; n += 1) world.start();
  world.workOn(1000);
  await world.run(20_000);
  assert.equal(first.held, leases);
  world.claims.clear();
  const began = world.clock.now();
  world.drain(first);
  for (let left = leases + 20; left > 0 && first.held > 0; left -= 1) await world.run(1000);
  const took = world.clock.now() - began;
  await world.run(5 * POLL + ROUND_TRIPS);
  assert.equal(first.held, 0, `it still has ${first.held} after ${took} ms`);
  assert.equal(world.masters, leases, 'not all leases were followed');
  const claims = [...world.claims.values()];
  assert.ok(Math.max(...claims) <= 2, `a lease was claimed ${Math.max(...claims)} times`);
  assert.equal(world.handedOverTogether, 1, 'it handed over several at a time');
  return `handed ${leases} over in ${took / 1000} s: ${world.alive.map(({ held }) => held).join()}`;
}

/** Processes die, stop, start and are cut off, calls are lost, and then it is quiet. */
export async function churn({ seed, leases, processes }: Size, ms: number): Promise<string> {
  const world = new SpreadWorld({ seed, leases, rebalance: swiftRules });
  for (let n = 0; n < processes; n += 1) world.start();
  world.workOn(3000);
  world.lossy = true;
  world.churn(20_000, ms, () => {
    const one = world.any();
    if (world.random() < 0.6) one.die();
    else one.stop();
    world.start();
  });
  world.churn(15_000, ms, () => world.any().cutOff(world.random() * 15_000));
  await world.run(ms);
  const amid = world.moves;
  world.lossy = false;
  // Until the last that died is followed, and the last that was lost twice may move again.
  await world.run(swiftRules.rest + 40_000);
  assert.equal(world.masters, leases, 'not all leases have a master');
  assert.ok(world.isEven(swiftRules.threshold), `not even: ${world.text}`);
  const { moves } = world;
  await world.run(90_000);
  assert.equal(world.moves, moves, 'moves went on when all were even');
  return `${amid} moves in ${ms / 1000} s of churn, ${moves - amid} afterwards: ${world.text}`;
}
