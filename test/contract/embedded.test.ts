import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { isFields } from '../../src/store/documents.ts';
import { openEnvironment } from '../../src/store/embedded/environment.ts';
import { leaseKey, letterKey, settledKey, taskKey } from '../../src/store/embedded/keys.ts';
import { type NewStore, settledContract } from './settledContract.ts';
import { storeContract } from './storeContract.ts';
import { type TaskStoreUnderTest, taskContract } from './taskContract.ts';
import { taskVolume } from './taskVolume.ts';

const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function setup(): Promise<TaskStoreUnderTest> {
  const path = join(folder, 'store.d');
  const environment = await openEnvironment(path);
  afterAll(() => environment.close());
  const entry = (key: Buffer) => {
    environment.refresh();
    const found = environment.get(key);
    if (found === undefined || !isFields(found.value)) throw new Error('there is no such entry');
    return { version: found.version, value: found.value };
  };
  const tamper = async (key: Buffer, fields: Record<string, unknown>) => {
    const { value, version } = entry(key);
    await environment.put(key, { ...value, ...fields }, version);
  };
  return {
    options: { kind: 'embedded', path },
    atomic: true,
    tamper: (name, fields) => tamper(leaseKey(name), fields),
    tamperTask: (name, seq, fields) => tamper(taskKey(name, seq), fields),
    tamperLetter: (name, seq, fields) => tamper(letterKey(name, seq), fields),
    peek: async (name) => entry(leaseKey(name)).value,
  };
}

async function setupNew(): Promise<NewStore> {
  const path = await mkdtemp(join(folder, 'new-'));
  const environment = await openEnvironment(path);
  afterAll(() => environment.close());
  const put = async (fields: Record<string, unknown>) => {
    environment.refresh();
    const found = environment.get(settledKey);
    if (found === undefined || !isFields(found.value)) throw new Error('there is no epoch');
    await environment.put(settledKey, { ...found.value, ...fields }, found.version);
  };
  return {
    options: { kind: 'embedded', path },
    async lose() {
      environment.refresh();
      await environment.remove(environment.keys({ start: Buffer.from([0]), end: Buffer.from([255]) }));
    },
    tamper: put,
  };
}

settledContract('the epochs of the embedded store', setupNew);
storeContract('the embedded store', setup);
taskContract('the queue in the embedded store', setup);
taskVolume('much in the embedded store', setup);
