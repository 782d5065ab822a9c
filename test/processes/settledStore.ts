/** A store in which no first member waits: long leases can be had at once. */
import type { FailoverOptions } from 'mongo-failover';
import { createStore } from '../support/builtStore.ts';
import { temporaryFolder } from '../support/clusters.ts';
import { databaseUri } from '../support/database.ts';

export async function settledStore(store: string): Promise<FailoverOptions> {
  const path = await temporaryFolder();
  const connectString = databaseUri();
  const [place, options] =
    store === 'embedded'
      ? ([{ nodb: { path } }, { kind: 'embedded', path }] as const)
      : ([
          { mongodb: { connectString } },
          { kind: 'mongodb', connectString, connectOptions: {}, debug: false },
        ] as const);
  const connection = createStore(options, { commandTimeout: 10_000 });
  await connection.open();
  await connection.settle((await connection.highestTerm('x')).epoch, 600_000);
  await connection.close();
  return place;
}
