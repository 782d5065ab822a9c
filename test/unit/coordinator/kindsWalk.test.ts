/**
 * Random worlds of members of several kinds under one name, which start, stop, die, are cut off and get tasks: no two work
 * at once, and in the end a member works that can do what waits. `KINDS_SEEDS=2000` runs more, `KINDS_SEED=n` one.
 */
import { expect, test } from 'vitest';
import { type ClusterKind, kinds, outranks } from '../../../src/options/configuration.ts';
import { randomFrom } from '../../support/random.ts';
import { ttl } from '../election/bench.ts';
import { World } from './kindsWorld.ts';

const { KINDS_SEED, KINDS_SEEDS = '40' } = process.env;
const seeds =
  KINDS_SEED === undefined ? Array.from({ length: Number(KINDS_SEEDS) }, (_, seed) => seed) : [Number(KINDS_SEED)];

test.each(seeds)('seed %d: no two work at once, and what the highest kind can do is done', async (seed) => {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const world = new World();
  // Some are cut off from the store now and then, until the world comes to rest.
  let calm = false;
  const join = (): Promise<unknown> => {
    const kind: ClusterKind = kinds[below(3)] ?? 'durable';
    return world.start(kind, {}, () => calm || random() > 0.02);
  };
  await join();
  for (let move = 0; move < 12; move += 1) {
    const member = world.members[below(world.members.length)];
    const choice = below(6);
    if (choice <= 1 && world.members.length < 5) await join();
    else if (choice === 2) member?.die();
    else if (choice === 3) member?.member.stop();
    else if (member !== undefined && member.kind !== 'unmanaged') member.queue.tasks += 1 + below(3);
    await world.pass(below(4 * ttl));
  }
  if (!world.members.some(({ lives }) => lives)) await join();
  calm = true;
  const before = world.members.map(({ masterships }) => masterships);
  await world.pass(30 * ttl);
  const living = world.members.filter(({ lives }) => lives);
  const { master } = world;
  expect(living.map(({ id }) => id)).toContain(master?.id);
  const waits = living.filter(({ kind, queue }) => queue.tasks > 0 && outranks(kind, master?.kind ?? 'unmanaged'));
  expect(waits.map(({ id }) => id)).toEqual([]);
  if (master?.kind === 'durable') expect(world.stored.tasks).toBe(0);
  const gained = world.members.map(({ masterships }, index) => masterships - (before[index] ?? 0));
  expect(Math.max(...gained), 'no member wins it again and again').toBeLessThanOrEqual(2);
  for (const { member, lives } of world.members) if (lives) member.stop();
  await world.pass(2 * ttl);
});
