import { expect, test } from 'vitest';
import type { Fields } from '../../../../../src/store/documents.ts';
import { PAGE } from '../../../../../src/store/mongodb/tasks/numberPages.ts';
import { KEPT_MS } from '../../../../../src/store/mongodb/tasks/taskTrimmer.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { FakeTasks } from '../fakeTasks.ts';

function queueOf(count: number, from = 1) {
  const server = new FakeTasks();
  server.tasks = Array.from({ length: count }, (_, index) => ({ _id: `${from + index}/q`, seq: from + index }));
  server.done = from + count;
  const clock = new VirtualClock();
  return { server, clock, ...server.member(clock) };
}
const commands = (server: FakeTasks, name: string) => server.sent.filter((command) => name in command);

test('nothing goes before its time, and then all but the highest that was told', async () => {
  const { server, clock, trimmer } = queueOf(10);
  await trimmer.trim('q', 5);
  await clock.advance(KEPT_MS / 2);
  await trimmer.trim('q', 8);
  await clock.advance(KEPT_MS / 2 - 1);
  await trimmer.trim('q', 8);
  expect(server.tasks).toHaveLength(10);
  await clock.advance(1);
  await trimmer.trim('q', 8);
  expect(server.seqs).toEqual([5, 6, 7, 8, 9, 10]);
  await clock.advance(KEPT_MS / 2);
  await trimmer.trim('q', 8);
  expect(server.seqs).toEqual([8, 9, 10]);
});

test('nothing goes beyond what the database says is done: it may have been emptied since', async () => {
  const { server, clock, trimmer } = queueOf(10);
  await trimmer.trim('q', 8);
  await clock.advance(KEPT_MS);
  server.done = 3;
  await trimmer.trim('q', 8);
  expect(server.tasks).toHaveLength(10);
});

test('in a database that was emptied, each number is kept for as long as in any other', async () => {
  const { server, clock, trimmer } = queueOf(10);
  await trimmer.trim('q', 10);
  await clock.advance(KEPT_MS);
  server.done = 0;
  await trimmer.trim('q', 10);
  server.done = 10;
  await trimmer.trim('q', 4);
  await clock.advance(KEPT_MS - 1);
  await trimmer.trim('q', 4);
  expect(server.tasks).toHaveLength(10);
  await clock.advance(1);
  await trimmer.trim('q', 4);
  expect(server.seqs).toEqual([4, 5, 6, 7, 8, 9, 10]);
});

test('time that the machine slept does not count', async () => {
  const { server, clock, trimmer } = queueOf(10);
  await trimmer.trim('q', 5);
  clock.sleep(KEPT_MS);
  await trimmer.trim('q', 5);
  expect(server.tasks).toHaveLength(10);
});

test('told ten times a second for minutes, it goes on steadily, and nothing goes before its time', async () => {
  const { server, clock, trimmer } = queueOf(3000);
  for (let done = 1; done <= 3000; done++) {
    await trimmer.trim('q', done);
    const lowest = server.seqs[0] ?? 0;
    const old = done - KEPT_MS / 100;
    expect(lowest).toBeLessThanOrEqual(Math.max(1, old));
    // In steps of a second or so.
    if (old > 100) expect(lowest).toBeGreaterThan(old - 50);
    await clock.advance(100);
  }
});

test('much goes in bites, each from where the last one ended', async () => {
  const { server, clock, trimmer } = queueOf(7000, 1_000_001);
  await trimmer.trim('q', 1_006_500);
  await clock.advance(KEPT_MS);
  await trimmer.trim('q', 1_006_500);
  expect(server.seqs[0]).toBe(1_006_500);
  const bites = commands(server, 'delete').map(({ deletes }) => JSON.stringify(deletes));
  expect(bites).toHaveLength(4);
  expect(bites[0]).toContain('"seq":{"$gt":1000000,"$lte":1002000}');
  // The lowest is looked for at the beginning alone, and all that is kept at the end.
  const isOfPages = ({ find, limit }: Fields) => find === 'failover_tasks' && limit === PAGE;
  const isDelete = (command: Fields) => 'delete' in command;
  expect(server.sent.slice(server.sent.findIndex(isDelete), server.sent.findLastIndex(isDelete)).some(isOfPages)).toBe(
    false,
  );
});

test('a hole is not gone through bite by bite', async () => {
  const { server, clock, trimmer } = queueOf(10, 50_000_001);
  server.tasks.unshift({ _id: '7/q', seq: 7 });
  await trimmer.trim('q', 50_000_010);
  await clock.advance(KEPT_MS);
  await trimmer.trim('q', 50_000_010);
  expect(server.seqs).toEqual([50_000_010]);
  expect(server.sent.length).toBeLessThan(25);
});

test('calls that come while it trims share what is under way, and a failure does not stop the next', async () => {
  const { server, clock, trimmer } = queueOf(10);
  await trimmer.trim('q', 5);
  await clock.advance(KEPT_MS);
  const before = server.sent.length;
  server.hold = () => Promise.reject(new Error('not now'));
  const both = await Promise.allSettled([trimmer.trim('q', 5), trimmer.trim('q', 6)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(server.sent.length).toBe(before + 1);
  server.hold = async () => {};
  await trimmer.trim('q', 6);
  expect(server.seqs[0]).toBe(5);
});

test.each([
  ['another epoch', { through: 4, epoch: 'epoch 0' }],
  ['no epoch', { through: 4 }],
  ['more than is done', { through: 1_000_000, epoch: 'epoch 1' }],
  ['all that is done', { through: 11, epoch: 'epoch 1' }],
])('a record of %s is deleted with the first trim, and not believed before', async (_, record) => {
  const { server, clock, trimmer, adder } = queueOf(10);
  const uniqueUntil = new Date(clock.wall() + 1e9);
  server.tasks = server.tasks.map((task) => ({ ...task, key: `${task.seq}`, uniqueUntil }));
  server.trimmed = { _id: 'trimmed/q', ...record };
  const [again] = await adder.add('q', [{ id: '3', bytes: new Uint8Array([1]), idRule: 1000 }], 1000);
  expect(again).toEqual({ type: 'known' });
  await trimmer.trim('q', 1);
  expect(server.trimmed).toBeUndefined();
  await trimmer.trim('q', 10);
  await clock.advance(KEPT_MS);
  await trimmer.trim('q', 10);
  // None is taken for one that came too late.
  expect(server.tasks.filter(({ kept }) => kept === true)).toHaveLength(9);
  expect(server.trimmed).toMatchObject({ through: 9, epoch: 'epoch 1' });
});

test('a database that is emptied between the look and the record gets none that counts', async () => {
  const { server, clock, trimmer, adder } = queueOf(10, 1000);
  await trimmer.trim('q', 1009);
  await clock.advance(KEPT_MS);
  server.hold = async (command) => {
    if (command.update === 'failover') Object.assign(server, { tasks: [], done: 0, epoch: 'epoch 2' });
  };
  await trimmer.trim('q', 1009);
  server.hold = async () => {};
  const relayed = { id: 'a', bytes: new Uint8Array([1]), origin: 'x'.repeat(24) };
  const relay = () => adder.relay('q', [relayed], { now: clock.now(), sinceBoot: clock.sinceBoot() });
  await clock.advance(30_000);
  expect(await relay()).toMatchObject([{ type: 'stored' }]);
  server.done = 2000;
  expect(await relay()).toMatchObject([{ type: 'relayed' }]);
});

test('a record that came late from before is replaced by the next trim', async () => {
  const { server, clock, trimmer } = queueOf(10);
  await trimmer.trim('q', 10);
  server.trimmed = { _id: 'trimmed/q', through: 3, epoch: 'epoch 0' };
  await clock.advance(KEPT_MS);
  await expect(trimmer.trim('q', 10)).rejects.toThrow();
  await trimmer.trim('q', 10);
  expect([server.seqs, server.trimmed?.through]).toEqual([[10], 9]);
});

test('numbers that begin again amid a trim end it', async () => {
  const { server, clock, trimmer } = queueOf(7000);
  await trimmer.trim('q', 7000);
  await clock.advance(KEPT_MS);
  let later: Promise<void> | undefined;
  server.hold = async (command) => {
    if ('delete' in command) later ??= trimmer.trim('q', 5);
  };
  await trimmer.trim('q', 7000);
  await later;
  expect(commands(server, 'delete')).toHaveLength(1);
  const ranges = commands(server, 'delete').map(({ deletes }) => JSON.stringify(deletes));
  expect(ranges[0]).toContain('{"$gt":0,"$lte":2000}');
});
