/** What people ask of schedules must not hold up the thread that has the beats. */
import { expect, test } from 'vitest';
import { ClusterSchedules } from '../../../../src/coordinator/schedules/clusterSchedules.ts';
import type { ServerAhead } from '../../../../src/store/serverAhead.ts';
import type { AddResult, NewTask } from '../../../../src/store/taskStore.ts';
import { MemoryScheduleStore } from '../../../support/memoryScheduleStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { declared } from './scheduleWorld.ts';

const clock = new VirtualClock({ wall: Date.UTC(2026, 4, 1) });
const rows = new MemoryScheduleStore();
let serverAhead: ServerAhead = 'none';

function schedules(portions: number[]): ClusterSchedules {
  const notUsed = async (): Promise<never> => {
    throw new Error('is not to be called');
  };
  return new ClusterSchedules({
    ...{ name: 'billing', holder: 'me', clock, schedules: rows, key: null, maxQueue: 250 },
    clockAhead: async () => serverAhead,
    tasks: {
      addTasks: async (_: string, tasks: readonly NewTask[]): Promise<AddResult[]> => {
        const before = portions.reduce((sum, count) => sum + count, 0);
        portions.push(tasks.length);
        return tasks.map((_task, index) =>
          before + index < 250 ? { type: 'stored', seq: before + index + 1 } : { type: 'full' },
        );
      },
      ...{ relayTasks: notUsed, queueState: notUsed, tasksAfter: notUsed },
    },
    emit: () => {},
    stored: () => {},
    mayBegin: () => {},
  });
}

test.each([
  ['small', 5, [128, 128, 44]],
  ['large', 400 * 1024, Array(150).fill(2)],
])('many %s tasks that people ask for are stored in portions, with a pause after each', async (_, size, expected) => {
  const portions: number[] = [];
  const made = schedules(portions);
  await made.declare(declared('a', {}));
  const bytes = new Uint8Array(size);
  const asked = Array.from({ length: 300 }, (_, index) => ({ slot: index * 60_000, bytes }));
  const answer = made.queue('a', 'backfill', asked);
  await Promise.resolve();
  expect(portions).toHaveLength(1);
  await clock.advance(0);
  await clock.advance(1);
  expect(portions.length).toBeGreaterThan(1);
  await clock.advance(1000);
  const types = await answer;
  expect(portions).toEqual(expected);
  expect(types).toEqual([...Array(250).fill('stored'), ...Array(50).fill('full')]);
  made.timetable.close();
});

const HOUR = 3_600_000;

test.each<[serverAhead: ServerAhead, hours: number, deleted: RegExp | null]>([
  ['none', 2, null],
  ['none', 1.5, /a member had it in its program at .*, and delete it 30 min from now/],
  [0, 2, null],
  // The clock here is ahead of the server's and of the members'.
  [-1.5 * HOUR, 2.5, /delete it 60 min from now/],
  [-1.5 * HOUR, 3.5, null],
  // The clock of the server is ahead.
  [1.5 * HOUR, 1.5, /delete it 30 min from now/],
  [null, 24, /the clock of the server is not known/],
])('with a server ahead by %s a schedule is deleted that no member had for %s h: %s', async (ahead, hours, refused) => {
  const made = schedules([]);
  serverAhead = ahead;
  const { id: _id, template: _template, ...rules } = declared('old', {});
  const set = { ...rules, cursor: 1, declared: clock.wall() - hours * HOUR, parked: false };
  await rows.writeSchedules('billing', [{ id: 'old', expected: null, term: 1, set }]);
  const deleted = made.delete('old');
  if (refused === null) await deleted;
  else
    await expect(deleted).rejects.toMatchObject({
      code: 'ERR_SCHEDULE_DECLARED',
      message: expect.stringMatching(refused),
    });
  expect(await rows.readSchedules('billing', ['old'])).toHaveLength(refused === null ? 0 : 1);
  if (refused !== null) await rows.deleteSchedule('billing', 'old', Number.POSITIVE_INFINITY);
  made.timetable.close();
});

test('a schedule of this very program is not deleted', async () => {
  const made = schedules([]);
  await made.declare(declared('a', {}));
  await expect(made.delete('a')).rejects.toThrow(/this program has it, .* delete it 120 min from now/);
  made.timetable.close();
});
