/** The server of a run, what can be done to it, and how the members reach it. */
import { randomBytes } from 'node:crypto';
import { type Document, MongoClient } from 'mongodb';
import { type DocumentDbServer, startDocumentDb } from '../servers/documentdb.ts';
import { startFerretDb } from '../servers/ferretdb.ts';
import { startJava } from '../servers/java.ts';
import { ReplicaSet } from '../servers/replicaSet.ts';
import type { TestServer } from '../servers/testServer.ts';
import { type FaultKind, networkFaults, serverFaults, storeFaults } from './faults/plan.ts';
import { type MovingSet, PlayedSet, RealSet } from './movingSet.ts';
import { Network } from './network.ts';

export const serverNames = ['embedded', 'java', 'ferretdb', 'documentdb', 'replica-set', 'uri'] as const;
type ServerName = (typeof serverNames)[number];

/**
 * How many tasks are submitted at once, each half second: by the runner, and by each member; and how many may wait. How often each
 * submits one of another kind, in ms.
 */
interface Load {
  readonly runner: number;
  readonly member: number;
  readonly queue: number;
  readonly extras: { readonly runner: number; readonly member: number };
  /** For how long each waits for tasks, by turns, in ms: as long as one waits, it asks the server each POLL. */
  readonly waits: { readonly runner: readonly number[]; readonly member: readonly number[] };
  /** How many times as rare slots are. */
  readonly slots: number;
  /** How often the runner submits a task with a least time to the one before, in ms. Null: there is no cluster for them. */
  readonly paced: number | null;
}

/** What the server can do within a second after a takeover, when each task needs two writes of its own. */
const load: Load = {
  ...{ runner: 10, member: 2, queue: 200, slots: 1, paced: 2200 },
  extras: { runner: 320, member: 3200 },
  waits: { runner: [300, 8000, 45_000], member: [300, 3000] },
};
/** Its writes take a hundred times as long when there are many. */
const weakLoad: Load = {
  ...{ runner: 3, member: 1, queue: 50, slots: 10, paced: null },
  extras: { runner: 3000, member: 20_000 },
  waits: { runner: [300, 8000], member: [] },
};

const DATABASE = 'chaos';

interface Part {
  crash(): Promise<void>;
  resume(): Promise<void>;
}

export interface ChaosServer {
  readonly name: ServerName;
  /** Past all proxies. Undefined where there is no server: the processes share a folder. */
  readonly uri: string | undefined;
  readonly atomic: boolean;
  readonly load: Load;
  /** The faults that it allows, beside those of members and machines. */
  readonly kinds: readonly FaultKind[];
  /** What is not done to it, and why. */
  readonly notes: readonly string[];
  /** A way to it for one place. */
  network(): Promise<Network | undefined>;
  readonly engine?: Part;
  readonly gateway?: Part;
  readonly set?: MovingSet;
  stop(): Promise<void>;
}

const forgets = 'mongo-java-server keeps its data in memory, so it is not killed';

export async function startChaosServer(name: ServerName): Promise<ChaosServer> {
  switch (name) {
    case 'embedded':
      return embedded();
    // Its data is in memory: a restart would forget what it had acknowledged.
    case 'java':
      return single(name, await startJava(), [forgets]);
    case 'ferretdb':
      return single(name, await startFerretDb(), []);
    case 'documentdb':
      return parts(name, await startDocumentDb());
    case 'replica-set':
      return played(name, await startJava({ changeStreams: true }));
    case 'uri':
      return theUsers(name, process.env.MONGODB_URI ?? '');
  }
}

function embedded(): ChaosServer {
  const notes = ['the embedded store has no network, so no network faults'];
  const network = async () => undefined;
  return { name: 'embedded', uri: undefined, atomic: true, load, kinds: storeFaults, notes, network, stop: network };
}

function single(name: ServerName, server: TestServer, notes: readonly string[]): ChaosServer {
  const { atomic, stop } = server;
  const uri = `${server.uri.replace(/\/$/, '')}/${DATABASE}`;
  const network = () => Network.before(uri);
  return { name, uri, atomic, load: atomic ? load : weakLoad, kinds: networkFaults, notes, network, stop };
}

function parts(name: ServerName, server: DocumentDbServer): ChaosServer {
  return {
    ...single(name, server, []),
    kinds: [...networkFaults, ...serverFaults],
    engine: { crash: () => server.crash(), resume: () => server.resume() },
    gateway: { crash: () => server.crashGateway(), resume: () => server.resumeGateway() },
  };
}

/** Each place has addresses of its own for the members: the set tells it those of its proxies. */
async function played(name: ServerName, server: TestServer): Promise<ChaosServer> {
  const played = await ReplicaSet.before(server.uri, { sessions: true });
  const set = new PlayedSet(played);
  return {
    ...single(name, server, [forgets]),
    uri: (await played.view()).uri(DATABASE),
    kinds: [...networkFaults, ...set.kinds],
    network: () => Network.beforeAll((hosts) => played.view(hosts), DATABASE),
    set,
    stop: () => played.close().then(server.stop),
  };
}

/** Takes a server that the user runs, with a database of its own. */
async function theUsers(name: ServerName, given: string): Promise<ChaosServer> {
  const client = await new MongoClient(given).connect();
  const database = `mongo_failover_chaos_${randomBytes(6).toString('hex')}`;
  const uri = withDatabase(given, database);
  const { setName } = await client.db('admin').command({ hello: 1 });
  const isOne = client.options.hosts.length === 1 && setName === undefined && !client.options.tls;
  const mayStepDown = setName !== undefined && (await mayChangeTheSet(client));
  const notes = [
    ...(isOne ? [] : ['the members reach the servers by their own addresses, so no network faults']),
    ...(mayStepDown ? [] : ['it is no set whose primary this user may step down, so it does not move']),
  ];
  const set = mayStepDown ? new RealSet(client) : undefined;
  return {
    ...{ name, uri, atomic: true, load, notes },
    kinds: [...(isOne ? networkFaults : []), ...(set?.kinds ?? [])],
    network: async () => (isOne ? Network.before(uri) : Network.past(uri)),
    ...(set === undefined ? {} : { set }),
    async stop() {
      await client.db(database).dropDatabase();
      await client.close();
    },
  };
}

function withDatabase(uri: string, name: string): string {
  const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(uri);
  if (parts === null) throw new Error('MONGODB_URI is no connect string.');
  const [, server = '', database, query = ''] = parts;
  const options = new URLSearchParams(query);
  const byPassword = server.includes('@') && !options.has('authMechanism');
  if (byPassword && !options.has('authSource')) options.set('authSource', database || 'admin');
  return `${server}/${name}${options.size > 0 ? `?${options}` : ''}`;
}

/** Whether the user, if there is one, has the right to step a primary down. */
async function mayChangeTheSet(client: MongoClient): Promise<boolean> {
  const { authInfo } = await client.db('admin').command({ connectionStatus: 1, showPrivileges: true });
  if (authInfo === undefined || authInfo.authenticatedUsers.length === 0) return true;
  const privileges: readonly Document[] = authInfo.authenticatedUserPrivileges ?? [];
  return privileges.some(
    ({ resource, actions }) =>
      (resource.cluster === true || resource.anyResource === true) &&
      (actions.includes('replSetStateChange') || actions.includes('anyAction')),
  );
}
