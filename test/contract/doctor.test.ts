/** What the doctor finds in both stores, and on a server with logins, which a proxy plays: what a user may do, and what it denies. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document } from 'bson';
import { MongoClient, ObjectId } from 'mongodb';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { diagnose } from '../../dist/src/operations/doctor/diagnose.js';
import type { Finding } from '../../src/operations/doctor/findings.ts';
import type { StoreOptions } from '../../src/options/options.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { systemClock } from '../../src/time/systemClock.ts';
import { createReader, createStore } from '../support/builtStore.ts';
import { CommandProxy } from '../support/commandProxy.ts';
import { databaseUri } from '../support/database.ts';
import { stores } from '../support/stores.ts';
import { commandName } from '../support/wire.ts';

const TIMEOUT_MS = 10_000;
const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function mongodb(connectString: string): StoreOptions {
  return { kind: 'mongodb', connectString, connectOptions: {}, debug: false };
}

async function examined(options: StoreOptions): Promise<readonly Finding[]> {
  const reader = await createReader(options, TIMEOUT_MS);
  onTestFinished(() => reader.close());
  await reader.open();
  return (await diagnose(reader, null, systemClock, { id: 'd', host: 'here', pid: 1 })).findings;
}

const coded = (findings: readonly Finding[], ...codes: string[]) => findings.filter(({ code }) => codes.includes(code));
const levels = (findings: readonly Finding[]) => findings.map(({ level, code }) => `${level} ${code}`);

async function filled(options: StoreOptions): Promise<FullStore> {
  const store = createStore(options, { commandTimeout: TIMEOUT_MS });
  cleanups.push(() => store.close());
  await store.open();
  const held = { beat: 1, ack: 0, claim: 'c', ttl: 600_000, identifier: null, count: 0, recent: [], term: 1 };
  const configuration = { kind: 'durable', settings: {} } as const;
  await store.compareAndSetLease('billing', null, { ...held, holder: 'here:1:ab', configuration });
  await store.putMember({ id: 'x', name: 'young', host: 'here', pid: 1, state: 'slave', at: new Date() });
  for (const name of ['billing', 'young', 'mistyped', 'an earlier one', 'mistype']) {
    const tasks = Array.from({ length: 3 }, (_, id) => ({ id, bytes: Buffer.from([5, 0, 0, 0, 0]) }));
    await store.tasks.addTasks(name, tasks, 100);
  }
  return store;
}

let number = 0;
describe.each(stores)('on the store %s', (kind) => {
  const place = (): StoreOptions => {
    number += 1;
    return kind === 'embedded' ? { kind, path: join(folder, `${number}`) } : mongodb(databaseUri());
  };

  test('finds stored tasks of names that no master ever had', async () => {
    const options = place();
    await filled(options);
    const found = coded(await examined(options), 'NO_MASTER_EVER');
    expect(found.map(({ what }) => what).sort()).toEqual([
      'there are stored tasks of an earlier one, up to number 3, which has no lease and no member',
      'there are stored tasks of mistype, up to number 3, which has no lease and no member',
      'there are stored tasks of mistyped, up to number 3, which has no lease and no member',
      'young has never had a master: 3 of its tasks wait, and 1 members have written that they live',
    ]);
  });

  test('finds none in a store without tasks', async () => {
    const options = place();
    const store = createStore(options, { commandTimeout: TIMEOUT_MS });
    cleanups.push(() => store.close());
    await store.open();
    expect(levels(await examined(options)).filter((each) => each.startsWith('error'))).toEqual([]);
    expect(coded(await examined(options), 'NO_MASTER_EVER', 'DUPLICATES', 'IDS')).toEqual([]);
  });

  test('finds a name whose entries of the outbox have long been due, and none that wait for later', async () => {
    const options = place();
    const store = await filled(options);
    const entry = { id: 1, bytes: Buffer.from([5, 0, 0, 0, 0]) };
    await store.outbox.putEntries('billing', [{ ...entry, at: new Date(Date.now() - 61_000), origin: '0'.repeat(24) }]);
    await store.outbox.putEntries('young', [{ ...entry, at: new Date(Date.now() + 61_000), origin: '1'.repeat(24) }]);
    const found = (await examined(options)).filter(({ code }) => code.startsWith('OUTBOX'));
    expect(found.map(({ code, what }) => [code, what])).toEqual([
      ['OUTBOX_LATE', 'entries of billing in the outbox have been due for more than 60 s'],
    ]);
  });

  test('tells why a master refused entries, and takes none of them for one that is late', async () => {
    const options = place();
    const store = await filled(options);
    const now = new Date();
    const bytes = Buffer.from([5, 0, 0, 0, 0]);
    for (const [index, at] of [new Date(Date.now() - 61_000), now].entries()) {
      await store.outbox.putEntries('billing', [{ id: index, bytes, at, origin: `${index}`.repeat(24) }]);
    }
    const entries = await store.outbox.readEntries('billing', now, 9);
    expect(entries).toHaveLength(2);
    await store.outbox.refuseEntries(
      'billing',
      entries.map(({ key, origin }, index) => ({ key, origin, problem: `its key is wrong: ${index}` })),
    );
    const found = (await examined(options)).filter(({ code }) => code.startsWith('OUTBOX'));
    expect(found.map(({ code, what }) => `${code} ${what}`)).toEqual([
      'OUTBOX_REFUSED entries of the outbox cannot become tasks: billing: its key is wrong: 0; billing: its key is wrong: 1',
    ]);
  });

  test('finds what is late behind entries of other names that are young, marked or many', async () => {
    const options = place();
    const store = await filled(options);
    const bytes = Buffer.from([5, 0, 0, 0, 0]);
    const entriesOf = (name: string, count: number, at: Date) =>
      store.outbox.putEntries(
        name,
        Array.from({ length: count }, (_, id) => ({ id, bytes, at, origin: `${name}${id}`.padStart(24, '0') })),
      );
    const old = new Date(Date.now() - 61_000);
    await entriesOf('billing', 60, new Date());
    await store.outbox.markEntries('billing', await store.outbox.readEntries('billing', new Date(), 60));
    await entriesOf('young', 1, old);
    await store.outbox.markEntries('young', await store.outbox.readEntries('young', new Date(), 1));
    const late = async () => coded(await examined(options), 'OUTBOX_LATE').map(({ what }) => what.split(' ')[2]);
    expect(await late()).toEqual(['young']);
    await entriesOf('second', 1100, old);
    for (const name of ['second', 'third']) {
      await store.putMember({ id: name, name, host: 'here', pid: 1, state: 'slave', at: new Date() });
    }
    await entriesOf('third', 1, old);
    expect((await late()).sort()).toEqual(['second', 'third', 'young']);
    expect(coded(await examined(options), 'OUTBOX_PART')).toEqual([]);
  });

  test('tells some of many names', async () => {
    const options = place();
    const store = await filled(options);
    for (let count = 0; count < 25; count++) {
      await store.tasks.addTasks(`lost ${count}`, [{ id: 1, bytes: Buffer.from([5, 0, 0, 0, 0]) }], 9);
    }
    expect(coded(await examined(options), 'NO_MASTER_EVER')).toHaveLength(21);
  });
});

describe.runIf(stores.includes('mongodb'))('on MongoDB', () => {
  const COLLECTIONS = ['failover', 'failover_members', 'failover_tasks', 'failover_deadletters'];
  let uri: string;
  beforeEach(() => {
    uri = databaseUri();
  });

  test('finds ids that are stored twice, where the unique index is gone', async () => {
    await (await filled(mongodb(uri))).close();
    const client = await MongoClient.connect(uri);
    cleanups.push(() => client.close());
    const tasks = client.db().collection<{ _id: string; seq: number }>('failover_tasks');
    await tasks.dropIndex('name_key');
    // Some servers cannot make all of the other indexes.
    const before = coded(await examined(mongodb(uri)), 'IDS', 'INDEX', 'DUPLICATES');
    expect(before).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ level: 'error', what: 'the index name_key of failover_tasks is missing' }),
        expect.objectContaining({ code: 'IDS', what: 'the ids of 6 stored tasks are each there once' }),
      ]),
    );
    const one = await tasks.findOne({ name: 'billing', seq: 2 });
    if (one === null) throw new Error('there is no such task');
    await tasks.insertOne({ ...one, _id: 'billing/4', seq: 4 });
    const [found, ...more] = coded(await examined(mongodb(uri)), 'DUPLICATES', 'IDS');
    expect(more).toEqual([]);
    expect(found).toMatchObject({ level: 'error', what: expect.stringMatching(/^billing has ids .*: 1 \(2, 4\)/) });
  });

  test('finds entries of other programs that no master takes, and what a master has refused', async () => {
    await (await filled(mongodb(uri))).close();
    const client = await MongoClient.connect(uri);
    cleanups.push(() => client.close());
    const outbox = client.db().collection('failover_outbox');
    const payload = Buffer.from([5, 0, 0, 0, 0]);
    const old = ObjectId.createFromTime(Date.now() / 1000 - 120);
    await outbox.insertMany([
      { _id: old, name: 'billing', key: 1, payload },
      { name: 'young', key: 1, payload },
      { name: 'bilings', key: 1, payload },
      { name: 'bilings', key: 2, payload },
      { name: { of: 'x' }, key: 2, payload },
      { name: 'young', key: 2, refused: 'its payload is no document' },
    ]);
    // Some servers store no such name.
    await outbox.insertOne({ name: { $literal: 'x' }, key: 2, payload }).catch(() => undefined);
    const found = (await examined(mongodb(uri))).filter(({ code }) => code.startsWith('OUTBOX'));
    expect(found.map(({ code, what }) => `${code} ${what}`).sort()).toEqual([
      'OUTBOX_LATE entries of billing in the outbox have been due for more than 60 s',
      'OUTBOX_REFUSED entries of the outbox cannot become tasks: young: its payload is no document',
      'OUTBOX_UNKNOWN there are entries in the outbox for bilings, which has no lease and no member',
      'OUTBOX_UNKNOWN there are entries in the outbox whose `name` is no text',
    ]);
    await outbox.insertMany(Array.from({ length: 22 }, (_, count) => ({ name: `lost ${count}`, key: 1, payload })));
    const some = await examined(mongodb(uri));
    // Names that are no text hide none of the others.
    expect(coded(some, 'OUTBOX_UNKNOWN')).toHaveLength(21);
    expect(levels(coded(some, 'OUTBOX_PART'))).toEqual(['note OUTBOX_PART']);
  });

  /** What the docs grant: actions by collection. */
  const role: Readonly<Record<string, readonly string[]>> = (() => {
    const page = readFileSync(new URL('../../docs/guide/databases.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(failover\w*)` \| ([a-zA-Z, ]+) \|$/gm)];
    return Object.fromEntries(rows.map(([, collection = '', actions = '']) => [collection, actions.split(', ')]));
  })();
  /** The action that each command of the doctor needs; undefined: none. */
  const actionOf: Readonly<Record<string, string>> = { find: 'find', count: 'find', listIndexes: 'listIndexes' };
  const free = ['hello', 'isMaster', 'ismaster', 'ping', 'endSessions', 'connectionStatus', 'buildInfo'];

  interface Privilege {
    readonly resource: Document;
    readonly actions: readonly string[];
  }
  const database = () => new URL(uri).pathname.slice(1);
  const on = (rights: Readonly<Record<string, readonly string[]>>): Privilege[] =>
    Object.entries(rights).map(([collection, actions]) => ({ resource: { db: database(), collection }, actions }));
  const without = (action: string, of: readonly string[] = COLLECTIONS) =>
    on(
      Object.fromEntries(
        Object.entries(role).map(([name, all]) => [
          name,
          of.includes(name) ? all.filter((each) => each !== action) : all,
        ]),
      ),
    );

  /** A server with logins, whose user has these rights, and may see them. */
  async function loggedIn(privileges: readonly Privilege[], seesRights = true) {
    const proxy = await CommandProxy.before(uri);
    cleanups.push(() => proxy.close());
    const denied: string[] = [];
    proxy.rule = (command) => {
      const name = commandName(command);
      const authenticatedUsers = [{ user: 'app', db: 'admin' }];
      if (name === 'connectionStatus') {
        const shown = seesRights ? { authenticatedUserPrivileges: privileges } : {};
        return { authInfo: { authenticatedUsers, authenticatedUserRoles: [], ...shown }, ok: 1 };
      }
      if (free.includes(name) || may(privileges, String(command[name]), actionOf[name])) return undefined;
      denied.push(`${name} ${command[name]}`);
      return { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: `not authorized on db to execute command ${name}` };
    };
    return { options: mongodb(proxy.uri(uri)), denied };
  }

  /** As a server judges it. */
  function may(privileges: readonly Privilege[], collection: string, action = 'none'): boolean {
    return privileges.some(({ resource, actions }) => {
      const isHere = resource.db === '' || resource.db === database();
      const concerns = resource.anyResource || (isHere && ['', collection].includes(resource.collection));
      return concerns && (actions.includes(action) || actions.includes('anyAction'));
    });
  }

  const readRole = [
    'changeStream',
    'collStats',
    'dbHash',
    'dbStats',
    'find',
    'killCursors',
    'listCollections',
    'listIndexes',
  ];
  const cases: [string, () => Privilege[], string, string[]][] = [
    ['the role of the docs', () => on(role), 'good RIGHTS', []],
    ['all rights', () => [{ resource: { anyResource: true }, actions: ['anyAction'] }], 'good RIGHTS', []],
    [
      'rights on all databases',
      () => [{ resource: { db: '', collection: '' }, actions: [...new Set(Object.values(role).flat())] }],
      'good RIGHTS',
      [],
    ],
    [
      'the role `read`',
      () => [{ resource: { db: database(), collection: '' }, actions: readRole }],
      'note READ_ONLY',
      [],
    ],
    [
      '`find` alone',
      () => on(Object.fromEntries(COLLECTIONS.map((name) => [name, ['find']]))),
      'note READ_ONLY',
      ['find failover_outbox', ...COLLECTIONS.map((name) => `listIndexes ${name}`)],
    ],
    ['no createIndex', () => without('createIndex'), 'note RIGHTS', []],
    ['no changeStream', () => without('changeStream'), 'note RIGHTS', []],
    ['no remove of tasks', () => without('remove', ['failover_tasks']), 'error RIGHTS', []],
    ['no update of leases', () => without('update', ['failover']), 'error RIGHTS', []],
  ];
  test.each(cases)('a user with %s', async (_, privileges, finding, refused) => {
    await filled(mongodb(uri));
    const { options, denied } = await loggedIn(privileges());
    const findings = await examined(options);
    expect(levels(coded(findings, 'RIGHTS', 'READ_ONLY', 'NO_LOGIN', 'RIGHTS_UNSEEN'))).toEqual([finding]);
    expect([...new Set(denied)].sort()).toEqual([...refused].sort());
    expect(coded(findings, 'NOT_READ')).toEqual([]);
    expect(coded(findings, 'SUBSYSTEMS')).toMatchObject([{ what: '2 subsystems, 1 with a master' }]);
  });

  test.each<[string, () => Privilege[]]>([
    ['no rights', () => []],
    ['rights on another database', () => [{ resource: { db: 'other', collection: '' }, actions: ['anyAction'] }]],
    ['rights on leases alone', () => on({ failover: role.failover ?? [] })],
  ])('a user with %s is told so, and the rest is looked at', async (_, privileges) => {
    await filled(mongodb(uri));
    const { options } = await loggedIn(privileges());
    const found = levels(await examined(options));
    expect(found.slice(0, 2).sort()).toEqual(['error NOT_READ', 'error RIGHTS']);
    expect(found).toContain('good SERVER');
    expect(found).toContain('good PACE');
  });

  test('a server that does not say what a user may do is not taken for one without logins', async () => {
    await filled(mongodb(uri));
    const { options } = await loggedIn(on(role), false);
    expect(levels(coded(await examined(options), 'RIGHTS_UNSEEN', 'NO_LOGIN'))).toEqual(['note RIGHTS_UNSEEN']);
  });
});
