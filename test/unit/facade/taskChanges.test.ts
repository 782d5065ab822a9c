/** What users may hand to `cancel`, `update` and `requeueAll`, and what becomes of dead letters page by page. */
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { StateError } from '../../../src/errors.ts';
import { TaskChanges } from '../../../src/facade/taskChanges.ts';
import { LETTERS_APART } from '../../../src/store/taskStore.ts';
import type { TaskId } from '../../../src/task/task.ts';
import type { Caller, ListedLetter, RequeuedLetter } from '../../../src/wire/messages.ts';

interface World {
  readonly asked: unknown[][];
  readonly removed: TaskId[];
  readonly changes: TaskChanges;
}

function world(
  answers: Partial<Record<string, (...args: never[]) => unknown>> = {},
  { durable = true, isStopped = false } = {},
): World {
  const asked: unknown[][] = [];
  const removed: TaskId[] = [];
  const call = (async (name: string, ...args: never[]) => {
    asked.push([name, ...args]);
    return answers[name]?.(...args);
  }) as Caller;
  const changes = new TaskChanges({
    name: 'billing',
    options: { durable, cancelTimeout: 5000 },
    call,
    mustNotBeStopped: () => {
      if (isStopped) throw new StateError('ERR_STOPPED', 'stopped');
    },
    encode: (task) => ({ id: (task as { id: TaskId }).id, bytes: new Uint8Array(1) }),
    removed: (id) => removed.push(id),
  });
  return { asked, removed, changes };
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code,
  );

test.each([Number.NaN, {}, null, undefined, [], true, 5n])('an id such as %s is refused at the call', async (id) => {
  const { changes, asked } = world();
  expect(await code(changes.cancel(id as TaskId))).toBe('ERR_INVALID_KEY');
  expect(await code(changes.update(id as TaskId, { id: 1 }))).toBe('ERR_INVALID_KEY');
  expect(asked).toEqual([]);
});

test.each([
  { running: 'yes' },
  { running: 1 },
  { timeout: -1 },
  { timeout: Number.NaN },
  { timeout: Number.POSITIVE_INFINITY },
  { Running: true },
  5,
  null,
])('options such as %o are refused at the call', async (options) => {
  const { changes, asked } = world();
  expect(await code(changes.cancel(1, options as never))).toBe('ERR_INVALID_OPTION');
  expect(asked).toEqual([]);
});

test.each([{ limit: 0 }, { limit: 1.5 }, { limit: '3' }, { error: 'text' }, { error: {} }, { all: true }])(
  'requeueAll refuses %o',
  async (options) => {
    expect(await code(world().changes.requeueAll(options as never))).toBe('ERR_INVALID_OPTION');
  },
);

test('a queue in memory, and a cluster that has stopped, refuse with a code', async () => {
  const inMemory = world({}, { durable: false }).changes;
  const stopped = world({}, { isStopped: true }).changes;
  const calls = (changes: TaskChanges) => [changes.cancel(1), changes.update(1, { id: 1 }), changes.requeueAll()];
  expect(await Promise.all(calls(inMemory).map(code))).toEqual(Array(3).fill('ERR_NOT_DURABLE'));
  expect(await Promise.all(calls(stopped).map(code))).toEqual(Array(3).fill('ERR_STOPPED'));
});

test('update refuses a task of another id, and asks nothing', async () => {
  const { changes, asked } = world();
  expect(await code(changes.update(1, { id: '1' }))).toBe('ERR_INVALID_KEY');
  expect(asked).toEqual([]);
});

test('cancel waits longer where running work has time to end, and tells when too many wait', async () => {
  const { changes, asked } = world({ changeTask: () => 'removed' });
  expect(await changes.cancel('a', { running: true })).toBe('removed');
  expect(asked).toEqual([['changeTask', { id: 'a', bytes: null, running: true, timeout: 15_000 }]]);
  expect(await code(world({ changeTask: () => 'full' }).changes.cancel('a'))).toBe('ERR_CHANGES_FULL');
});

test('a task that the master has cancelled is told to those who wait here, and no other is', async () => {
  const outcomes = { 1: 'removed', 2: 'requested', 3: 'done', 4: 'unknown' };
  const { changes, removed } = world({ changeTask: ({ id }: { id: 1 | 2 | 3 | 4 }) => outcomes[id] });
  for (const id of [1, 2, 3, 4]) await changes.cancel(id);
  expect(removed).toEqual([1]);
});

const letter = (seq: number, error = 'Error: no'): ListedLetter => ({ seq, id: `l${seq}`, error });

function letters(all: readonly ListedLetter[], outcome: (seq: number) => RequeuedLetter = () => 'queued'): World {
  return world({
    newestLetter: () => Math.max(0, ...all.map(({ seq }) => seq % LETTERS_APART)),
    listDeadLetters: (after: number) => all.filter(({ seq }) => seq > after).slice(0, 2),
    requeueLetter: (_id: TaskId, seq: number) => outcome(seq),
  });
}

test('requeueAll goes through all pages, the oldest first, and counts', async () => {
  const { changes, asked } = letters(
    [1, 2, 3, 4, 5].map((seq) => letter(seq)),
    (seq) => (seq === 2 ? 'known' : seq === 4 ? 'none' : 'queued'),
  );
  expect(await changes.requeueAll()).toEqual({ requeued: 3, duplicates: 1, full: false });
  expect(asked.filter(([name]) => name === 'requeueLetter').map(([, , seq]) => seq)).toEqual([1, 2, 3, 4, 5]);
});

test('requeueAll puts each task back once, though all fail again at once', async () => {
  const all = [1, 2, 3, 4, 5].map((seq) => letter(seq));
  const { changes } = letters(all, (seq) => {
    if (all.length > 50) throw new Error('it goes on for ever');
    all.push({ ...letter(all.length + 1), id: `l${seq}` });
    return 'queued';
  });
  expect(await changes.requeueAll()).toEqual({ requeued: 5, duplicates: 0, full: false });
});

test('requeueAll reads no more pages than its limit needs', async () => {
  const { changes, asked } = letters(Array.from({ length: 1000 }, (_, index) => letter(index + 1)));
  expect(await changes.requeueAll({ limit: 3 })).toEqual({ requeued: 3, duplicates: 0, full: false });
  expect(asked.filter(([name]) => name === 'listDeadLetters')).toHaveLength(2);
});

test('a letter whose number was taken is put back, and tasks that fail again are not for it', async () => {
  const far = [LETTERS_APART + 2, LETTERS_APART + 4, 2 * LETTERS_APART + 2];
  const all = [1, 2, 3, 4, 5, ...far].map((seq) => letter(seq));
  let next = 5;
  const { changes, asked } = letters(all, (seq) => {
    if (all.length > 50) throw new Error('it goes on for ever');
    all.splice(
      all.findIndex((each) => each.seq === seq),
      1,
      // Each fails again at once, and the numbers of some are taken.
      { ...letter(++next), id: `l${seq}` },
      { ...letter(LETTERS_APART + next), id: `l${seq}` },
    );
    all.sort((one, other) => one.seq - other.seq);
    return 'queued';
  });
  expect(await changes.requeueAll()).toEqual({ requeued: 8, duplicates: 0, full: false });
  const put = asked.filter(([name]) => name === 'requeueLetter').map(([, , seq]) => seq);
  expect(put).toEqual([1, 2, 3, 4, 5, ...far]);
});

test('requeueAll ends at its limit, and at a full queue', async () => {
  const all = [1, 2, 3, 4].map((seq) => letter(seq));
  expect(await letters(all).changes.requeueAll({ limit: 3 })).toEqual({ requeued: 3, duplicates: 0, full: false });
  const { changes, asked } = letters(all, (seq) => (seq === 2 ? 'full' : 'queued'));
  expect(await changes.requeueAll()).toEqual({ requeued: 1, duplicates: 0, full: true });
  expect(asked.filter(([name]) => name === 'requeueLetter')).toHaveLength(2);
});

test('a pattern chooses, also one that remembers where it was', async () => {
  const all = [letter(1, 'TypeError: a'), letter(2), letter(3, 'TypeError: b'), letter(4, 'TypeError: c')];
  expect(await letters(all).changes.requeueAll({ error: /TypeError/g })).toMatchObject({ requeued: 3 });
  expect(await letters(all).changes.requeueAll({ error: /^Error/y })).toMatchObject({ requeued: 1 });
});

test('requeueAll takes a pattern of another realm, such as that of a test runner', async () => {
  const letters = [
    { seq: 1, id: 1, error: 'Error: it failed' },
    { seq: 2, id: 2, error: 'Error: ECONNRESET' },
  ];
  const { changes, asked } = world({
    newestLetter: () => 2,
    listDeadLetters: (after: number) => letters.filter(({ seq }) => seq > after),
    requeueLetter: () => 'queued',
  });
  const error = runInNewContext('/ECONN/g') as RegExp;
  expect(await changes.requeueAll({ error })).toEqual({ requeued: 1, duplicates: 0, full: false });
  expect(asked).toContainEqual(['requeueLetter', 2, 2]);
});
