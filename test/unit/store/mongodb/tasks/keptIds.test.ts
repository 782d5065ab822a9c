import { expect, test } from 'vitest';
import { type Fields, isFields } from '../../../../../src/store/documents.ts';
import { SWEEP_PAUSE_MS } from '../../../../../src/store/mongodb/tasks/keptIds.ts';
import { PAGE } from '../../../../../src/store/mongodb/tasks/numberPages.ts';
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

/** Whether it is a page of a sweep: nothing else is read so once it is put down what is trimmed. */
function isSweep(server: FakeTasks, { find, limit }: Fields): boolean {
  return server.trimmed !== undefined && find === 'failover_tasks' && limit === PAGE;
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
  const sweeps = () => server.sent.filter((command) => isSweep(server, command));
  for (const { filter } of sweeps()) expect(JSON.stringify(filter)).toContain('"$lte":9');
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
  server.hold = async (command) => {
    if (!isSweep(server, command)) return;
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

test('a call sweeps for two seconds, and the next one goes on', async () => {
  const { server, clock, trimmer } = await queue();
  await trimAll(trimmer, clock);
  const until = new Date(clock.wall() + HOUR);
  const kept = (seq: number) => ({ _id: `${seq}/q`, seq, kept: true, uniqueUntil: until });
  server.tasks = [...Array.from({ length: 4 * PAGE }, (_, index) => kept(index + 1)), { _id: '8001/q', seq: 8001 }];
  server.done = 8001;
  await trimmer.trim('q', 8001);
  await clock.advance(KEPT_MS);
  const begins: unknown[] = [];
  server.hold = async (command) => {
    if (!isSweep(server, command)) return;
    begins.push(isFields(command.filter) && isFields(command.filter.seq) ? command.filter.seq.$gt : null);
    await new Promise<void>((resolve) => clock.at(clock.now() + 1000, resolve));
  };
  const counts: number[] = [];
  for (let call = 0; call < 8; call++) {
    const before = begins.length;
    const one = trimmer.trim('q', 8001);
    await clock.advance(10_000);
    await one;
    counts.push(begins.length - before);
  }
  // The first call looks for what is to be trimmed, too.
  expect(Math.max(...counts.slice(1))).toBe(2);
  const first = begins.indexOf(0);
  expect(begins.slice(first, first + 4)).toEqual([0, 2000, 4000, 6000]);
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

test('what is put down of a trim costs two commands, and one look is made where no id stays taken', async () => {
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
    // What was put down before, and what is done by then, first of all.
    ...['find', 'find', 'find', 'find', 'find', 'update', 'delete', 'find'],
  ]);
  const after = server.sent.length;
  await clock.advance(HOUR);
  await trimmer.trim('q', 10);
  expect(server.sent).toHaveLength(after);
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
/** A server that takes all that a filter finds before the first of it, as DocumentDB, and has no time for more than `most`. */
function withoutOrder(server: FakeTasks, most: number): void {
  server.hold = async ({ find, filter, updates }) => {
    const [update] = Array.isArray(updates) ? updates : [];
    const asked = find === 'failover_tasks' ? filter : update?.q;
    if (!isFields(asked) || !isFields(asked.seq)) return;
    const { $gt = 0, $lte = Number.POSITIVE_INFINITY } = asked.seq;
    const found = server.seqs.filter((seq) => seq > Number($gt) && seq <= Number($lte)).length;
    const room = find === undefined ? PAGE : most;
    if (found > room) throw new Error(`no time for ${found} documents`);
  };
}

test('where a server has time for little at once, all that is kept is marked, trimmed around and swept up', async () => {
  const server = new FakeTasks();
  const clock = new VirtualClock();
  const count = 30_000;
  const until = new Date(clock.wall() + HOUR);
  // Far above the first number, and each seventh of them is not kept.
  server.tasks = Array.from({ length: count }, (_, index) => {
    const seq = 1_000_000 + index;
    const uniqueUntil = index % 7 === 0 ? {} : { uniqueUntil: until };
    return { _id: `${seq}/q`, seq, key: seq, payload: Buffer.from('payload'), ...uniqueUntil };
  });
  const last = 1_000_000 + count - 1;
  server.done = last;
  withoutOrder(server, 20_000);
  const trim = async (trimmer: TaskTrimmer) => {
    // A call may fail, and the next one goes on where it was.
    for (let call = 0; call < 10; call++) await trimmer.trim('q', last).catch(() => {});
  };
  const { trimmer } = server.member(clock);
  await trim(trimmer);
  await clock.advance(KEPT_MS);
  await trim(trimmer);
  const isRight = ({ seq, kept }: Fields) => seq === last || (kept === true && (Number(seq) - 1_000_000) % 7 !== 0);
  expect(server.tasks.every(isRight)).toBe(true);
  const unkept = Math.ceil(count / 7);
  expect(server.tasks).toHaveLength(count - unkept);
  await clock.advance(HOUR);
  await trim(trimmer);
  expect(server.seqs).toEqual([last]);
});

test('a new master begins where trimming was, and its sweep takes away what came too late since', async () => {
  const { server, clock, trimmer } = await queue();
  await trimAll(trimmer, clock);
  server.trimmed = { ...server.trimmed, through: 500_000 };
  server.done = 500_010;
  server.tasks = [
    ...server.tasks.filter(({ kept }) => kept === true),
    ...[7, 400_000, 500_009].map((seq) => ({ _id: `${seq}/q`, seq })),
    { _id: '500010/q', seq: 500_010 },
  ];
  const from = server.sent.length;
  const next = server.member(clock).trimmer;
  await trimAll(next, clock, 500_010);
  expect(server.seqs).toEqual([3, 6, 500_010]);
  expect(server.sent.length - from).toBeLessThan(20);
});

test('a sweep in a database that was emptied takes nothing away that waits', async () => {
  const { server, clock, trimmer } = await queue();
  await trimAll(trimmer, clock);
  server.tasks = [
    { _id: '1/q', seq: 1 },
    { _id: '2/q', seq: 2 },
  ];
  server.done = 0;
  await clock.advance(SWEEP_PAUSE_MS);
  await trimmer.trim('q', 10);
  expect(server.seqs).toEqual([1, 2]);
});

test('a queue that was emptied without the record of its trimming is trimmed from its first number on', async () => {
  const { server, clock, trimmer } = await queue();
  server.trimmed = { _id: 'trimmed/q', through: 500_000 };
  await trimAll(trimmer, clock);
  await trimmer.trim('q', 10);
  const { adder } = server.member(clock);
  await adder.add('q', [task('11'), task('12')], MANY);
  server.done = 12;
  await trimAll(trimmer, clock, 12);
  // And those keep their ids that are done since.
  expect(server.seqs).toEqual([3, 6, 12]);
});
