import { expect, test } from 'vitest';
import {
  type FetchTasks,
  TaskWindow,
  WINDOW_BYTES_MAX,
  WINDOW_TASKS_MAX,
} from '../../../../src/queue/durable/taskWindow.ts';
import type { StoredTask } from '../../../../src/store/taskStore.ts';

const at = new Date(0);
const task = (seq: number, length = 1): StoredTask => ({
  ...{ seq, id: seq, bytes: new Uint8Array(length), attempts: 0, deaths: 0, recordedBy: null, at },
});
const tasks = (...seqs: number[]): StoredTask[] => seqs.map((seq) => task(seq));
const seqs = (window: TaskWindow): number[] => window.first(10_000).map(({ seq }) => seq);

/** Gives these answers, one after another, and then nothing. */
function answers(...given: (StoredTask[] | null)[]): { ask: FetchTasks; asked: number[]; limits: unknown[] } {
  const [asked, limits]: [number[], unknown[]] = [[], []];
  const ask: FetchTasks = async (seq, limit) => {
    asked.push(seq);
    limits.push(limit);
    const answer = given.shift();
    return answer === undefined ? [] : answer;
  };
  return { ask, asked, limits };
}

test('is filled with what follows, and knows what is on record', async () => {
  const { ask, asked, limits } = answers([{ ...task(5), attempts: 2, deaths: 1 }, task(6, 3)]);
  const window = new TaskWindow(ask, 4);
  expect(await window.fill()).toBe(true);
  expect(window.head).toMatchObject({ seq: 5, id: 5, failed: 2, deaths: 1, recorded: false });
  expect([asked, window.bytes, window.last]).toEqual([[4], 4, 6]);
  expect(limits).toEqual([{ tasks: WINDOW_TASKS_MAX, bytes: WINDOW_BYTES_MAX }]);
  expect(window.take(1)).toHaveLength(1);
  expect([window.bytes, window.last, seqs(window)]).toEqual([3, 6, [6]]);
});

test('asks on as long as there is something, and then not before it is told to look again', async () => {
  const { ask, asked } = answers(tasks(1, 2));
  const window = new TaskWindow(ask, 0);
  expect([await window.fill(), await window.fill(), await window.fill()]).toEqual([true, false, false]);
  expect(asked).toEqual([0, 2]);
  window.expectMore();
  expect(await window.fill()).toBe(false);
  expect(asked).toEqual([0, 2, 2]);
});

test('one question at a time', async () => {
  const { ask, asked } = answers(tasks(1));
  const window = new TaskWindow(ask, 0);
  expect(await Promise.all([window.fill(), window.fill()])).toEqual([true, false]);
  expect(asked).toEqual([0]);
});

test('asks only when it has become low', async () => {
  const full = Array.from({ length: WINDOW_TASKS_MAX }, (_, index) => task(index + 1));
  const { ask, asked } = answers(full);
  const window = new TaskWindow(ask, 0);
  await window.fill();
  window.take(WINDOW_TASKS_MAX / 2 - 1);
  await window.fill();
  expect(asked).toEqual([0]);
  window.take(1);
  await window.fill();
  expect(asked).toEqual([0, WINDOW_TASKS_MAX]);
});

test('and so with bytes', async () => {
  const { ask, asked, limits } = answers([task(1, WINDOW_BYTES_MAX / 2), task(2, WINDOW_BYTES_MAX / 2)], []);
  const window = new TaskWindow(ask, 0);
  await window.fill();
  await window.fill();
  expect(asked).toEqual([0]);
  window.take(1);
  await window.fill();
  expect(limits[1]).toEqual({ tasks: WINDOW_TASKS_MAX - 1, bytes: WINDOW_BYTES_MAX / 2 });
});

test('a task that comes late is asked for once more', async () => {
  const { ask, asked } = answers(tasks(1, 3), tasks(2, 3, 4));
  const window = new TaskWindow(ask, 0);
  expect(await window.fill()).toBe(true);
  expect([asked, seqs(window)]).toEqual([
    [0, 1],
    [1, 2, 3, 4],
  ]);
});

test('what then is not there was trimmed, and is passed over', async () => {
  const { ask, asked } = answers(tasks(1, 3, 7), tasks(3, 7));
  const window = new TaskWindow(ask, 0);
  expect(await window.fill()).toBe(true);
  expect([asked, seqs(window), window.last]).toEqual([[0, 1], [1, 3, 7], 7]);
});

test.each([
  ['what was not missing in the first answer', [tasks(1, 3), tasks(2, 3, 5), tasks(4, 5)], [0, 1, 3]],
  ['a task that one answer had and the next has not', [tasks(1, 3, 5), tasks(2, 5), tasks(3, 4, 5)], [0, 1, 2]],
])('is asked for again: %s', async (_what, given, from) => {
  const { ask, asked } = answers(...given);
  const window = new TaskWindow(ask, 0);
  expect(await window.fill()).toBe(true);
  expect([asked, seqs(window)]).toEqual([from, [1, 2, 3, 4, 5]]);
});

test('a gap at the end of the window is looked into with what room is left', async () => {
  const many = Array.from({ length: WINDOW_TASKS_MAX - 1 }, (_, index) => task(index + 1));
  const { ask, limits } = answers([...many, task(WINDOW_TASKS_MAX + 1)], tasks(WINDOW_TASKS_MAX, WINDOW_TASKS_MAX + 1));
  const window = new TaskWindow(ask, 0);
  await window.fill();
  expect(limits[1]).toMatchObject({ tasks: 1 });
});

test('an answer that is of no use any more leaves it as it is', async () => {
  for (const given of [[null], [tasks(2), null]]) {
    const window = new TaskWindow(answers(...given).ask, 0);
    expect([await window.fill(), seqs(window)]).toEqual([false, []]);
  }
});

test('an offer that follows is taken; another one has the store asked', async () => {
  const { ask, asked } = answers([], tasks(2, 3));
  const window = new TaskWindow(ask, 0);
  await window.fill();
  window.offer(task(1));
  expect([await window.fill(), seqs(window)]).toEqual([false, [1]]);
  window.offer(task(3));
  expect([await window.fill(), seqs(window), asked]).toEqual([true, [1, 2, 3], [0, 1]]);
});

test('offers and an answer that hold the same tasks give each once', async () => {
  let answer: (found: StoredTask[]) => void = () => {};
  const window = new TaskWindow(() => new Promise((resolve) => (answer = resolve)), 0);
  const filled = window.fill();
  window.offer(task(1));
  window.offer(task(2));
  answer(tasks(1, 2, 3));
  expect([await filled, seqs(window)]).toEqual([true, [1, 2, 3]]);
});

test('an offer with a gap while the store is asked is not forgotten', async () => {
  let answer: (found: StoredTask[]) => void = () => {};
  const window = new TaskWindow(() => new Promise((resolve) => (answer = resolve)), 0);
  const filled = window.fill();
  window.offer(task(2));
  answer([]);
  expect(await filled).toBe(true);
  const again = window.fill();
  answer(tasks(1, 2));
  expect([await again, seqs(window)]).toEqual([true, [1, 2]]);
});

test('offers stop when it is full, and the rest is asked for', async () => {
  const { ask, asked } = answers([]);
  const window = new TaskWindow(ask, 0);
  await window.fill();
  for (let seq = 1; seq <= WINDOW_TASKS_MAX + 2; seq++) window.offer(task(seq));
  expect([seqs(window).length, window.last]).toEqual([WINDOW_TASKS_MAX, WINDOW_TASKS_MAX]);
  window.take(WINDOW_TASKS_MAX);
  await window.fill();
  expect(asked).toEqual([0, WINDOW_TASKS_MAX]);
});

test('and so with bytes, of which the last may go beyond', async () => {
  const { ask, asked } = answers([]);
  const window = new TaskWindow(ask, 0);
  await window.fill();
  window.offer(task(1, WINDOW_BYTES_MAX - 1));
  window.offer(task(2, 1));
  window.offer(task(3));
  expect([seqs(window), window.bytes]).toEqual([[1, 2], WINDOW_BYTES_MAX]);
  window.take(2);
  await window.fill();
  expect(asked).toEqual([0, 2]);
});

test('what is changed behind the window is fetched as it is by then, and not kept until it comes', async () => {
  const changed = new Uint8Array([1, 2, 3]);
  const { ask, asked } = answers(tasks(1), [{ ...task(2), bytes: changed }, task(3)]);
  const window = new TaskWindow(ask, 0);
  await window.fill();
  window.amend(2, changed);
  // As it was when it was stored.
  window.offer(task(2));
  expect(seqs(window)).toEqual([1]);
  await window.fill();
  expect([asked, seqs(window), window.at(2)?.bytes]).toEqual([[0, 1], [1, 2, 3], changed]);
  expect(Object.values(window).some((part) => part instanceof Map && part.size > 0)).toBe(false);
});

test('of what is cancelled behind the window it is known that it was told', async () => {
  const cancelled = { ...task(3), cancelled: true };
  const { ask } = answers(tasks(1), tasks(2), [cancelled]);
  const window = new TaskWindow(ask, 0);
  await window.fill();
  window.amend(3, null);
  window.expectMore();
  while (await window.fill());
  expect([window.at(3)?.cancelled, window.takeCancelled(() => true).untold]).toEqual(['told', []]);
  expect(Object.values(window).some((part) => part instanceof Map && part.size > 0)).toBe(false);
});

test('what is changed during a fetch is so, however its answer shows it, and then is forgotten', async () => {
  let answer: (found: StoredTask[]) => void = () => {};
  const window = new TaskWindow(() => new Promise((resolve) => (answer = resolve)), 0);
  const filled = window.fill();
  window.amend(2, null);
  window.amend(9, new Uint8Array(1000));
  answer(tasks(1, 2));
  await filled;
  expect(window.at(2)?.cancelled).toBe('told');
  expect(Object.values(window).some((part) => part instanceof Map && part.size > 0)).toBe(false);
});
