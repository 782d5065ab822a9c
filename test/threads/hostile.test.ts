/**
 * Documents of another program, or of a later version, in the collections of a running service: it says so by events with
 * codes, overwrites nothing of it, and goes on when they are gone.
 */

import type { Failover } from 'mongo-failover';
import { MongoClient } from 'mongodb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { leaseKey, letterIdKey, letterKey, queueKey, taskKey, termKey } from '../../src/store/embedded/keys.ts';
import { calm, open, settledFolder } from '../support/clusters.ts';
import { openEntries } from '../support/embeddedEntries.ts';
import { Events } from '../support/events.ts';
import { settledUri } from '../support/settled.ts';
import { stores } from '../support/stores.ts';

const NAME = 'billing';
const intervals = { ...calm, ERROR: 100 };
const work = async () => true;
const lease = { term: 3, beat: 7, ack: 0, holder: null, claim: 'c', ttl: 1, identifier: null, count: 0, recent: [] };
const record = { name: NAME, term: 3, holder: 'h', claim: 'c', ttl: 1 };
const task = {
  name: NAME,
  seq: 2,
  key: 'alien',
  payload: Buffer.from('no task'),
  attempts: 0,
  deaths: 0,
  at: new Date(0),
};
const letter = { ...task, error: { name: 'Error', message: 'x', code: null } };
const places = ['lease', 'term', 'task', 'letter'] as const;
type Place = (typeof places)[number];

/** The store of one test, as another program reaches it. */
interface Neighbour {
  open(): Failover;
  /** Writes the whole document, or, with null, deletes it. */
  put(place: Place, document: object | null): Promise<void>;
  read(place: Place): Promise<object | null>;
}

async function embedded(): Promise<Neighbour> {
  const folder = await settledFolder();
  const entries = openEntries(`${folder}/store`);
  onTestFinished(() => entries.close());
  const keys = { lease: leaseKey(NAME), term: termKey(NAME, 3), task: taskKey(NAME, 2), letter: letterKey(NAME, 2) };
  return {
    open: () => open({ folder, intervals }),
    async put(place, document) {
      entries.put([keys[place], document ?? undefined]);
      if (document === null) return;
      // What leads to it.
      if (place === 'task') entries.put([queueKey(NAME), { next: 3 }]);
      if (place === 'letter') entries.put([letterIdKey(NAME, 'alien', 2), 2]);
    },
    async read(place) {
      const value = entries.get(keys[place]);
      return typeof value === 'object' ? value : null;
    },
  };
}

async function mongodb(): Promise<Neighbour> {
  const connectString = await settledUri();
  const client = await new MongoClient(connectString).connect();
  onTestFinished(() => client.close());
  const collections = { lease: 'failover', term: 'failover', task: 'failover_tasks', letter: 'failover_deadletters' };
  const ids = { lease: `lease/${NAME}`, term: `3/${NAME}`, task: `2/${NAME}`, letter: `2/${NAME}` };
  const of = (place: Place) => client.db().collection<{ _id: string }>(collections[place]);
  return {
    open: () => open({ mongodb: { connectString }, intervals }),
    async put(place, document) {
      if (document === null) await of(place).deleteOne({ _id: ids[place] });
      else await of(place).replaceOne({ _id: ids[place] }, document, { upsert: true });
    },
    async read(place) {
      const found = await of(place).findOne({ _id: ids[place] });
      return found === null ? null : Object.fromEntries(Object.entries(found).filter(([name]) => name !== '_id'));
    },
  };
}

const beforeMaster: readonly (readonly [place: Place, document: object, code: string])[] = [
  // First: a member that knows the tip does not look for it again.
  ['term', { ...record, format: 7 }, 'ERR_NEWER_FORMAT'],
  ['term', { ...record, term: Number.NaN }, 'ERR_STORE_DATA'],
  ['lease', { ...lease, format: 2 }, 'ERR_NEWER_FORMAT'],
  ['lease', { ...lease, term: 'three' }, 'ERR_STORE_DATA'],
  // A member that believed it would never claim again.
  ['lease', { ...lease, ttl: 1e300 }, 'ERR_STORE_DATA'],
  ['lease', { at: new Date(0) }, 'ERR_STORE_DATA'],
];
const inTheQueue: readonly (readonly [what: string, document: object, code: string])[] = [
  ['of a newer format', { ...task, format: 2 }, 'ERR_NEWER_FORMAT'],
  ['with other fields than ours', { ...task, payload: 'text', attempts: 0.5 }, 'ERR_STORE_DATA'],
];

describe.each(stores)('on the store %s', (kind) => {
  const neighbour = kind === 'embedded' ? embedded : mongodb;

  test('leases and term records let no member become master, stay as they are, and are forgotten when they are gone', async () => {
    const store = await neighbour();
    const { managed: Managed } = store.open();
    const cluster = new Managed<{ id: number }>(NAME, 'id', work);
    const events = new Events(cluster);
    await cluster.submitWork({ id: 1 });
    for (const [index, [place, document, code]] of beforeMaster.entries()) {
      await store.put(place, document);
      if (index === 0) await cluster.run();
      const before = events.of('error').length;
      await events.when(
        () =>
          events
            .of('error')
            .slice(before)
            .filter(([error]) => error.code === code).length >= 2,
      );
      expect(await store.read(place)).toEqual(document);
      expect([cluster.isMaster, events.doneIds, events.of('panic')]).toEqual([false, [], []]);
      // Before it is taken away, another one is there: there is no moment in which a member could become master.
      const next = beforeMaster[index + 1];
      if (next !== undefined) await store.put(next[0], next[1]);
      if (next?.[0] !== place) await store.put(place, null);
    }
    await events.done(1);
    expect(cluster.isMaster).toBe(true);
    await cluster.stop();
  });

  test('a lease of a newer format deposes a master, who overwrites nothing of it', async () => {
    const store = await neighbour();
    const { managed: Managed } = store.open();
    const cluster = new Managed<{ id: number }>(NAME, 'id', work, { durable: true });
    const events = new Events(cluster);
    await cluster.run();
    await events.first('master');
    const own = await store.read('lease');
    // All that a beat looks for is as it was.
    const newer = { ...own, format: 2, beat: 1000 };
    await store.put('lease', newer);
    await events.first('error', ({ code }) => code === 'ERR_LEASE_LOST');
    await events.first('error', ({ code }) => code === 'ERR_NEWER_FORMAT');
    expect(await store.read('lease')).toEqual(newer);
    await store.put('lease', { ...own, beat: 1001, holder: null });
    await events.when(() => events.of('master').length === 2);
    await cluster.submitWork({ id: 1 });
    await events.done(1);
    await cluster.stop();
  });

  test.each(inTheQueue)(
    'a task %s holds the queue up, is not lost, and work goes on when it is mended',
    async (_what, document, code) => {
      const store = await neighbour();
      const { managed: Managed } = store.open();
      const retry = { attempts: 1, exhausted: 'dead-letter' } as const;
      const cluster = new Managed<{ id: number }>(NAME, 'id', work, { durable: true, retry });
      const events = new Events(cluster);
      await cluster.submitWork({ id: 1 });
      await store.put('task', document);
      await cluster.run();
      await events.first('error', (error) => error.code === code);
      expect(await store.read('task')).toMatchObject({ key: 'alien' });
      expect(events.doneIds.filter((id) => id !== 1)).toEqual([]);
      // This one can be read, but its bytes are no task: that is a failure of the task alone.
      await store.put('task', task);
      const [id, error] = await events.first('deadletter');
      expect([id, error.code]).toEqual(['alien', 'ERR_STORE_DATA']);
      await cluster.submitWork({ id: 3 });
      await events.done(3);
      expect(events.doneIds).toEqual([1, 3]);
      await cluster.stop();
    },
  );

  test('a dead letter that cannot be read is not put back, and stays', async () => {
    const store = await neighbour();
    const cluster = new (store.open().managed)<{ id: number }>(NAME, 'id', work, { durable: true });
    await cluster.submitWork({ id: 1 });
    for (const [document, code] of [
      [{ ...letter, format: 2 }, 'ERR_NEWER_FORMAT'],
      [{ ...letter, error: 5 }, 'ERR_STORE_DATA'],
    ] as const) {
      await store.put('letter', document);
      await expect(cluster.requeue('alien')).rejects.toMatchObject({ code });
      expect(await store.read('letter')).toMatchObject({ key: 'alien' });
    }
    expect((await cluster.status()).queued).toBe(1);
    await cluster.stop();
  });
});
