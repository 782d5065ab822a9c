/** Schedules on both stores: each slot has one task, whichever member is master, and the work is told its slot. */
import type { ScheduleOptions, SlotDetails, TaskContext } from 'mongo-failover';
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { settledUri } from '../support/settled.ts';

const everySecond = '* * * * * *';

test.each(['embedded', 'mongodb'])(
  'each slot has one task, through a change of masters, on the store %s',
  async (store) => {
    const folder = await settledFolder();
    const where = store === 'embedded' ? { folder } : { mongodb: { connectString: await settledUri() } };
    const slots: SlotDetails[] = [];
    const options: ScheduleOptions = { missed: 'all', overlap: 'queue' };
    const member = async () => {
      const { managed: Managed } = open(where);
      const work = (task: { id: string; of?: number }, { id, schedule }: TaskContext) => {
        expect(task.id).toBe(id);
        if (schedule !== undefined) slots.push(schedule);
        return true;
      };
      const cluster = new Managed<{ id: string; of?: number }>('schedules', 'id', work, { durable: true });
      await cluster.schedule('a', everySecond, {}, options);
      await cluster.schedule('b', everySecond, (slot) => ({ of: slot.getTime() }), options);
      await cluster.run();
      return cluster;
    };
    const times = (name: string) => slots.filter(({ id }) => id === name).map(({ slot }) => slot.getTime());
    const first = await member();
    // The other one starts while the first slot is waited for.
    const [second] = await Promise.all([
      member(),
      expect.poll(() => times('a').length, { timeout: 20_000 }).toBeGreaterThan(0),
    ]);
    await first.stop();
    const before = times('a').length;
    await expect.poll(() => times('a').length, { timeout: 20_000 }).toBeGreaterThan(before);
    await expect.poll(() => times('b').length, { timeout: 20_000 }).toBeGreaterThan(1);
    for (const name of ['a', 'b']) {
      const [begin = 0] = times(name);
      expect(times(name)).toEqual(times(name).map((_, index) => begin + 1000 * index));
    }
    const [{ id, last } = { id: '', last: null }] = await second.schedules();
    expect([id, last === null]).toEqual(['a', false]);
  },
);

test('bad schedules are refused at the call, and so are those of a cluster in memory', async () => {
  const { managed: Managed, cron } = open({ folder: await settledFolder() });
  const cluster = new Managed<{ id: string }>('refused', 'id', () => true, { durable: true });
  const bad: unknown[][] = [
    ['a', 'every day', {}],
    ['a', everySecond, {}, { timeZone: 'Mars' }],
    ['a', everySecond, {}, { missed: 'never' }],
    ['a', everySecond, {}, { within: -1 }],
    ['a', everySecond, {}, { jitter: 0.5 }],
    ['a', everySecond, {}, { from: 2, until: 1 }],
    ['a', everySecond, {}, { until: new Date(Number.NaN) }],
    ['a', everySecond, {}, { zone: 'UTC' }],
    ['a', everySecond, { id: 'mine' }],
    ['a', everySecond, null],
    ['', everySecond, {}],
    ['a\n', everySecond, {}],
    [7, everySecond, {}],
    ['x'.repeat(201), everySecond, {}],
  ];
  for (const args of bad) {
    await expect(Reflect.apply(cluster.schedule, cluster, args)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  }
  await expect(cluster.schedule('a', everySecond, { run: () => {} } as object)).rejects.toMatchObject({
    code: 'ERR_TASK_NOT_CLONEABLE',
  });
  await expect(cluster.trigger('none')).rejects.toMatchObject({ code: 'ERR_SCHEDULE_UNKNOWN' });
  await expect(cluster.backfill('none', 1, 2)).rejects.toMatchObject({ code: 'ERR_SCHEDULE_UNKNOWN' });
  await expect(cluster.pauseSchedule('none')).rejects.toMatchObject({ code: 'ERR_SCHEDULE_UNKNOWN' });
  await expect(cluster.deleteSchedule('none')).rejects.toMatchObject({ code: 'ERR_SCHEDULE_UNKNOWN' });
  await expect(cluster.deleteSchedule('')).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  expect(() => cluster.preview(everySecond, { count: 0 })).toThrow('count');
  expect(() => cron('c', 'nonsense', () => {})).toThrow('pattern');
  const inMemory = new Managed<{ id: string }>('memory', 'id', () => true);
  await expect(inMemory.schedule('a', everySecond, {})).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
});
