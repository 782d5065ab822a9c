import { expect, test } from 'vitest';
import { isFields } from '../../../../../src/store/documents.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { FakeTasks } from '../fakeTasks.ts';

const at = new Date(0);
const taskOf = (seq: number, more = {}) => ({
  ...{ _id: `${seq}/q`, name: 'q', seq, key: `${seq}`, payload: Buffer.from('payload'), attempts: 0, deaths: 0, at },
  ...more,
});
const tasksFrom = (from: number, count: number) => Array.from({ length: count }, (_, index) => taskOf(from + index));
const kept = (seq: number) => taskOf(seq, { kept: true, payload: Buffer.alloc(0), uniqueUntil: new Date(1e12) });
const limit = { tasks: 50, bytes: 1_000_000 };

function reader(tasks: FakeTasks['tasks']) {
  const server = new FakeTasks();
  server.tasks = tasks;
  const member = server.member(new VirtualClock()).tasks;
  /** The numbers that are read, and how many documents each find matches, before any order and limit. */
  const after = async (seq: number) => {
    const before = server.sent.length;
    const read = (await member.tasksAfter('q', seq, limit)).map((task) => task.seq);
    const matched = server.sent.slice(before).flatMap(({ find, filter }) => {
      const range = isFields(filter) && find === 'failover_tasks' ? filter.seq : undefined;
      if (!isFields(range)) return [];
      const { $gt, $lte = Number.POSITIVE_INFINITY } = range;
      return [server.seqs.filter((each) => each > Number($gt) && each <= Number($lte)).length];
    });
    return { read, matched };
  };
  return { server, after };
}

test('of a long queue no read matches more than it returns, whatever is kept below', async () => {
  const { after } = reader([
    ...Array.from({ length: 100 }, (_, index) => kept(3 * index + 1)),
    ...tasksFrom(500, 3000),
  ]);
  for (const from of [499, 549, 2000]) {
    const { read, matched } = await after(from);
    expect(read).toEqual(Array.from({ length: 50 }, (_, index) => from + 1 + index));
    expect(Math.max(...matched)).toBeLessThanOrEqual(50);
  }
});

test('a queue that is nearly read is read to its end by one find, and again', async () => {
  const { server, after } = reader(tasksFrom(1, 7));
  expect(await after(0)).toEqual({ read: [1, 2, 3, 4, 5, 6, 7], matched: [7] });
  expect(await after(7)).toEqual({ read: [], matched: [0] });
  server.tasks.push(taskOf(8));
  expect(await after(7)).toEqual({ read: [8], matched: [1] });
});

test('what is found once at the end is no promise: a failed read is made again with a range', async () => {
  const { server, after } = reader(tasksFrom(1, 3));
  await after(0);
  server.tasks.push(...tasksFrom(4, 5000));
  server.hold = async ({ find }) => {
    if (find === 'failover_tasks') throw new Error('no time for so many');
  };
  await expect(after(3)).rejects.toThrow('no time');
  server.hold = async () => {};
  const { read, matched } = await after(3);
  expect(read).toHaveLength(50);
  expect(Math.max(...matched)).toBeLessThanOrEqual(50);
});

test('tasks beyond a gap are found, by a member that is behind, too', async () => {
  const { after } = reader([kept(2), kept(30), kept(31), kept(500), ...tasksFrom(10_000, 3)]);
  expect((await after(0)).read).toEqual([10_000, 10_001, 10_002]);
  expect((await after(10_002)).read).toEqual([]);
  expect((await reader([taskOf(1), taskOf(3), taskOf(900)]).after(0)).read).toEqual([1, 3, 900]);
});

test('counting looks at the next task, and beyond a gap if it must', async () => {
  const server = new FakeTasks();
  const { tasks } = server.member(new VirtualClock());
  server.done = 5;
  server.tasks = [kept(2), taskOf(5), ...tasksFrom(6, 20)];
  expect(await tasks.countTasks('q')).toMatchObject({ queued: 20, headAt: at });
  server.done = 7;
  server.tasks = [taskOf(7), taskOf(20)];
  expect(await tasks.countTasks('q')).toMatchObject({ queued: 13, headAt: at });
});
