/** Starts one server for a suite, hands it to the tests, and ends it after them. */
import { randomBytes } from 'node:crypto';
import { MongoClient } from 'mongodb';
import type { TestProject } from 'vitest/node';
import { startServer } from '../servers/startServer.ts';
import type { TestServer } from '../servers/testServer.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    server: Pick<TestServer, 'kind' | 'uri' | 'atomic'>;
    /** What the names of this run's databases begin with. */
    databasePrefix: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  const { kind, uri, atomic } = server;
  const prefix = `mongo_failover_test_${randomBytes(4).toString('hex')}_`;
  project.provide('server', { kind, uri, atomic });
  project.provide('databasePrefix', prefix);
  console.log(`${project.name}: server ${kind}${atomic ? '' : ', without atomic writes'}`);
  return async () => {
    // The other servers take their data with them.
    if (kind === 'uri') await dropDatabases(uri, prefix);
    await server.stop();
  };
}

async function dropDatabases(uri: string, prefix: string): Promise<void> {
  const client = new MongoClient(uri);
  try {
    const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
    for (const { name } of databases) if (name.startsWith(prefix)) await client.db(name).dropDatabase();
  } finally {
    await client.close();
  }
}
