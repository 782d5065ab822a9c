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
  server.hold = () => Promise.reject(new Error('not now'));
  const both = await Promise.allSettled([trimmer.trim('q', 5), trimmer.trim('q', 6)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(server.sent).toHaveLength(1);
  server.hold = async () => {};
  await trimmer.trim('q', 6);
  expect(server.seqs[0]).toBe(5);
});
