/**
 * The server for a run of the tests: the one that MONGO_FAILOVER_SERVER names, else the one at MONGODB_URI, else the
 * first of what this machine can start. With none it fails and says what to install; nothing is skipped silently.
 */
import { startDocumentDb } from './documentdb.js';
import { startFerretDb } from './ferretdb.js';
import { canStartJava, startJava } from './java.js';
import { startMemoryServer } from './memory.js';
import { startReplicaSet, startSharded } from './played.js';
import { serverKinds, type TestServer } from './testServer.js';

const starters: Record<(typeof serverKinds)[number], () => Promise<TestServer>> = {
  memory: startMemoryServer,
  java: () => startJava(),
  ferretdb: startFerretDb,
  documentdb: startDocumentDb,
  'replica-set': startReplicaSet,
  sharded: startSharded,
};

export async function startServer(environment: NodeJS.ProcessEnv = process.env): Promise<TestServer> {
  const { MONGO_FAILOVER_SERVER: wanted, MONGODB_URI: uri } = environment;
  if (wanted) {
    const kind = serverKinds.find((name) => name === wanted);
    if (kind === undefined)
      throw new Error(`MONGO_FAILOVER_SERVER is ${wanted}, not one of ${serverKinds.join(', ')}.`);
    return starters[kind]();
  }
  if (uri) return { kind: 'uri', uri, atomic: true, stop: async () => {} };
  const refused = await startMemoryServer().catch((error: Error) => error);
  if (!(refused instanceof Error)) return refused;
  if (canStartJava()) return startJava();
  throw new Error(
    [
      'No MongoDB to test against. One of these will do:',
      '- set MONGODB_URI to a server of your own (each test file uses a database of its own on it);',
      '- put mongod on PATH, or let mongodb-memory-server download it;',
      '- install Java and Maven (Debian: default-jdk-headless maven) for mongo-java-server.',
      `mongodb-memory-server said: ${refused.message}`,
    ].join('\n'),
  );
}
