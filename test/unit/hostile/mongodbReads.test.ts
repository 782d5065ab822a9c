/**
 * The store in MongoDB, on a server that says whatever it likes and holds whatever was written: every call ends, with
 * an answer of its type or a coded error.
 */

import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { FailoverErrorCode } from '../../../src/errors.ts';
import type { Fields } from '../../../src/store/documents.ts';
import { MongodbStore } from '../../../src/store/mongodb/mongodbStore.ts';
import type { Settings } from '../../../src/store/mongodb/settings.ts';
import type { FullStore } from '../../../src/store/taskStore.ts';
import { systemClock } from '../../../src/time/systemClock.ts';
import { acknowledgement } from '../../support/acknowledgements.ts';
import { runs } from '../../support/propertyRuns.ts';
import { acceptedOrRejected } from './accepted.ts';
import {
  alien,
  alienValue,
  leaseDocument,
  letterDocument,
  memberDocument,
  ordersDocument,
  preferredDocument,
  taskDocument,
  termDocument,
} from './hostileDocuments.ts';

const server = vi.hoisted(() => ({ answer: (_command: Readonly<Record<string, unknown>>): unknown => ({}) }));

vi.mock('../../../src/store/mongodb/connection/connection.ts', () => ({
  MongoConnection: class {
    readonly run = async (_what: string, command: Fields) => {
      await turn();
      return server.answer(command);
    };
    async open() {}
    async close() {}
    onAvailable() {
      return () => {};
    }
  },
}));

const NAME = 'billing';
const REFUSED: readonly FailoverErrorCode[] = [
  'ERR_STORE_DATA',
  'ERR_NEWER_FORMAT',
  'ERR_STORE',
  'ERR_STORE_DUPLICATES',
  'ERR_STORE_INDEX',
  'ERR_STORE_UNAVAILABLE',
];
const settings: Settings = {
  ...{
    connectString: 'mongodb://fake',
    database: 'test',
    clientOptions: {},
    debug: false,
    label: 'mongodb://fake/db',
    secrets: [],
  },
  ...{ commandTimeout: 200, taskTimeout: 200, connectTimeout: 200, connectSteps: [200], freshFor: 200, wakeUps: false },
};
const lease = { term: 1, beat: 0, ack: 0, holder: 'h', claim: 'c', ttl: 1, identifier: null, count: 0, recent: [] };
const tenure = { name: NAME, term: 1, holder: 'h' };
const progress = { identifier: 1, count: 1, recent: [1] };
const task = { id: 1, bytes: Buffer.alloc(5) };
const limit = { tasks: 10, bytes: 1000 };

/** Every call that reads an answer, by name. */
const calls: Readonly<Record<string, (store: FullStore) => Promise<unknown>>> = {
  highestTerm: (store) => store.highestTerm(NAME),
  observe: (store) => store.observe([{ name: NAME, tip: 1 }]),
  settle: (store) => store.settle('first', 1000),
  claim: (store) => store.compareAndSetLease(NAME, lease, lease),
  insertTerm: (store) => store.insertTerm({ ...tenure, claim: 'c', ttl: 1 }),
  beat: (store) => store.beat(tenure, 1, progress),
  trimTerms: (store) => store.trimTerms(NAME, 5),
  listMembers: (store) => store.listMembers(NAME),
  readOrders: (store) => store.readOrders([{ name: NAME }]),
  writeOrders: (store) => store.writeOrders(NAME, 1, { pause: null }),
  listDrains: (store) => store.listDrains(),
  addTasks: ({ tasks }) => tasks.addTasks(NAME, [task], 10),
  queueState: ({ tasks }) => tasks.queueState(NAME),
  tasksAfter: ({ tasks }) => tasks.tasksAfter(NAME, 0, limit),
  acknowledge: ({ tasks }) => tasks.acknowledge(tenure, acknowledgement(1, null)),
  trimTasks: ({ tasks }) => tasks.trimTasks(NAME, 5),
  countTasks: ({ tasks }) => tasks.countTasks(NAME),
  countDeadLetters: ({ tasks }) => tasks.countDeadLetters(NAME),
  oldestDeadLetter: ({ tasks }) => tasks.oldestDeadLetter(NAME, 1),
};

const ordered = fc.oneof(ordersDocument, preferredDocument);
const anyDocument = alien(fc.oneof(leaseDocument, termDocument, taskDocument, letterDocument, memberDocument, ordered));
const withId = fc
  .tuple(
    anyDocument,
    fc.oneof(
      fc.constantFrom(`lease/${NAME}`, `1/${NAME}`, `2/${NAME}`, 'settled', `orders/${NAME}`, `priority/${NAME}`),
      alienValue,
    ),
  )
  .map(([document, _id]) => (typeof document === 'object' && document !== null ? { ...document, _id } : document));
const answer: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.array(withId, { maxLength: 3 }).map((firstBatch) => ({ cursor: { firstBatch }, n: 1 })) },
  { weight: 2, arbitrary: fc.record({ n: fc.oneof(fc.nat({ max: 2 }), alienValue) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      n: fc.nat(),
      writeErrors: fc.oneof(
        alienValue,
        fc.array(
          fc.record({ index: alienValue, code: fc.constantFrom<unknown[]>(11000, 91, 'x', null), errmsg: alienValue }),
        ),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: alienValue.filter((value) => typeof value === 'object' && value !== null).map((cursor) => ({ cursor })),
  },
);

test('whatever the server says, a call ends with an answer or a coded error', async () => {
  const name = fc.constantFrom(...Object.keys(calls));
  const property = fc.asyncProperty(name, fc.array(answer, { minLength: 1, maxLength: 4 }), async (what, answers) => {
    let asked = 0;
    // A server that goes on for ever would only be ended by the time limit.
    server.answer = () => answers[asked++] ?? { cursor: { firstBatch: [] }, n: 0 };
    const store = new MongodbStore(settings, systemClock);
    await acceptedOrRejected(REFUSED, () => calls[what]?.(store) ?? Promise.resolve());
  });
  await fc.assert(property, runs(1000));
});

test('a task or a dead letter under another key than its own number is refused: another would be passed over, or deleted', async () => {
  const { tasks } = new MongodbStore(settings, systemClock);
  const stored = {
    _id: 'evil',
    name: NAME,
    seq: 1,
    key: 1,
    payload: Buffer.alloc(5),
    attempts: 0,
    deaths: 0,
    at: new Date(),
  };
  const error = { name: 'Error', message: 'x', code: null };
  server.answer = () => ({ cursor: { firstBatch: [{ ...stored, error }] } });
  const refused = { code: 'ERR_STORE_DATA', message: expect.stringContaining('_id') };
  await expect(tasks.tasksAfter(NAME, 0, limit)).rejects.toMatchObject(refused);
  await expect(tasks.oldestDeadLetter(NAME, 1)).rejects.toMatchObject(refused);
});

test('a line of a member that cannot be read does not hide the others', async () => {
  const { id: _id, ...line } = { id: 'whole', name: NAME, host: 'here', pid: 1, state: 'slave', at: new Date() };
  const strange = [{ _id: 'a', ...line, pid: 'none' }, { _id: 'b', ...line, format: 2 }, { _id: 5 }];
  server.answer = () => ({ cursor: { firstBatch: [...strange, { _id, ...line }] } });
  const store = new MongodbStore(settings, systemClock);
  expect(await store.listMembers(NAME)).toEqual([{ id: _id, ...line }]);
});

test('an _id that cannot be turned into text does not hide what is wrong', async () => {
  server.answer = () => ({ cursor: { firstBatch: [{ _id: { toString: 1, valueOf: 1 }, name: NAME, term: 'x' }] } });
  const store = new MongodbStore(settings, systemClock);
  await expect(store.highestTerm(NAME)).rejects.toMatchObject({ code: 'ERR_STORE_DATA' });
});

test('a write of the lease matches none of a newer format', async () => {
  const filters: unknown[] = [];
  server.answer = ({ updates }) => {
    if (Array.isArray(updates)) filters.push(...updates.map(({ q }: { q: unknown }) => q));
    return { n: 1 };
  };
  const store = new MongodbStore(settings, systemClock);
  await store.compareAndSetLease(NAME, lease, lease);
  await store.beat(tenure, 1, progress);
  await store.release(tenure, 1, progress);
  await store.tasks.acknowledge(tenure, acknowledgement(1, null));
  expect(filters).toHaveLength(4);
  for (const filter of filters) expect(filter).toMatchObject({ format: { $in: [null, 1] } });
});
