/** Which rights the mongodb store needs: a proxy lists each command of a full life, and denies what the docs do not grant. */
import { readFileSync } from 'node:fs';
import type { Document } from 'bson';
import { MongoClient } from 'mongodb';
import { afterEach, expect, test } from 'vitest';
import type { SlotRules } from '../../src/schedules/options.ts';
import { KEPT_MS } from '../../src/store/mongodb/tasks/taskTrimmer.ts';
import type { ScheduleChange, ScheduleStore } from '../../src/store/schedules.ts';
import type { Store } from '../../src/store/store.ts';
import type { FullStore, TaskOutcome, TaskStore } from '../../src/store/taskStore.ts';
import { acknowledgement } from '../support/acknowledgements.ts';
import { createStore } from '../support/builtStore.ts';
import { CommandProxy } from '../support/commandProxy.ts';
import { databaseUri } from '../support/database.ts';
import { VirtualClock } from '../support/virtualClock.ts';
import { commandName } from '../support/wire.ts';

const NAME = 'billing';
const lease = { term: 1, beat: 0, ack: 0, holder: 'h', claim: 'c', ttl: 4500, identifier: null, count: 0, recent: [] };
const tenure = { name: NAME, term: 1, holder: 'h' };
const progress = { identifier: 1, count: 1, recent: [1] };
const member = { id: 'h', name: NAME, host: 'here', pid: 1, state: 'master', at: new Date() };
const configuration = { kind: 'durable', settings: {} } as const;
const notice = { name: NAME, holder: 'h', configuration, ttl: 1, count: 1, wants: true };
const verdict = { name: 'Error', message: 'no', code: undefined, attempts: 1 };
const letter = { queue: NAME, seq: 2, id: 2, bytes: Buffer.from('payload'), at: new Date(), ...verdict };
const task = (id: number) => ({ id, bytes: Buffer.from('payload') });

/** Every call of a store, in the order of a life: open, elect, submit, run, bury, put back, list, trim. */
type Calls<S> = { readonly [Name in keyof S]: (store: FullStore, clock: VirtualClock) => unknown };
const before: Calls<
  Omit<
    Store,
    | 'open'
    | 'close'
    | 'onAvailable'
    | 'onHint'
    | 'wantHints'
    | 'beat'
    | 'release'
    | 'releaseDead'
    | 'trimTerms'
    | 'removeMember'
  >
> = {
  putMember: (store) => store.putMember(member),
  highestTerm: (store) => store.highestTerm(NAME),
  observe: (store) => store.observe([{ name: NAME, tip: 0 }]),
  compareAndSetLease: async (store) => {
    await store.compareAndSetLease(NAME, null, lease);
    await store.compareAndSetLease(NAME, lease, lease);
  },
  insertTerm: (store) => store.insertTerm({ ...tenure, claim: 'c', ttl: 1 }),
  settle: async (store) => store.settle((await store.highestTerm(NAME)).epoch, 1000),
  putNotice: (store) => store.putNotice(notice),
  readNotices: (store) => store.readNotices(NAME),
  listMembers: (store) => store.listMembers(NAME),
  readOrders: (store) => store.readOrders([{ name: NAME, drains: ['host/here'] }]),
  writeOrders: async (store) => {
    await store.writeOrders(NAME, null, {});
    await store.writeOrders(NAME, 1, { pause: null });
  },
  putDrain: (store) => store.putDrain({ key: 'host/here', by: 'h', at: new Date() }),
  listDrains: (store) => store.listDrains(),
  removeDrain: (store) => store.removeDrain('host/here'),
  putSuccess: (store) => store.putSuccess({ name: NAME, key: 'k', term: 1, holder: 'h' }),
  findSuccess: (store) => store.findSuccess(NAME, 'k'),
  clockAhead: (store) => store.clockAhead(),
  takeSlot: (store) => store.takeSlot({ name: NAME, job: 'j', slot: 1, claim: 'c', term: 1, holder: 'h' }),
  putPreferred: (store) => store.putPreferred({ name: NAME, holder: 'h', priority: 60, count: 1 }),
  putPresence: (store) => store.putPresence({ key: 'k', process: 'p', holders: 'h:', count: 1, held: 0, set: 's' }),
  readPresences: (store) => store.readPresences([]),
};
const change = {
  ...{ name: NAME, id: 'c', seq: 4, key: 4, running: false, bytes: null, by: 'h' },
  until: new Date(Date.now() + 1000),
};
const outcome: TaskOutcome = {
  ...{ id: 1, seq: 1, term: 1, state: 'done', attempts: 1, error: null, result: null },
  ...{ at: new Date(0), until: new Date(0) },
};
const queue: Calls<TaskStore> = {
  addTasks: async ({ tasks }) => {
    await tasks.addTasks(NAME, [1, 2, 3].map(task), 10);
    // An id that is taken is looked for, and one that is done gives its key up.
    await tasks.addTasks(NAME, [1, 4].map(task), 10);
  },
  relayTasks: ({ tasks }, clock) => {
    const since = { now: clock.now(), sinceBoot: clock.sinceBoot() };
    return tasks.relayTasks(tenure, [{ ...task(5), origin: 'o' }], since);
  },
  queueState: ({ tasks }) => tasks.queueState(NAME),
  tasksAfter: ({ tasks }) => tasks.tasksAfter(NAME, 0, { tasks: 10, bytes: 1000 }),
  setAttempts: ({ tasks }) => tasks.setAttempts(tenure, { seq: 1, number: 1, attempts: 1, deaths: 0 }),
  setCheckpoint: ({ tasks }) => tasks.setCheckpoint(tenure, { seq: 1, number: 2, bytes: Buffer.from('so far') }),
  putOutcomes: async ({ tasks }) => {
    await tasks.putOutcomes(NAME, [outcome]);
    // Of an id that has one.
    await tasks.putOutcomes(NAME, [{ ...outcome, seq: 2 }]);
  },
  readOutcomes: ({ tasks }) => tasks.readOutcomes(NAME, [1]),
  trimOutcomes: ({ tasks }) => tasks.trimOutcomes(NAME, new Date(1)),
  clearAttempts: ({ tasks }) => tasks.clearAttempts(NAME, 1, { term: 1, number: 1 }),
  acknowledge: async ({ tasks }) => {
    await tasks.acknowledge(tenure, acknowledgement(3, null));
    await tasks.addTasks(NAME, [task(1)], 10);
  },
  countTasks: ({ tasks }) => tasks.countTasks(NAME),
  trimTasks: async ({ tasks }, clock) => {
    await tasks.trimTasks(NAME, 3);
    await clock.advance(KEPT_MS);
    await tasks.trimTasks(NAME, 3);
  },
  putDeadLetter: ({ tasks }) => tasks.putDeadLetter(letter),
  countDeadLetters: ({ tasks }) => tasks.countDeadLetters(NAME),
  oldestDeadLetter: ({ tasks }) => tasks.oldestDeadLetter(NAME, 2),
  claimDeadLetter: ({ tasks }) => tasks.claimDeadLetter(NAME, 2, null, 'mine'),
  deadLettersAfter: ({ tasks }) => tasks.deadLettersAfter(NAME, 0, 10),
  deadLetterAt: ({ tasks }) => tasks.deadLetterAt(NAME, 2),
  removeDeadLetter: ({ tasks }) => tasks.removeDeadLetter(NAME, 2),
  findTask: ({ tasks }) => tasks.findTask(NAME, 4),
  putChange: ({ tasks }) => tasks.putChange(change, 10),
  openChanges: ({ tasks }) => tasks.openChanges(NAME, 10, []),
  takeChange: ({ tasks }) => tasks.takeChange(NAME, change.id, 1),
  markTask: ({ tasks }) => tasks.markTask(tenure, { seq: 4, key: 4, number: 1, bytes: null }),
  answerChange: ({ tasks }) => tasks.answerChange(NAME, change.id, 1, 'removed'),
  readAnswer: ({ tasks }) => tasks.readAnswer(NAME, change.id),
  removeChange: ({ tasks }) => tasks.removeChange(NAME, change.id),
  trimChanges: ({ tasks }) => tasks.trimChanges(NAME, new Date()),
};
const outbox: Calls<FullStore['outbox']> = {
  putEntries: ({ outbox: calls }) => {
    return calls.putEntries(
      NAME,
      ['x', 'y'].map((id) => ({ id, bytes: task(1).bytes, at: new Date(0), origin: `o ${id}` })),
    );
  },
  namesWaiting: ({ outbox: calls }) => calls.namesWaiting([NAME], new Date()),
  readEntries: ({ outbox: calls }) => calls.readEntries(NAME, new Date(), 10),
  markEntries: ({ outbox: calls }) => calls.markEntries(NAME, [{ key: 'k', origin: 'o x' }]),
  refuseEntries: ({ outbox: calls }) => calls.refuseEntries(NAME, [{ key: 'k', origin: 'o x', problem: 'p' }]),
  removeEntries: ({ outbox: calls }) => calls.removeEntries(NAME, [{ key: 'k', origin: 'o x' }]),
  outboxPlace: ({ outbox: calls }) => calls.outboxPlace(),
};
const schedule: ScheduleChange & SlotRules = {
  ...{ pattern: '0 2 * * *', timeZone: 'UTC', missed: 'once', maxMissed: 1, within: 0, overlap: 'skip', jitter: 0 },
  ...{ from: null, until: null, digest: '', declared: 0, cursor: 1 },
};
const schedules: Calls<ScheduleStore> = {
  readSchedules: async (store) => {
    await store.schedules.readSchedules(NAME, null);
    await store.schedules.readSchedules(NAME, ['s']);
  },
  writeSchedules: async (store) => {
    await store.schedules.writeSchedules(NAME, [{ id: 's', expected: null, term: 1, set: schedule }]);
    await store.schedules.writeSchedules(NAME, [{ id: 's', expected: schedule, term: 1, set: { cursor: 2 } }]);
  },
  findSchedule: (store) => store.schedules.findSchedule(NAME, 's'),
  touchSchedules: (store) => store.schedules.touchSchedules(NAME, ['s'], 2),
  pauseSchedule: (store) => store.schedules.pauseSchedule(NAME, 's', { by: 'h', at: new Date() }),
  deleteSchedule: (store) => store.schedules.deleteSchedule(NAME, 's', 3),
  resumeSchedule: (store) => store.schedules.resumeSchedule(NAME, 's', 3),
};
const after: Calls<Pick<Store, 'beat' | 'release' | 'releaseDead' | 'trimTerms' | 'removeMember'>> = {
  beat: (store) => store.beat(tenure, 1, progress),
  release: (store) => store.release(tenure, 2, progress),
  releaseDead: (store) => store.releaseDead({ ...tenure, claim: 'c' }),
  trimTerms: (store) => store.trimTerms(NAME, 1),
  removeMember: (store) => store.removeMember('h'),
};

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** `streams` resolves when change streams have been asked for. */
async function life(connectString: string, streams?: () => Promise<unknown>): Promise<void> {
  const clock = new VirtualClock();
  const options = { kind: 'mongodb', connectString, connectOptions: {}, debug: false } as const;
  const store = createStore(options, { commandTimeout: 10_000, connectTimeout: 20_000 }, clock);
  store.wantHints({ lease: [NAME], tasks: [NAME] });
  try {
    await store.open();
    await streams?.();
    for (const call of Object.values({ ...before, ...queue, ...outbox, ...schedules, ...after }))
      await call(store, clock);
  } finally {
    await store.close();
  }
}

/** What the docs grant, as `collection action`. */
const granted = (() => {
  const page = readFileSync(new URL('../../docs/guide/databases.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(failover\w*)` \| ([a-zA-Z, ]+) \|$/gm)];
  return rows.flatMap(([, collection, actions = '']) => actions.split(', ').map((action) => `${collection} ${action}`));
})();

/** The actions that MongoDB asks for, by its documentation of each command. None: every user may send it. */
const actionsOf: Readonly<Record<string, (command: Document) => string[]>> = {
  find: () => ['find'],
  count: () => ['find'],
  aggregate: ({ pipeline: [first] }) => ('$changeStream' in first ? ['find', 'changeStream'] : ['find']),
  getMore: () => [],
  killCursors: () => [],
  insert: () => ['insert'],
  update: ({ updates }) => (updates.some(({ upsert }: Document) => upsert) ? ['insert', 'update'] : ['update']),
  delete: () => ['remove'],
  listIndexes: () => ['listIndexes'],
  createIndexes: () => ['createIndex'],
  ...Object.fromEntries(['hello', 'isMaster', 'ismaster', 'ping', 'endSessions'].map((name) => [name, () => []])),
};

/** A proxy that denies what is not granted, and keeps what was used. */
async function guarded(uri: string, rights: readonly string[]) {
  const proxy = await CommandProxy.before(uri);
  cleanups.push(() => proxy.close());
  const [used, denied] = [new Set<string>(), new Set<string>()];
  proxy.rule = (command) => {
    const name = commandName(command);
    const wanted = (actionsOf[name]?.(command) ?? ['no action']).map((action) => `${command[name]} ${action}`);
    for (const right of wanted) used.add(right);
    if (wanted.every((right) => rights.includes(right))) return undefined;
    denied.add(`${command[name]} ${name}`);
    return { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: `not authorized to execute command ${name}` };
  };
  return { uri: proxy.uri(uri), used, denied };
}

/** Nothing depends on the indexes by which old lines, old outcomes and origins are found. */
const optional = [
  'failover_members',
  'failover_outbox createIndexes',
  'failover_outcomes createIndexes',
  'failover_tasks createIndexes',
];
const isNeeded = (right: string) => !optional.some((each) => right.startsWith(each));
const without = (...actions: string[]) => granted.filter((right) => !actions.some((action) => right.endsWith(action)));

/** Runs the lines of mongosh on the database. */
async function administer(uri: string, lines: readonly string[]): Promise<void> {
  const client = await new MongoClient(uri).connect();
  cleanups.push(() => client.close());
  const db = new Proxy({}, { get: (_, name) => client.db().collection(String(name)) });
  for (const line of lines) {
    const run = new Function('db', `return ${line}`);
    // Not every server can make an index that removes documents, or leaves some out, and nothing depends on it.
    await run(db).catch((error: unknown) => {
      if (!line.includes('expireAfterSeconds') && !line.includes('sparse')) throw error;
    });
  }
}

async function refusal(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('It was not refused.');
  return error;
}

test('a life needs the rights that the docs grant, all of them, and no others', async () => {
  const { uri, used, denied } = await guarded(databaseUri(), granted);
  await life(uri, async () => {
    const asked = () => [...used].filter((right) => right.endsWith('changeStream')).sort();
    await expect.poll(asked).toEqual(['failover changeStream', 'failover_tasks changeStream']);
  });
  expect([...denied]).toEqual([]);
  expect([...used].sort()).toEqual([...granted].sort());
});

test('nothing is acknowledged whose outcome the user may not keep, unless it carries none', async () => {
  const user = await guarded(
    databaseUri(),
    granted.filter((right) => !right.startsWith('failover_outcomes')),
  );
  const options = { kind: 'mongodb', connectString: user.uri, connectOptions: {}, debug: false } as const;
  const store = createStore(options, { commandTimeout: 10_000, connectTimeout: 20_000 }, new VirtualClock());
  cleanups.push(() => store.close());
  await store.open();
  await store.compareAndSetLease(NAME, null, lease);
  const refused = await refusal(store.tasks.acknowledge(tenure, { ...acknowledgement(1, null), outcomes: [outcome] }));
  expect(refused).toMatchObject({ code: 'ERR_STORE', cause: { code: 13 } });
  expect((await store.tasks.queueState(NAME)).done).toBe(0);
  expect(await store.tasks.acknowledge(tenure, acknowledgement(1, null))).toBe(true);
});

test('a user who may not create indexes is told which are missing, and lives when they are there', async () => {
  const uri = databaseUri();
  const user = await guarded(uri, without('createIndex'));
  const error = await refusal(life(user.uri));
  expect(error).toMatchObject({ code: 'ERR_STORE_INDEX' });
  const [, commands = ''] = error.message.split('mongosh: ');
  await administer(uri, commands.split('; '));
  user.denied.clear();
  await life(user.uri);
  // The index that nothing depends on was not in the message.
  expect([...user.denied].filter(isNeeded)).toEqual([]);
});

test('the commands of the docs make all indexes, so nothing more is asked for', async () => {
  const page = readFileSync(new URL('../../docs/guide/databases.md', import.meta.url), 'utf8');
  const uri = databaseUri();
  await administer(
    uri,
    [...page.matchAll(/^db\.\w+\.createIndex\(.*\)(?=;$)/gm)].map(([line]) => line),
  );
  const user = await guarded(uri, without('createIndex'));
  await life(user.uri);
  expect([...user.denied].filter(isNeeded)).toEqual([]);
});

test('a user who may not see indexes either lives where they are there', async () => {
  const uri = databaseUri();
  await life(uri);
  const user = await guarded(uri, without('createIndex', 'listIndexes'));
  await life(user.uri);
});
