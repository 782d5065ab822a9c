/** What submissions tell of each task: those of many at once, those that are due later, and those of a transaction. */
import { ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import type { FailoverError } from '../../../src/errors.ts';
import type { LaterTask, OutcomeLook, TaskOutcome } from '../../../src/store/taskStore.ts';
import type { TaskId } from '../../../src/task/task.ts';
import { Played, type Task } from './playedCluster.ts';

const options = { durable: true, keepOutcomes: 60_000 } as const;
const task = (id: number): Task => ({ id, text: `text ${id}` });
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'none',
    (error: FailoverError) => error.code,
  );

/** Answers that a task ended as that number, or under that origin. */
function outcome(id: TaskId, seq: number, origin?: string): TaskOutcome {
  return {
    ...{ id, seq, origin, term: 1, state: 'done', attempts: seq, error: null, result: null },
    ...{ at: new Date(1), until: new Date(2) },
  };
}

const OUTCOMES = 1_000_000;

/** Every task of these ids has ended under this number. */
function endsAll(played: Played, seqs: ReadonlyMap<TaskId, number>): void {
  played.calls.outcomes = (ids): OutcomeLook => {
    const asked = ids as readonly TaskId[];
    const ended = asked.map((id) => (seqs.has(id) ? outcome(id, seqs.get(id) ?? 0) : null));
    return { done: OUTCOMES, stored: asked.map(() => null), outcomes: ended, later: [] };
  };
}

test('each of many tasks has its own submission, those that were known too', async () => {
  const played = new Played(options);
  await played.cluster.submitWork(task(7));
  const many = await played.cluster.submitMany([5, 7, 6, 5].map(task));
  expect(many).toEqual({ stored: 2, duplicates: 2 });
  expect(Object.keys(many)).toEqual(['stored', 'duplicates']);
  expect(many.submissions.map(({ stored }) => stored)).toEqual([true, false, true, false]);
  expect(many.submissions).toBe(many.submissions);
  endsAll(
    played,
    new Map([
      [7, 1],
      [5, 2],
      [6, 3],
    ]),
  );
  const ends = await Promise.all(many.submissions.map((submission) => submission.done({ timeout: 5000 })));
  expect(ends.map(({ attempts }) => attempts)).toEqual([2, 1, 3, 2]);
  void played.cluster.stop();
});

test('a later task of the id does not answer for one of many', async () => {
  const played = new Played(options);
  const { submissions } = await played.cluster.submitMany([1, 2].map(task));
  endsAll(
    played,
    new Map([
      [1, 1],
      [2, 9],
    ]),
  );
  const ends = await Promise.all(submissions.map((submission) => code(submission.done({ timeout: 5000 }))));
  expect(ends).toEqual(['none', 'ERR_OUTCOME_UNKNOWN']);
  void played.cluster.stop();
});

test('no task has no submission, and without outcomes each says what to set', async () => {
  const played = new Played({ durable: true });
  expect((await played.cluster.submitMany([])).submissions).toEqual([]);
  const { submissions } = await played.cluster.submitMany([1, 1].map(task));
  expect(submissions.map(({ stored }) => stored)).toEqual([true, false]);
  played.calls.submitLater = () => ['o', null];
  const later = await played.cluster.submitMany([1, 2].map(task), { at: 5 });
  expect(later.submissions.map(({ stored }) => stored)).toEqual([true, false]);
  const all = [...submissions, ...later.submissions].map((submission) => code(submission.done()));
  expect(await Promise.all(all)).toEqual(all.map(() => 'ERR_OUTCOMES_OFF'));
});

test('those that are due later are told by their origins', async () => {
  const played = new Played(options);
  const asked: LaterTask[] = [];
  played.calls.submitLater = () => ['o 1', null, 'o 3'];
  played.calls.outcomes = (ids, later): OutcomeLook => {
    const tasks = later as readonly LaterTask[];
    asked.push(...tasks);
    const known = new Map<TaskId, TaskOutcome>([1, 2, 3].map((id) => [id, outcome(id, id, `o ${id}`)]));
    return {
      ...{ done: 9, stored: (ids as TaskId[]).map(() => null) },
      outcomes: (ids as TaskId[]).map((id) => known.get(id) ?? null),
      later: tasks.map(({ id, origin }) => ({ origin: origin ?? `o ${id}`, waits: false, seq: null })),
    };
  };
  const many = await played.cluster.submitMany([1, 2, 3].map(task), { at: 5 });
  expect(many).toEqual({ stored: 2, duplicates: 1 });
  const ends = await Promise.all(many.submissions.map((submission) => submission.done({ timeout: 5000 })));
  expect(ends.map(({ attempts }) => attempts)).toEqual([1, 2, 3]);
  expect(asked).toEqual([1, 2, 3].map((id) => ({ id, key: null, origin: id === 2 ? null : `o ${id}` })));
  played.calls.submitLater = () => ['o 1'];
  const one = await played.cluster.submitWork(task(1), { at: new Date(5) });
  expect(one.stored).toBe(true);
  expect(await one.done({ timeout: 5000 })).toMatchObject({ attempts: 1 });
  void played.cluster.stop();
});

/** A session whose client inserts as the driver does, with these ids. */
function session(makeId: () => unknown, how: 'told' | 'set' | 'silent' = 'told') {
  const written: { readonly origin: string; _id?: unknown }[] = [];
  const collection = {
    findOne: async () => ({ _id: 'settled', epoch: 'epoch' }),
    insertMany: async (documents: typeof written, given: object): Promise<unknown> => {
      expect(given).toMatchObject({ ordered: true });
      written.push(...documents);
      const ids = documents.map(makeId);
      if (how === 'set') for (const [index, document] of documents.entries()) document._id = ids[index];
      return how === 'told' ? { insertedIds: { ...ids } } : undefined;
    },
  };
  return {
    written,
    given: { client: { db: (): object => ({ collection: () => collection }) }, inTransaction: () => true },
  };
}

test.each(['told', 'set'] as const)(
  'those of a transaction are asked for by their entries, with an _id that is %s',
  async (how) => {
    const played = new Played(options);
    played.calls.outboxPlace = () => ({ database: 'test', epoch: 'epoch' });
    const ids = Array.from({ length: 2 }, () => new ObjectId());
    const left = [...ids];
    const { written, given } = session(() => left.shift(), how);
    const many = await played.cluster.submitMany([1, 2].map(task), { session: given });
    expect(many).toEqual({ stored: 'pending', count: 2 });
    expect(many.submissions.map(({ stored }) => stored)).toEqual(['pending', 'pending']);
    let looks = 0;
    played.calls.outcomes = (asked, later): OutcomeLook => {
      looks += 1;
      const tasks = later as readonly LaterTask[];
      expect(tasks).toEqual(
        (asked as number[]).map((id) => ({ id, key: String(ids[id - 1]), origin: written[id - 1]?.origin })),
      );
      // At first it is not committed.
      const known = (asked as TaskId[]).map((id) => (looks > 1 ? outcome(id, Number(id), `entry/${id}`) : null));
      return {
        ...{ done: 9, stored: tasks.map(() => null), outcomes: known },
        later: tasks.map(({ id }) => ({ origin: `entry/${id}`, waits: false, seq: null })),
      };
    };
    const ends = await Promise.all(many.submissions.map((submission) => submission.done({ timeout: 5000 })));
    expect(ends.map(({ attempts }) => attempts)).toEqual([1, 2]);
    expect(looks).toBeGreaterThan(1);
    void played.cluster.stop();
  },
);

const unnamed: readonly (readonly [string, unknown, 'told' | 'silent'])[] = [
  ['an _id of an own pkFactory', 'text', 'told'],
  ['an _id that cannot be read', { _bsontype: 'ObjectId' }, 'told'],
  ['no _id at all', null, 'silent'],
];
test.each(unnamed)('of %s nothing can be told, and that is said', async (_, made, how) => {
  const played = new Played(options);
  played.calls.outboxPlace = () => ({ database: 'test', epoch: 'epoch' });
  const { given } = session(() => made, how);
  const one = await played.cluster.submitWork(task(1), { session: given });
  expect(one).toEqual({ stored: 'pending' });
  await expect(one.done({ timeout: 5000 })).rejects.toMatchObject({
    ...{ code: 'ERR_OUTCOME_UNKNOWN', message: expect.stringContaining('pkFactory') },
  });
  void played.cluster.stop();
});
