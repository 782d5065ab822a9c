import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { isFields } from '../../src/store/documents.ts';
import { openEnvironment } from '../../src/store/embedded/environment.ts';
import { leaseKey } from '../../src/store/embedded/keys.ts';
import { storeContract } from './storeContract.ts';

const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

storeContract('the embedded store', async () => {
  const path = join(folder, 'store.d');
  const environment = await openEnvironment(path);
  afterAll(() => environment.close());
  const entry = (name: string) => {
    environment.refresh();
    const found = environment.get(leaseKey(name));
    if (found === undefined || !isFields(found.value)) throw new Error('there is no such lease');
    return { version: found.version, value: found.value };
  };
  return {
    options: { kind: 'embedded', path },
    atomic: true,
    async tamper(name, fields) {
      const { value, version } = entry(name);
      await environment.put(leaseKey(name), { ...value, ...fields }, version);
    },
    peek: async (name) => entry(name).value,
  };
});
