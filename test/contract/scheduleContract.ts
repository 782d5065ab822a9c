/** What every store promises of schedules: written by compare-and-set, never behind a later master, and read as they were written. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SlotRules } from '../../src/schedules/options.ts';
import type { ScheduleChange, StoredSchedule } from '../../src/store/schedules.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { createStore } from '../support/builtStore.ts';
import type { StoreUnderTest } from './storeContract.ts';

export interface SchedulesUnderTest extends Pick<StoreUnderTest, 'options'> {
  /** Writes fields into the stored schedule, past the store. */
  tamperSchedule(name: string, id: string, fields: Record<string, unknown>): Promise<void>;
}

const payload = Uint8Array.from([5, 0, 0, 0, 0]);
const rules: SlotRules & { readonly digest: string } = {
  ...{ pattern: '0 2 * * *', timeZone: 'Europe/Berlin', missed: 'all', maxMissed: 7, within: 3_600_000.5 },
  ...{ overlap: 'queue', jitter: 1000, from: 1_700_000_000_000, until: null, digest: 'd' },
};
const fresh: ScheduleChange = {
  ...rules,
  cursor: 1_700_000_000_123,
  declared: 1_700_000_000_124,
  parked: false,
  payload,
};
const stored: Omit<StoredSchedule, 'id'> = {
  ...rules,
  ...{ cursor: 1_700_000_000_123, declared: 1_700_000_000_124, term: 3, lastSeq: null, last: null, next: null },
  ...{ missedCount: 0, missedAt: null, parked: false, paused: null, resumed: null },
};
const expected = { cursor: 1_700_000_000_123, pattern: rules.pattern, timeZone: rules.timeZone };

export function scheduleContract(title: string, setup: () => Promise<SchedulesUnderTest>): void {
  describe(title, () => {
    let under: SchedulesUnderTest;
    let store: FullStore;
    beforeAll(async () => {
      under = await setup();
      store = createStore(under.options, { commandTimeout: 10_000 });
      await store.open();
    });
    afterAll(() => store?.close());

    const make = (name: string, id: string, term = 3) =>
      store.schedules.writeSchedules(name, [{ id, expected: null, term, set: fresh }]);
    const read = async (name: string, id: string) => (await store.schedules.readSchedules(name, [id]))[0];

    test('a schedule is made once, and read as it was written', async () => {
      const name = randomUUID();
      expect(await store.schedules.readSchedules(name, null)).toEqual([]);
      expect(await store.schedules.findSchedule(name, 'a')).toBe(null);
      expect(await make(name, 'a')).toBe(true);
      expect(await make(name, 'a', 4)).toBe(false);
      expect(await read(name, 'a')).toEqual({ ...stored, id: 'a' });
      const found = await store.schedules.findSchedule(name, 'a');
      expect(found).toMatchObject({ id: 'a', term: 3 });
      expect(Buffer.from(found?.payload ?? [])).toEqual(Buffer.from(payload));
    });

    test('a write needs the cursor and the pattern that it expects, and a term that is not older', async () => {
      const { schedules } = store;
      const name = randomUUID();
      await make(name, 'a');
      const write = (change: Partial<typeof expected>, term: number) =>
        schedules.writeSchedules(name, [
          { id: 'a', expected: { ...expected, ...change }, term, set: { cursor: 1_800_000_000_000 } },
        ]);
      expect(await write({ cursor: 1 }, 3)).toBe(false);
      expect(await write({ pattern: '0 3 * * *' }, 3)).toBe(false);
      expect(await write({ timeZone: 'UTC' }, 3)).toBe(false);
      expect(await write({}, 2)).toBe(false);
      expect(await read(name, 'a')).toEqual({ ...stored, id: 'a' });
      expect(await write({}, 5)).toBe(true);
      expect(await read(name, 'a')).toMatchObject({ cursor: 1_800_000_000_000, term: 5, digest: 'd' });
      expect(await write({}, 5)).toBe(false);
    });

    test('a write over a higher term needs that very term', async () => {
      const name = randomUUID();
      await make(name, 'a', 500);
      const write = (over: number) =>
        store.schedules.writeSchedules(name, [
          { id: 'a', expected, term: 1, over, set: { cursor: 1_800_000_000_000, lastSeq: null } },
        ]);
      expect(await write(499)).toBe(false);
      expect(await write(501)).toBe(false);
      expect(await write(500)).toBe(true);
      expect(await read(name, 'a')).toMatchObject({ cursor: 1_800_000_000_000, term: 1 });
      expect(await write(500)).toBe(false);
    });

    test('of several writes each is made by itself', async () => {
      const name = randomUUID();
      await make(name, 'b');
      const set = {
        cursor: 1_800_000_000_000,
        lastSeq: 9,
        last: 1_800_000_000_000,
        missedCount: 2,
        missedAt: 5,
        next: 7,
      };
      const isAll = await store.schedules.writeSchedules(name, [
        { id: 'b', expected: { ...expected, cursor: 1 }, term: 3, set },
        { id: 'a', expected: null, term: 3, set: fresh },
        { id: 'b', expected: null, term: 3, set: fresh },
        { id: 'b', expected, term: 3, set },
      ]);
      expect(isAll).toBe(false);
      expect(await store.schedules.readSchedules(name, null)).toMatchObject([{ id: 'a' }, { id: 'b', ...set }]);
    });

    test('schedules are read by their names, whatever the names are', async () => {
      const name = randomUUID();
      const names = [name, `${name}/`, `${name}0`, `1/${name}`];
      for (const each of names) await make(each, 'x/y');
      await make(name, 'ä%$.@');
      expect((await store.schedules.readSchedules(name, null)).map(({ id }) => id).sort()).toEqual(['x/y', 'ä%$.@']);
      expect(await store.schedules.readSchedules(`${name}0`, null)).toHaveLength(1);
      expect(await store.schedules.readSchedules(name, ['x/y', 'none'])).toHaveLength(1);
    });

    test('a pause stays when the master writes, and a resume moves no cursor', async () => {
      const { schedules } = store;
      const name = randomUUID();
      const pause = { by: 'me', reason: 'why', at: new Date(1_700_000_000_000) };
      expect(await schedules.pauseSchedule(name, 'a', pause)).toBe(false);
      expect(await schedules.resumeSchedule(name, 'a', 1)).toBe(false);
      await make(name, 'a');
      expect(await schedules.pauseSchedule(name, 'a', pause)).toBe(true);
      await schedules.writeSchedules(name, [{ id: 'a', expected, term: 3, set: { cursor: 1_700_000_001_000 } }]);
      expect(await read(name, 'a')).toMatchObject({ paused: pause, cursor: 1_700_000_001_000 });
      expect(await schedules.resumeSchedule(name, 'a', 1_900_000_000_000)).toBe(true);
      const resumed = { paused: null, cursor: 1_700_000_001_000, resumed: 1_900_000_000_000 };
      expect(await read(name, 'a')).toMatchObject(resumed);
      expect(await schedules.resumeSchedule(name, 'a', 1_950_000_000_000)).toBe(true);
      expect(await read(name, 'a')).toMatchObject(resumed);
    });

    test('a schedule is deleted if no member was seen with it, and what is written of it then makes it not again', async () => {
      const { schedules } = store;
      const name = randomUUID();
      const declared = fresh.declared ?? 0;
      expect(await schedules.deleteSchedule(name, 'a', declared)).toEqual({ deleted: false, declared: null });
      for (const id of ['a', 'b']) await make(name, id);
      expect(await schedules.deleteSchedule(name, 'a', declared - 1)).toEqual({ deleted: false, declared });
      expect(await schedules.deleteSchedule(name, 'a', declared)).toEqual({ deleted: true });
      expect(await schedules.deleteSchedule(name, 'a', declared)).toEqual({ deleted: false, declared: null });
      expect(await schedules.writeSchedules(name, [{ id: 'a', expected, term: 3, set: { cursor: 7 } }])).toBe(false);
      await schedules.touchSchedules(name, ['a'], declared + 1);
      expect(await schedules.resumeSchedule(name, 'a', 1)).toBe(false);
      expect((await schedules.readSchedules(name, null)).map(({ id }) => id)).toEqual(['b']);
      await under.tamperSchedule(name, 'b', { format: 2 });
      await expect(schedules.deleteSchedule(name, 'b', declared)).rejects.toMatchObject({ code: 'ERR_NEWER_FORMAT' });
    });

    test('one that is made again has the pause that it had, and one that is there keeps its own', async () => {
      const { schedules } = store;
      const name = randomUUID();
      const paused = { by: 'ada', reason: 'rest', at: new Date(1_700_000_000_000) };
      expect(await schedules.writeSchedules(name, [{ id: 'a', expected: null, term: 2, set: fresh, paused }])).toBe(
        true,
      );
      expect(await read(name, 'a')).toMatchObject({ paused, cursor: fresh.cursor });
      const other = { ...paused, by: 'bob' };
      const again = { id: 'a', expected: null, term: 3, set: fresh, paused: other };
      expect(await schedules.writeSchedules(name, [again])).toBe(false);
      expect(await read(name, 'a')).toMatchObject({ paused });
      expect(await schedules.writeSchedules(name, [{ ...again, id: 'b', paused: null }])).toBe(true);
      expect(await read(name, 'b')).toMatchObject({ paused: null });
    });

    test('a touch goes forward only, and makes nothing', async () => {
      const name = randomUUID();
      await make(name, 'a');
      await store.schedules.touchSchedules(name, ['a', 'none'], 1_800_000_000_000);
      await store.schedules.touchSchedules(name, ['a'], 1);
      expect(await store.schedules.readSchedules(name, null)).toEqual([
        { ...stored, id: 'a', declared: 1_800_000_000_000 },
      ]);
    });

    test('one that cannot be read hides none, and a newer format is left alone', async () => {
      const name = randomUUID();
      for (const id of ['a', 'b', 'c']) await make(name, id);
      await under.tamperSchedule(name, 'a', { missed: 'nonsense' });
      await under.tamperSchedule(name, 'c', { format: 2 });
      expect((await store.schedules.readSchedules(name, null)).map(({ id }) => id)).toEqual(['b']);
      await expect(store.schedules.findSchedule(name, 'a')).rejects.toMatchObject({ code: 'ERR_STORE_DATA' });
      await expect(store.schedules.findSchedule(name, 'c')).rejects.toMatchObject({ code: 'ERR_NEWER_FORMAT' });
      expect(await store.schedules.writeSchedules(name, [{ id: 'c', expected, term: 9, set: { cursor: 1 } }])).toBe(
        false,
      );
      expect(await store.schedules.pauseSchedule(name, 'c', { by: 'me', at: new Date() })).toBe(false);
    });

    test('a thousand are written and read', async () => {
      const name = randomUUID();
      const ids = Array.from({ length: 1100 }, (_, index) => `s${String(index).padStart(4, '0')}`);
      const writes = ids.map((id) => ({ id, expected: null, term: 1, set: fresh }));
      expect(await store.schedules.writeSchedules(name, writes)).toBe(true);
      expect((await store.schedules.readSchedules(name, null)).map(({ id }) => id)).toEqual(ids);
      expect(await store.schedules.readSchedules(name, ids)).toHaveLength(1100);
    });
  });
}
