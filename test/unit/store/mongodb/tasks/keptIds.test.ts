import { expect, test } from 'vitest';
import { SWEEP_PAUSE_MS } from '../../../../../src/store/mongodb/tasks/keptIds.ts';
import { KEPT_MS, type TaskTrimmer } from '../../../../../src/store/mongodb/tasks/taskTrimmer.ts';
import type { NewTask } from '../../../../../src/store/taskStore.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { FakeTasks } from '../fakeTasks.ts';

const MANY = 1_000_000;
const HOUR = 3_600_000;
const task = (id: string, idRule?: NewTask['idRule']): NewTask => ({ id, bytes: Buffer.from('payload'), idRule });
const known = { type: 'known' };

/** A queue of 10 tasks that are done, of which the third and the sixth keep their ids for an hour. */
async function queue() {
  const server = new FakeTasks();
  const clock = new VirtualClock();
  const member = server.member(clock);
  const tasks = Array.from({ length: 10 }, (_, index) =>
    task(`${index + 1}`, [2, 5].includes(index) ? HOUR : undefined),
  );
  await member.adder.add('q', tasks, MANY);
  server.done = 10;
  return { server, clock, ...member };
}

async function trimAll(trimmer: TaskTrimmer, clock: VirtualClock, through = 10): Promise<void> {
  await trimmer.trim('q', through);
  await clock.advance(KEPT_MS);
  await trimmer.trim('q', through);
}

test('an id is taken after its task is done and trimmed, and free when its time is over', async () => {
  const { server, clock, adder, trimmer } = await queue();
  expect(await adder.add('q', [task('3'), task('4')], MANY)).toEqual([known, { type: 'stored', seq: 11 }]);
  await trimAll(trimmer, clock);
  expect(server.seqs).toEqual([3, 6, 10, 11]);
  expect(await adder.add('q', [task('3'), task('6', HOUR)], MANY)).toEqual([known, known]);
  await clock.advance(HOUR - KEPT_MS);
  expect(await adder.add('q', [task('3')], MANY)).toEqual([{ type: 'stored', seq: 12 }]);
});

test('what is left of such a task has no payload, and tasks behind it are trimmed', async () => {
  const { server, clock, trimmer } = await queue();
  await trimAll(trimmer, clock);
  expect(
    server.tasks.slice(0, 2).map(({ kept, payload }) => [kept, Buffer.from(payload as Uint8Array).length]),
  ).toEqual([
    [true, 0],
    [true, 0],
  ]);
  expect(server.seqs).toEqual([3, 6, 10]);
});

test('a sweep deletes what is left when its time is over, of a member that came later, too', async () => {
  const { server, clock, trimmer } = await queue();
  await trimAll(trimmer, clock);
  await clock.advance(HOUR - KEPT_MS - 1);
  await trimmer.trim('q', 10);
  expect(server.seqs).toEqual([3, 6, 10]);
  const later = server.member(clock).trimmer;
  await trimAll(later, clock);
  expect(server.seqs).toEqual([10]);
  const before = server.sent.length;
  await clock.advance(SWEEP_PAUSE_MS);
  await later.trim('q', 10);
  await clock.advance(SWEEP_PAUSE_MS);
  await later.trim('q', 10);
  // It has seen that nothing is left, and does not look again.
  expect(server.sent.length - before).toBeLessThanOrEqual(1);
});

test('a sweep goes no further than what was done a minute ago, and not more often than once in a minute', async () => {
  const { server, clock, trimmer } = await queue();
  await trimAll(trimmer, clock);
  const sweeps = () => server.sent.filter(({ filter }) => JSON.stringify(filter ?? '').includes('"kept":true'));
  const [first] = sweeps();
  expect(JSON.stringify(first)).toContain('"$lte":9');
  const before = sweeps().length;
  for (let second = 0; second < 59; second++) {
    await clock.advance(1000);
    await trimmer.trim('q', 10);
  }
  expect(sweeps()).toHaveLength(before);
});

test('after a sweep that takes long the next one waits twenty times as long', async () => {
  const { server, clock, trimmer } = await queue();
  await trimmer.trim('q', 10);
  await clock.advance(KEPT_MS);
  let sweeps = 0;
  server.hold = async ({ filter }) => {
    if (!JSON.stringify(filter ?? '').includes('"kept":true')) return;
    sweeps += 1;
    await new Promise<void>((resolve) => clock.at(clock.now() + 9000, resolve));
  };
  const first = trimmer.trim('q', 10);
  await clock.advance(9000);
  await first;
  for (let second = 0; second < 179; second++) {
    await clock.advance(1000);
    await trimmer.trim('q', 10);
  }
  expect(sweeps).toBe(1);
  await clock.advance(1000);
  const next = trimmer.trim('q', 10);
  await clock.advance(9000);
  await next;
  expect(sweeps).toBe(2);
});

test('a task that is done when its time is over is deleted as all others are', async () => {
  const { server, clock, trimmer } = await queue();
  await clock.advance(HOUR);
  await trimAll(trimmer, clock);
  expect(server.seqs).toEqual([10]);
});

test('a letter that is put back is stored though its id is taken, and the id is free when that is done', async () => {
  const { server, adder } = await queue();
  expect(await adder.add('q', [task('3', 'requeued')], MANY)).toEqual([{ type: 'stored', seq: 11 }]);
  expect(await adder.add('q', [task('3', 'requeued')], MANY)).toEqual([known]);
  server.done = 11;
  expect(await adder.add('q', [task('3')], MANY)).toEqual([{ type: 'stored', seq: 12 }]);
});

test('where no id stays taken, nothing is marked, and a trim writes what is put down and deletes', async () => {
  const server = new FakeTasks();
  const clock = new VirtualClock();
  const { adder, trimmer } = server.member(clock);
  await adder.add(
    'q',
    Array.from({ length: 10 }, (_, index) => task(`${index}`)),
    MANY,
  );
  server.done = 10;
  const before = server.sent.length;
  await trimAll(trimmer, clock);
  expect(server.seqs).toEqual([10]);
  expect(server.sent.slice(before).map((command) => Object.keys(command)[0])).toEqual([
    // What was put down before, where the lowest is, what is done, what keeps its id; and at the end the first sweep.
    ...['find', 'find', 'find', 'find', 'find', 'update', 'delete', 'find'],
  ]);
});

test('in a database that was emptied, nothing that is queued is marked', async () => {
  const { server, clock, trimmer } = await queue();
  await trimmer.trim('q', 10);
  await clock.advance(KEPT_MS);
  server.done = 0;
  await trimmer.trim('q', 10);
  expect(server.tasks.filter(({ kept }) => kept !== undefined)).toEqual([]);
});

test('what a master marked that died before it deleted anything is swept by the next one', async () => {
  const { server, clock, trimmer } = await queue();
  await trimmer.trim('q', 10);
  await clock.advance(KEPT_MS);
  server.hold = async (command) => {
    if ('delete' in command) throw new Error('it died');
  };
  await expect(trimmer.trim('q', 10)).rejects.toThrow('it died');
  server.hold = async () => {};
  expect(server.tasks.filter(({ kept }) => kept === true)).not.toEqual([]);
  const next = server.member(clock);
  for (let minutes = 0; minutes < 24 * 60; minutes += 1) {
    await next.trimmer.trim('q', 10);
    await clock.advance(KEPT_MS);
  }
  expect(server.seqs).toEqual([10]);
});

test('many that keep their ids are marked by commands that none is long with, and put down at once', async () => {
  const server = new FakeTasks();
  const clock = new VirtualClock();
  const uniqueUntil = new Date(clock.wall() + 1e9);
  server.tasks = Array.from({ length: 15_000 }, (_, index) => ({ seq: index + 1, key: index, uniqueUntil }));
  server.done = 15_000;
  const { trimmer } = server.member(clock);
  await trimAll(trimmer, clock, 15_000);
  const marks = server.sent.filter(({ update }) => update === 'failover_tasks').map(({ updates }) => rangeOf(updates));
  expect(marks).toHaveLength(8);
  for (const { $gt, $lte } of marks) expect($lte - $gt).toBeLessThanOrEqual(2000);
  expect(server.sent.filter(({ update }) => update === 'failover')).toHaveLength(1);
  expect(server.tasks.filter(({ kept }) => kept === true)).toHaveLength(14_999);
});

test('in a database that is emptied amid a mark, no task that has come since is marked', async () => {
  const server = new FakeTasks();
  const clock = new VirtualClock();
  const uniqueUntil = new Date(clock.wall() + 1e9);
  const tasks = Array.from({ length: 6000 }, (_, index) => ({ seq: index + 1, key: index, uniqueUntil }));
  server.tasks = tasks;
  server.done = 6000;
  const { trimmer } = server.member(clock);
  await trimmer.trim('q', 6000);
  await clock.advance(KEPT_MS);
  let marks = 0;
  server.hold = async (command) => {
    if (command.update !== 'failover_tasks') return;
    marks += 1;
    if (marks === 2) Object.assign(server, { tasks: [], done: 0 });
  };
  await trimmer.trim('q', 6000);
  server.tasks = tasks;
  await trimmer.trim('q', 6000);
  expect(server.tasks.filter(({ kept }) => kept !== undefined)).toEqual([]);
  expect(server.trimmed).toBeUndefined();
});

function rangeOf(updates: unknown): { $gt: number; $lte: number } {
  const [{ q }] = updates as [{ q: { seq: { $gt: number; $lte: number } } }];
  return q.seq;
}
