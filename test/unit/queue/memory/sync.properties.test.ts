/**
 * The queue in memory, kept in step by what the lease tells, under any feeding, work, beats, looks and failovers of two
 * to four members: nothing is lost, and nothing runs at a member that was told that it is finished.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TaskId } from '../../../../src/task/task.ts';
import { runs } from '../../../support/propertyRuns.ts';
import { happenings } from './queueCommands.ts';
import { QueueWorld } from './queueWorld.ts';

const TASKS_MAX = 48;
/** Of ids so long the lease can list no more than 16. */
const LONG_ID = 1000;

const places = Array.from({ length: TASKS_MAX }, (_, index) => index);
const order = fc.shuffledSubarray(places, { minLength: TASKS_MAX });
const count = fc.integer({ min: 1, max: TASKS_MAX });
const last = fc.nat({ max: 3 });

/** Numbers are listed up to 256 of them, which no world here reaches. */
const shortId = (place: number): number => place;
const longId = (place: number): string => `${place}`.padEnd(LONG_ID, '.');

async function live(
  world: QueueWorld,
  steps: Iterable<fc.AsyncCommand<object, QueueWorld>>,
  end: number,
): Promise<TaskId[]> {
  await fc.asyncModelRun(() => ({ model: {}, real: world }), steps);
  const member = world.members[end % world.members.length];
  if (member === undefined) throw new Error('there are members');
  await world.finish(member);
  return member.order.filter((id) => !world.finished.has(id));
}

test('nothing is lost in any order of feeding, as long as the lease can list what was done', async () => {
  const orders = fc.array(order, { minLength: 2, maxLength: 4 });
  const property = fc.asyncProperty(orders, count, happenings, last, async (given, tasks, steps, end) => {
    const world = new QueueWorld(
      given.map((each) => each.filter((place) => place < tasks).map(shortId)),
      false,
    );
    expect(await live(world, steps, end), 'lost').toEqual([]);
    expect(world.fallbacks).toBe(0);
  });
  await fc.assert(property, runs(150));
});

test('nothing is lost of what all are fed in one order, however little the lease can list', async () => {
  let fallbacks = 0;
  const members = fc.integer({ min: 2, max: 4 });
  const property = fc.asyncProperty(members, happenings, last, async (number, steps, end) => {
    const one = places.map(longId);
    const world = new QueueWorld(
      Array.from({ length: number }, () => one),
      true,
    );
    expect(await live(world, steps, end), 'lost').toEqual([]);
    fallbacks += world.fallbacks;
  });
  await fc.assert(property, runs(150));
  expect(fallbacks, 'more was done than the lease can list').toBeGreaterThan(0);
});

test('in different orders and beyond what the lease can list, only what a fallback drops is lost, and it is said', async () => {
  let fallbacks = 0;
  const orders = fc.array(order, { minLength: 2, maxLength: 4 });
  const property = fc.asyncProperty(orders, happenings, last, async (given, steps, end) => {
    const world = new QueueWorld(
      given.map((each) => each.map(longId)),
      false,
    );
    const lost = await live(world, steps, end);
    const unsaid = lost.filter((id) => !world.dropped.has(id));
    expect(unsaid, 'lost without a fallback').toEqual([]);
    fallbacks += world.fallbacks;
  });
  await fc.assert(property, runs(100));
  expect(fallbacks).toBeGreaterThan(0);
});
