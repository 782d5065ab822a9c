/** What the mongodb store makes of the errors of a server, through the driver, and that it works again after them. */
import type { Document } from 'bson';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FullStore } from '../../src/store/taskStore.ts';
import { createStore } from '../support/builtStore.ts';
import { CommandProxy } from '../support/commandProxy.ts';
import { databaseUri } from '../support/database.ts';
import { commandName } from '../support/wire.ts';

const nothing = { identifier: null, count: 0, recent: [] };
const lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500, ...nothing };
const tenure = { name: 'q', term: 1, holder: 'holder' };
const error = (code: number | undefined, ...errorLabels: string[]): Document => ({
  ok: 0,
  errmsg: 'says the proxy',
  ...(code === undefined ? {} : { code }),
  ...(errorLabels.length > 0 ? { errorLabels } : {}),
});
const unmet = (code: number): Document => ({ ok: 1, n: 1, writeConcernError: { code, errmsg: 'not yet' } });
const inside = (code: number): Document => ({ ok: 1, n: 0, writeErrors: [{ index: 0, code, errmsg: 'conflict' }] });

let proxy: CommandProxy;
let store: FullStore;
let beats = 0;

beforeAll(async () => {
  const uri = databaseUri();
  proxy = await CommandProxy.before(uri);
  const limits = { commandTimeout: 10_000, connectTimeout: 20_000 };
  store = createStore({ kind: 'mongodb', connectString: proxy.uri(uri), connectOptions: {}, debug: false }, limits);
  await store.open();
  await store.compareAndSetLease('q', null, lease);
});
afterAll(async () => {
  await store?.close();
  await proxy?.close();
});

const beat = (): Promise<boolean> => {
  beats += 1;
  return store.beat(tenure, beats, nothing);
};

test.each<[string, Document, string]>([
  ['no primary', error(10107), 'ERR_STORE_UNAVAILABLE'],
  ['a set that is not ready', error(94), 'ERR_STORE_UNAVAILABLE'],
  ['a conflict of writes', error(112), 'ERR_STORE_UNAVAILABLE'],
  ['no server behind a router', error(133), 'ERR_STORE_UNAVAILABLE'],
  ['a login that is to be made again', error(391), 'ERR_STORE_UNAVAILABLE'],
  ['too many calls', error(462, 'SystemOverloadedError', 'RetryableError'), 'ERR_STORE_UNAVAILABLE'],
  ['too many calls, on another service', error(16500), 'ERR_STORE_UNAVAILABLE'],
  ['a full disk', error(14031), 'ERR_STORE_UNAVAILABLE'],
  ['a code of the future', error(4242), 'ERR_STORE_UNAVAILABLE'],
  ['no code', error(undefined), 'ERR_STORE_UNAVAILABLE'],
  ['a refusal that may be tried again', error(2, 'RetryableWriteError'), 'ERR_STORE_UNAVAILABLE'],
  ['a majority that took too long', unmet(64), 'ERR_STORE_UNAVAILABLE'],
  ['too few servers for a majority', unmet(100), 'ERR_STORE_UNAVAILABLE'],
  ['a server that shuts down after a write', unmet(91), 'ERR_STORE_UNAVAILABLE'],
  ['a conflict at one document', inside(112), 'ERR_STORE_UNAVAILABLE'],
  ['a missing right', error(13), 'ERR_STORE'],
  ['a value that is refused', error(2), 'ERR_STORE'],
  ['a document that is refused', inside(121), 'ERR_STORE'],
])('a beat that meets %s does not count and says why, and the next one does', async (_, answer, code) => {
  proxy.rule = (command) => (commandName(command) === 'update' ? answer : undefined);
  await expect(beat()).rejects.toMatchObject({ code });
  proxy.rule = () => undefined;
  expect(await beat()).toBe(true);
});
