/** Servers that are played before mongo-java-server: a replica set, and a sharded cluster. */
import { startJava } from './java.js';
import { ReplicaSet } from './replicaSet.js';
import { ShardedCluster } from './sharded.js';
import type { TestServer } from './testServer.js';

/** The first server in the connect string stays primary: the tests that this serves move nothing. */
export async function startReplicaSet(): Promise<TestServer> {
  const server = await startJava({ changeStreams: true });
  const set = await ReplicaSet.before(server.uri, { sessions: true });
  const view = await set.view();
  return { kind: 'replica-set', uri: view.uri(), atomic: server.atomic, stop: () => set.close().then(server.stop) };
}

export async function startSharded(): Promise<TestServer> {
  const server = await startJava({ changeStreams: true });
  const cluster = await ShardedCluster.before(server.uri);
  return { kind: 'sharded', uri: cluster.uri(), atomic: server.atomic, stop: () => cluster.close().then(server.stop) };
}
