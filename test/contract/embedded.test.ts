import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { isFields } from '../../src/store/documents.ts';
import {
  leaseKey,
  letterKey,
  ordersKey,
  outcomeKey,
  scheduleKey,
  settledKey,
  taskKey,
} from '../../src/store/embedded/keys.ts';
import { openEntries } from '../support/embeddedEntries.ts';
import { changesContract } from './changesContract.ts';
import { manyContract } from './manyContract.ts';
import { type OrdersUnderTest, ordersContract } from './ordersContract.ts';
import { outboxContract } from './outboxContract.ts';
import { type OutcomesUnderTest, outcomesContract } from './outcomesContract.ts';
import { relayContract } from './relayContract.ts';
import { type SchedulesUnderTest, scheduleContract } from './scheduleContract.ts';
import { type NewStore, settledContract } from './settledContract.ts';
import { storeContract } from './storeContract.ts';
import { type TaskStoreUnderTest, taskContract } from './taskContract.ts';
import { taskVolume } from './taskVolume.ts';
import { uniqueContract } from './uniqueContract.ts';

const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function setup(): Promise<TaskStoreUnderTest & OrdersUnderTest & OutcomesUnderTest & SchedulesUnderTest> {
  const path = join(folder, 'store.d');
  const entries = openEntries(path);
  afterAll(() => entries.close());
  const entry = (key: Buffer) => {
    const found = entries.get(key);
    if (!isFields(found)) throw new Error('there is no such entry');
    return found;
  };
  const tamper = async (key: Buffer, fields: Record<string, unknown>) => {
    entries.put([key, { ...entry(key), ...fields }]);
  };
  return {
    options: { kind: 'embedded', path },
    atomic: true,
    tamper: (name, fields) => tamper(leaseKey(name), fields),
    tamperTask: (name, seq, fields) => tamper(taskKey(name, seq), fields),
    tamperOutcome: (name, id, fields) => tamper(outcomeKey(name, id), fields),
    tamperLetter: (name, seq, fields) => tamper(letterKey(name, seq), fields),
    peek: async (name) => entry(leaseKey(name)),
    tamperOrders: (name, fields) => tamper(ordersKey(name), fields),
    tamperSchedule: (name, id, fields) => tamper(scheduleKey(name, id), fields),
    peekOrders: async (name) => entry(ordersKey(name)),
  };
}

async function setupNew(): Promise<NewStore> {
  const path = await mkdtemp(join(folder, 'new-'));
  const entries = openEntries(path);
  afterAll(() => entries.close());
  return {
    options: { kind: 'embedded', path },
    async lose() {
      const all = { start: Buffer.from([0]), end: Buffer.from([255]) };
      entries.put(...entries.transact((own) => Array.from(own.each(all), ({ key }) => [key, undefined] as const)));
    },
    async tamper(fields) {
      const found = entries.get(settledKey);
      if (!isFields(found)) throw new Error('there is no epoch');
      entries.put([settledKey, { ...found, ...fields }]);
    },
  };
}

settledContract('the epochs of the embedded store', setupNew);
storeContract('the embedded store', setup);
manyContract('the calls for many of the embedded store', setup);
ordersContract('the orders in the embedded store', setup);
taskContract('the queue in the embedded store', setup);
outboxContract('the outbox of the embedded store', setup);
relayContract('what masters move into the queue in the embedded store', setup);
outcomesContract('the outcomes in the embedded store', setup);
changesContract('changes of tasks in the embedded store', setup);
uniqueContract('ids that stay taken in the embedded store', setup);
taskVolume('much in the embedded store', setup);
scheduleContract('the schedules in the embedded store', setup);
