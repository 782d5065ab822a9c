/** Which slots a backfill has. */
import { expect, test } from 'vitest';
import { slotsToBackfill } from '../../../src/requests/slots.ts';
import type { StoredSchedule } from '../../../src/store/schedules.ts';

const DAY_MS = 86_400_000;
const MAY = Date.UTC(2026, 4, 1);

function daily(fields: Partial<StoredSchedule>): StoredSchedule {
  return {
    pattern: '@daily',
    timeZone: 'UTC',
    from: null,
    until: null,
    cursor: MAY + 9 * DAY_MS,
    ...fields,
  } as StoredSchedule;
}

function days(schedule: StoredSchedule, from: number, to: number): number[] {
  const now = MAY + 20 * DAY_MS;
  return slotsToBackfill(schedule, MAY + from * DAY_MS, MAY + to * DAY_MS, now).map((slot) => (slot - MAY) / DAY_MS);
}

test('a backfill has the slots of its time, and none that the master has still to settle', () => {
  expect(days(daily({}), 2, 4)).toEqual([2, 3, 4]);
  expect(days(daily({}), 8, 15)).toEqual([8, 9]);
  expect(days(daily({}), 15, 16)).toEqual([]);
});

test('it has none before `from` and none after `until` of the schedule, where there are no slots', () => {
  const limited = daily({ from: MAY + 2 * DAY_MS, until: MAY + 4 * DAY_MS });
  expect(days(limited, 0, 9)).toEqual([2, 3, 4]);
  expect(days(limited, 0, 1)).toEqual([]);
  expect(days(limited, 5, 9)).toEqual([]);
  expect(days(limited, 3, 3)).toEqual([3]);
});
