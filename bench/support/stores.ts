/** The stores that are measured on: the embedded one, and servers as the tests start them. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FailoverOptions } from 'mongo-failover';
import { MongoClient } from 'mongodb';
import { canStartJava, startJava } from '../../test/servers/java.js';
import { startServer } from '../../test/servers/startServer.js';
import type { TestServer } from '../../test/servers/testServer.js';
import { atEnd, withFolder } from './cleanup.js';

export interface BenchStore {
  readonly label: string;
  readonly options: FailoverOptions;
  /** For the logs of the members. */
  readonly folder: string;
  /** Takes out of a text where the store is: a result says nothing of its machine. */
  conceal(text: string): string;
}

export interface ServerStore extends BenchStore {
  /** With a database of its own. */
  readonly uri: string;
}

const serverNames = {
  memory: 'mongod (by mongodb-memory-server)',
  java: 'mongo-java-server, in memory',
  ferretdb: 'FerretDB 1.24 on SQLite',
  documentdb: 'DocumentDB behind FerretDB 2.7',
  'replica-set': 'a replica set that is played before mongo-java-server',
  sharded: 'a sharded cluster that is played before mongo-java-server',
  uri: 'server at MONGODB_URI',
} as const;

export function withEmbedded<T>(use: (store: BenchStore) => Promise<T>): Promise<T> {
  return withFolder((folder) => {
    const path = join(folder, 'store');
    const conceal = (text: string): string => text.replaceAll(path, 'PATH');
    return use({ label: 'embedded store', options: { nodb: { path } }, folder, conceal });
  });
}

/**
 * Rejects when the machine has no server, with what would help. The database is a new one, and is dropped. Which server
 * is up to the environment, as in the tests: see test/servers/README.md.
 */
export async function withServer<T>(
  use: (store: ServerStore) => Promise<T>,
  environment: NodeJS.ProcessEnv = process.env,
  start: (environment: NodeJS.ProcessEnv) => Promise<TestServer> = startServer,
): Promise<T> {
  const server = await start(environment);
  const kept = atEnd(() => void server.stop());
  const name = `mongo_failover_bench_${randomBytes(6).toString('hex')}`;
  const uri = withDatabase(server.uri, name);
  try {
    const conceal = (text: string): string =>
      text.replaceAll(/mongodb(\+srv)?:\/\/\S+/g, 'URI').replaceAll(/[\w.-]+:\d{2,5}\b/g, 'SERVER');
    return await withFolder((folder) =>
      use({ label: serverNames[server.kind], options: { mongodb: { connectString: uri } }, folder, conceal, uri }),
    );
  } finally {
    if (server.kind === 'uri') await drop(uri);
    await server.stop();
    kept();
  }
}

/** Starts a server that has change streams, if it is up to us which one. */
export async function startWithStreams(environment: NodeJS.ProcessEnv): Promise<TestServer> {
  const isChosen = Boolean(environment.MONGO_FAILOVER_SERVER || environment.MONGODB_URI);
  return isChosen || !canStartJava() ? startServer(environment) : startJava({ changeStreams: true });
}

/** The connection string with this database in the place of its own; a user still logs in where it did. */
function withDatabase(uri: string, name: string): string {
  const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(uri);
  if (parts === null) throw new Error('the connection string of the server cannot be read');
  const [, server = '', database, query = ''] = parts;
  const options = new URLSearchParams(query);
  if (server.includes('@') && !options.has('authSource')) options.set('authSource', database || 'admin');
  return `${server}/${name}${options.size > 0 ? `?${options}` : ''}`;
}

async function drop(uri: string): Promise<void> {
  const client = new MongoClient(uri);
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}
