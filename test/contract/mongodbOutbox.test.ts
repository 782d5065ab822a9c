/** What other programs may write into the outbox, on a real server: it holds up no other entry, and becomes no task of another. */
import { randomUUID } from 'node:crypto';
import { Binary, BSONRegExp, Double, Long, MongoClient, ObjectId, Timestamp } from 'mongodb';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { BadEntry, Entry } from '../../src/store/outbox.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { bson } from '../../src/task/bson.ts';
import { createStore } from '../support/builtStore.ts';
import { databaseUri } from '../support/database.ts';

const uri = databaseUri();
const now = new Date();
const later = new Date(now.getTime() + 3_600_000);
let store: FullStore;
let client: MongoClient;

beforeAll(async () => {
  store = createStore(
    { kind: 'mongodb', connectString: uri, connectOptions: {}, debug: false },
    { commandTimeout: 30_000 },
  );
  await store.open();
  client = await new MongoClient(uri).connect();
});
afterAll(async () => {
  await client?.close();
  await store?.close();
});

const foreign = (name: string, key: string, fields = {}) => ({
  name,
  key,
  payload: bson.serialize({ id: key }),
  ...fields,
});
const write = (...documents: { name: string; _id?: unknown }[]) =>
  client
    .db()
    .collection('failover_outbox')
    .insertMany(documents as object[]);
const read = (name: string) => store.outbox.readEntries(name, now, 100);
const shown = (entries: readonly (Entry | BadEntry)[]) =>
  entries.map((entry) => ('problem' in entry ? entry.problem.replace(/:.*/, '') : entry.id));

test('an entry with a due of its own is refused, and holds up no other, whenever it is due', async () => {
  const name = randomUUID();
  await write(foreign(name, 'blocks', { due: false, at: later }), foreign(name, 'past', { due: 0, at: now }));
  await write(foreign(name, 'plain'), foreign(name, 'waits', { at: later }), foreign(name, 'none', { due: null }));
  expect(await store.outbox.namesWaiting([name], now)).toEqual([name]);
  const found = await read(name);
  const problem = (due: unknown) => `its due is ${due}, and only a master may set it`;
  expect(shown(found)).toEqual(expect.arrayContaining([problem(false), problem(0), 'plain', 'none']));
  expect(found).toHaveLength(4);
  await store.outbox.refuseEntries(
    name,
    found.filter((entry): entry is BadEntry => 'problem' in entry),
  );
  expect(shown(await read(name)).sort()).toEqual(['none', 'plain']);
});

/** FerretDB stores no number that is not finite, so no entry comes with one there. */
const notFinite = inject('server').kind === 'ferretdb' ? [] : [Number.POSITIVE_INFINITY, Number.NaN];

test.each<[what: string, key: unknown]>([
  ['empty', ''],
  ['longer than an id may be', 'x'.repeat(1025)],
  ...notFinite.map((key): [string, number] => [String(key), key]),
  ['a number that does not count exactly', Long.fromString('9007199254740993')],
  ['an ObjectId', new ObjectId()],
  ['null', null],
])('an entry whose key is %s is refused, because no call could name its task', async (_, key) => {
  const name = randomUUID();
  await write({ ...foreign(name, 'odd'), key } as { name: string });
  const found = await read(name);
  const problem = expect.stringMatching(/^its key is .*, and an id must be a finite number, or a string/);
  expect(found).toMatchObject([{ problem }]);
});

test('a key of -0 is that of 0, as for callers', async () => {
  const name = randomUUID();
  await write({ ...foreign(name, 'odd'), key: new Double(-0) } as unknown as { name: string });
  expect((await read(name)).map((entry) => 'id' in entry && Object.is(entry.id, 0))).toEqual([true]);
});

test.each([
  ['null', null, 'null'],
  ['a text', 'a secret', 'a string'],
  ['a document', { id: 'odd' }, 'an object'],
])('an entry whose payload is %s is refused, with what it is', async (_, payload, shown) => {
  const name = randomUUID();
  await write({ ...foreign(name, 'odd'), payload } as { name: string });
  const problem = `its payload is ${shown}, and no binary data: encode the task as a BSON document`;
  expect(await read(name)).toMatchObject([{ problem }]);
});

test.each([
  ['an object', { date: now.toISOString() }],
  ['an empty array', []],
  ['a boolean', false],
  ['an ObjectId', new ObjectId()],
  ['binary data', new Binary(Buffer.from('x'))],
  ['a Timestamp', new Timestamp({ t: 1_700_000_000, i: 1 })],
  ['a regular expression', new BSONRegExp('x', '')],
  ['a number', later.getTime()],
  ['a text', later.toISOString()],
])('an entry whose at is %s is found, and refused', async (_, at) => {
  const name = randomUUID();
  await write(foreign(name, 'odd', { at }), foreign(name, 'waits', { at: later }));
  expect(await store.outbox.namesWaiting([name], now)).toEqual([name]);
  const found = await read(name);
  expect(found).toMatchObject([{ problem: expect.stringMatching(/^its at is .*, and no date/) }]);
  await store.outbox.refuseEntries(name, found as BadEntry[]);
  expect(await read(name)).toEqual([]);
  expect(await store.outbox.namesWaiting([name], now)).toEqual([]);
});

test('an entry with a due of its own is seen by a look at all names', async () => {
  const name = randomUUID();
  await write(foreign(name, 'blocks', { due: false, at: later }));
  expect(await store.outbox.namesWaiting([name], now)).toEqual([name]);
});

test('one name with many entries hides no other', async () => {
  const [many, few] = [randomUUID(), randomUUID()];
  await write(...Array.from({ length: 1500 }, (_, index) => foreign(many, `task ${index}`)));
  await write(foreign(few, 'only'));
  expect((await store.outbox.namesWaiting([many, few], now)).sort()).toEqual([many, few].sort());
  expect(await store.outbox.namesWaiting([randomUUID()], now)).toEqual([]);
});

test('two entries of one origin are two tasks, and neither has an origin of ours', async () => {
  const name = randomUUID();
  const origin = `schedule/${later.getTime()}/nightly`;
  const [a, b] = [new ObjectId(), new ObjectId()];
  await write(foreign(name, 'x', { _id: a, origin }), foreign(name, 'y', { _id: b, origin }));
  await write(foreign(name, 'z', { _id: `text ${name}`, origin }));
  const found = (await read(name)) as Entry[];
  expect(found.map(({ id }) => id).sort()).toEqual(['x', 'y', 'z']);
  expect(new Set(found.map((entry) => entry.origin)).size).toBe(3);
  for (const entry of found) expect(entry.origin).toMatch(/^entry\/[\da-f]{64}$/);
  // The same by the next look, and what a crash repeats is known by it.
  expect(((await read(name)) as Entry[]).map((entry) => entry.origin)).toEqual(found.map((entry) => entry.origin));
  await store.outbox.markEntries(name, found);
  expect(((await read(name)) as Entry[]).every(({ marked }) => marked)).toBe(true);
  await store.outbox.removeEntries(name, found);
  expect(await read(name)).toEqual([]);
});

test('an entry of a transaction is found by its ObjectId, and its task by the origin that comes of both', async () => {
  const name = randomUUID();
  const [a, b] = [new ObjectId(), new ObjectId()];
  const origin = 'f'.repeat(24);
  await write(foreign(name, 'x', { _id: a, origin }));
  const look = async (key: ObjectId, given: string) => {
    const later = [{ id: 'x', key: key.toHexString(), origin: given }];
    return (await store.tasks.readOutcomes(name, ['x'], later)).later[0];
  };
  const [found] = (await read(name)) as [Entry];
  expect(await look(a, origin)).toEqual({ origin: found.origin, waits: true, seq: null });
  for (const [key, given] of [[b, origin] as const, [a, 'e'.repeat(24)] as const]) {
    const other = await look(key, given);
    expect(other).toMatchObject({ waits: false, seq: null });
    expect(other?.origin).not.toBe(found.origin);
  }
  await store.outbox.removeEntries(name, [found]);
  expect(await look(a, origin)).toEqual({ origin: found.origin, waits: false, seq: null });
});

/** As by a master that has just begun, and so looks for those that were mended. */
async function restore(names: readonly string[]): Promise<string[]> {
  const other = createStore(
    { kind: 'mongodb', connectString: uri, connectOptions: {}, debug: false },
    { commandTimeout: 30_000 },
  );
  try {
    await other.open();
    return await other.outbox.namesWaiting(names, now);
  } finally {
    await other.close();
  }
}

test('a refused entry is out of what a look reads, and comes back as it was when it is mended', async () => {
  const name = randomUUID();
  const due = new Date(now.getTime() - 5000);
  const [early, plain, text] = [new ObjectId(), new ObjectId(), new ObjectId()];
  const bad = { payload: 'no document' };
  await write(
    foreign(name, 'early', { _id: early, at: due, due: true, ...bad }),
    foreign(name, 'plain', { _id: plain, ...bad }),
    foreign(name, 'text', { _id: text, at: 'tomorrow' }),
  );
  const found = (await read(name)) as BadEntry[];
  expect(found).toHaveLength(3);
  // Twice, as after an answer that was lost.
  for (let times = 0; times < 2; times++) await store.outbox.refuseEntries(name, found);
  expect([await read(name), await restore([name])]).toEqual([[], []]);
  const documents = client.db().collection('failover_outbox');
  const shownOf = async (_id: ObjectId) => {
    const { at, due: mark, wasAt, refused }: Record<string, unknown> = (await documents.findOne({ _id })) ?? {};
    return { at, due: mark, wasAt, isRefused: (refused ?? null) !== null };
  };
  const last = new Date(8.64e15);
  expect(await Promise.all([early, plain, text].map(shownOf))).toEqual([
    { at: last, due: undefined, wasAt: due, isRefused: true },
    { at: last, due: undefined, wasAt: null, isRefused: true },
    { at: last, due: undefined, wasAt: 'tomorrow', isRefused: true },
  ]);
  // A person corrects them. To the third they give a time, so it is due at once.
  const payload = bson.serialize({ id: 'x' });
  for (const _id of [early, plain]) await documents.updateOne({ _id }, { $set: { payload }, $unset: { refused: '' } });
  await documents.updateOne({ _id: text }, { $set: { at: now }, $unset: { refused: '' } });
  expect(shown(await read(name))).toEqual(['text']);
  const names = await Promise.all([restore([name]), restore([name])]);
  expect(names).toEqual([[name], [name]]);
  expect(shown(await read(name)).sort()).toEqual(['early', 'plain', 'text']);
  expect(await Promise.all([early, plain].map(shownOf))).toEqual([
    { at: due, due: undefined, wasAt: undefined, isRefused: false },
    { at: undefined, due: undefined, wasAt: undefined, isRefused: false },
  ]);
  await store.outbox.removeEntries(name, (await read(name)) as Entry[]);
  expect(await documents.countDocuments({ name })).toBe(0);
});

test('an entry that is due on the last of all days is none that was mended', async () => {
  const name = randomUUID();
  await write(foreign(name, 'last', { at: new Date(8.64e15) }));
  expect([await restore([name]), await read(name)]).toEqual([[], []]);
});
