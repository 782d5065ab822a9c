/** What becomes of tasks, as it is told to who waits for them, from the work in its thread to any process. */
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

const work = new URL('./fixtures/answers.mjs', import.meta.url);
const options = {
  ...{ durable: true, keepOutcomes: 60_000, results: true },
  retry: { attempts: 2, minDelay: 1, exhausted: 'dead-letter' },
} as const;

interface Task {
  readonly id: string | number;
  readonly what: string;
  readonly value?: unknown;
}

test('each task is answered, also by a thread that exits, and in another process of the cluster', async () => {
  const folder = await settledFolder();
  const cluster = new (open({ folder }).managed)<Task>('answers', 'id', work, options);
  // It waits, and never runs.
  const other = new (open({ folder }).managed)<Task>('answers', 'id', work, options);
  new Events(cluster);
  await cluster.run();
  const many = Array.from({ length: 300 }, (_, id) => ({ id, what: 'result', value: { n: id } }));
  const tasks: Task[] = [
    { id: 'true', what: 'true' },
    { id: 'function', what: 'function' },
    { id: 'never', what: 'never' },
    { id: 'exit', what: 'exit', value: 'after all' },
    { id: 'postpone', what: 'postpone' },
    { id: 'checkpoint', what: 'checkpoint', value: 3 },
  ];
  const submissions = await Promise.all([...many, ...tasks].map((task) => other.submitWork(task)));
  const outcomes = await Promise.allSettled(submissions.map((submission) => submission.done({ timeout: 20_000 })));
  const term = cluster.term;
  const done = (result: unknown, attempts = 1) => ({
    status: 'fulfilled',
    value: { result, attempts, term, at: expect.any(Date) },
  });
  expect(outcomes.slice(0, 300)).toEqual(many.map(({ value }) => done(value)));
  expect(outcomes.slice(300)).toMatchObject([
    done(undefined),
    { status: 'rejected', reason: { code: 'ERR_WORK_RESULT', message: 'the result cannot be kept: $ is a function' } },
    { status: 'rejected', reason: { name: 'PermanentError', message: 'it can never be done' } },
    done('after all', 2),
    done({ call: 3, attempt: 1 }),
    done({ row: 3 }, 2),
  ]);
  expect(await other.outcome('never')).toMatchObject({
    state: 'failed',
    attempts: 1,
    error: { message: 'it can never be done' },
  });
  expect(await other.outcome('nobody')).toBeNull();
  expect((await cluster.status()).dead).toBe(2);
});

test('a function answers as a module does, and without outcomes, or in memory, the calls say what to set', async () => {
  const folder = await settledFolder();
  const service = open({ folder });
  const cluster = new service.managed<Task>(
    'functions',
    'id',
    async ({ value }, context) => {
      if (context.attempt === 1) {
        await context.checkpoint({ seen: value });
        return false;
      }
      return { result: context.lastCheckpoint };
    },
    options,
  );
  await cluster.run();
  const first = await cluster.submitWork({ id: 1, what: 'result', value: 7 });
  expect(await first.done({ timeout: 20_000 })).toMatchObject({ result: { seen: 7 }, attempts: 2 });
  await expect(first.done({ timeout: -1 })).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  await expect(first.done({ signal: {} as AbortSignal })).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  expect(await first.done({ signal: AbortSignal.timeout(20_000) })).toMatchObject({ result: { seen: 7 } });
  await expect(cluster.outcome({} as never)).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' });

  const codes: unknown[] = [];
  const silent = new service.managed<Task>('silent', 'id', async (_, context) => {
    await context.checkpoint(1).catch(({ code }) => codes.push(code));
    return true;
  });
  const events = new Events(silent);
  await silent.run();
  const submission = await silent.submitWork({ id: 1, what: 'true' });
  expect(submission).toEqual({ stored: true });
  await expect(submission.done()).rejects.toMatchObject({ code: 'ERR_OUTCOMES_OFF' });
  await expect(silent.outcome(1)).rejects.toMatchObject({ code: 'ERR_OUTCOMES_OFF' });
  await events.done(1);
  expect(codes).toEqual(['ERR_CHECKPOINT']);

  const waits = await (await cluster.submitWork({ id: 2, what: 'result', value: 1 })).done().then(
    () => 'done',
    () => 'failed',
  );
  expect(waits).toBe('done');
  await cluster.stop();
  await expect(first.done()).rejects.toMatchObject({ code: 'ERR_STOPPED' });
});

test('tasks that are due later, and many at once, are answered in any process, and none by another of its id', async () => {
  const folder = await settledFolder();
  const cluster = new (open({ folder }).managed)<Task>('answers', 'id', work, options);
  const other = new (open({ folder }).managed)<Task>('answers', 'id', work, options);
  new Events(cluster);
  const task = (id: string, value: unknown): Task => ({ id, what: 'result', value });
  const ended = { timeout: 20_000 };
  await cluster.run();
  // Another one of the id, which is done before that is due.
  const soon = await other.submitWork(task('x', 'soon'));
  expect(await soon.done(ended)).toMatchObject({ result: 'soon' });
  const at = Date.now() + 1500;
  const later = await other.submitWork(task('x', 'later'), { at });
  const known = await other.submitWork(task('x', 'never'), { at: at + 1 });
  expect([later.stored, known.stored]).toEqual([true, false]);
  const many = await other.submitMany([task('a', 1), task('b', 2), task('a', 3)]);
  const due = await other.submitMany([task('c', 4), task('d', 5)], { at });
  const all = [later, known, ...many.submissions, ...due.submissions];
  const ends = await Promise.all(all.map((submission) => submission.done(ended)));
  expect(ends.map(({ result }) => result)).toEqual(['later', 'later', 1, 2, 1, 4, 5]);
  // The outcome of that has taken the place of the one before.
  expect(await later.done(ended)).toMatchObject({ result: 'later' });
  await expect(soon.done(ended)).rejects.toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
  const far = await other.submitWork(task('x', 'far'), { at: at + 3_600_000 });
  await expect(far.done({ timeout: 300 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  await expect(far.done({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
