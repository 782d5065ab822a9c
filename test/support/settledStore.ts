/** A store in which no first member waits: long leases can be had at once. */
import type { FailoverOptions } from 'mongo-failover';
import type { StoreOptions } from '../../src/options/options.ts';
import { temporaryFolder } from './clusters.ts';
import { settle, settledUri } from './settled.ts';

interface SettledStore {
  /** For a member. */
  readonly options: FailoverOptions;
  /** For a store that is made without one. */
  readonly store: StoreOptions;
}

export async function settledStore(name: string): Promise<SettledStore> {
  if (name === 'embedded') {
    const path = await temporaryFolder();
    const store = { kind: 'embedded', path } as const;
    await settle(store);
    return { options: { nodb: { path } }, store };
  }
  const connectString = await settledUri();
  const store = { kind: 'mongodb', connectString, connectOptions: {}, debug: false } as const;
  return { options: { mongodb: { connectString } }, store };
}
