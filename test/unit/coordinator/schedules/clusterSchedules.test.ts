/** What people ask of schedules must not hold up the thread that has the beats. */
import { expect, test } from 'vitest';
import { ClusterSchedules } from '../../../../src/coordinator/schedules/clusterSchedules.ts';
import type { AddResult, NewTask } from '../../../../src/store/taskStore.ts';
import { MemoryScheduleStore } from '../../../support/memoryScheduleStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { declared } from './scheduleWorld.ts';

const clock = new VirtualClock({ wall: Date.UTC(2026, 4, 1) });

function schedules(portions: number[]): ClusterSchedules {
  const notUsed = async (): Promise<never> => {
    throw new Error('is not to be called');
  };
  return new ClusterSchedules({
    ...{ name: 'billing', holder: 'me', clock, schedules: new MemoryScheduleStore(), key: null, maxQueue: 250 },
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
