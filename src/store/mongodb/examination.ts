/** Asks a server what it is, what its user may do and which indexes are there. Nothing is written. */
import { StoreError } from '../../errors.js';
import { type Fields, isFields } from '../documents.js';
import { type IndexFact, type MongodbFacts, ROUND_TRIPS_MEASURED } from '../facts.js';
import { type Commands, LEASES } from './commands.js';
import { createCommand, dropCommand, indexes, judge, OUTBOX, OUTCOMES } from './indexes/indexes.js';
import { SCHEDULES } from './mongodbSchedules.js';
import { greet, type MeasuredBy } from './serverClock.js';
import { serverCode } from './storeErrors.js';
import { TASKS } from './tasks/taskReads.js';

const NAMESPACE_NOT_FOUND = 26;
/** What a member needs on each of its collections, and on those whose changes wake it. */
const NEEDED = ['find', 'insert', 'update', 'remove', 'createIndex', 'listIndexes'] as const;
const watched: readonly string[] = [LEASES, TASKS];
const withIndexes = [...new Set(indexes.map(({ collection }) => collection))];
/** What is needed on those whose indexes are made when they are first used, or that have none. */
const others: Readonly<Record<string, readonly string[]>> = {
  [OUTCOMES]: ['find', 'insert', 'update', 'remove', 'createIndex'],
  [OUTBOX]: NEEDED,
  [SCHEDULES]: ['find', 'insert', 'update', 'remove'],
};
const collections = [...withIndexes, ...Object.keys(others)];

interface Examined extends MeasuredBy {
  readonly commands: Commands;
  readonly label: string;
  /** The name of the database. */
  readonly database: string;
}

export async function examine(examined: Examined): Promise<MongodbFacts> {
  const { commands, label } = examined;
  const hello = await greet(examined, 'examine');
  const roundTrips: number[] = [];
  for (let count = 0; count < ROUND_TRIPS_MEASURED; count++) {
    const from = examined.now();
    await commands.send('examine', { ping: 1 });
    roundTrips.push(examined.now() - from);
  }
  const [build, status] = await Promise.all([
    optional(commands, { buildInfo: 1 }),
    optional(commands, { connectionStatus: 1, showPrivileges: true }),
  ]);
  return {
    kind: 'mongodb',
    label,
    version: typeof build?.version === 'string' ? build.version : null,
    topology: topologyOf(hello.reply),
    hosts: Array.isArray(hello.reply.hosts) ? hello.reply.hosts.length : 1,
    arbiters: Array.isArray(hello.reply.arbiters) ? hello.reply.arbiters.length : 0,
    clockAhead: hello.clockAhead,
    roundTrips,
    ...rightsIn(status, examined.database),
    indexes: (await Promise.all(withIndexes.map((collection) => indexFacts(commands, collection)))).flat(),
  };
}

/** Returns null where the server does not know the command, or the user may not send it. */
async function optional(commands: Commands, command: Fields): Promise<Fields | null> {
  try {
    return await commands.send('examine', command);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'ERR_STORE') return null;
    throw error;
  }
}

function topologyOf({ setName, msg }: Fields): MongodbFacts['topology'] {
  if (msg === 'isdbgrid') return 'sharded';
  return typeof setName === 'string' ? 'replicaSet' : 'single';
}

function rightsIn(status: Fields | null, database: string): Pick<MongodbFacts, 'user' | 'lacking'> {
  const info = isFields(status?.authInfo) ? status.authInfo : {};
  const [user]: unknown[] = Array.isArray(info.authenticatedUsers) ? info.authenticatedUsers : [];
  const privileges: unknown = info.authenticatedUserPrivileges;
  // Without a login a server asks for no rights. Not every server says which a user has.
  if (!isFields(user)) return { user: null, lacking: null };
  if (!Array.isArray(privileges)) return { user: String(user.user), lacking: null };
  const granted = privileges.filter(isFields);
  const lacking = collections.map((collection) => {
    const actions = granted.filter((each) => concerns(each.resource, database, collection)).flatMap(actionsOf);
    const needed = others[collection] ?? (watched.includes(collection) ? [...NEEDED, 'changeStream'] : NEEDED);
    return [
      collection,
      needed.filter((action) => !actions.includes(action) && !actions.includes('anyAction')),
    ] as const;
  });
  return { user: String(user.user), lacking: Object.fromEntries(lacking) };
}

function concerns(resource: unknown, database: string, collection: string): boolean {
  if (!isFields(resource)) return false;
  if (resource.anyResource === true) return true;
  const isDatabase = resource.db === '' || resource.db === database;
  return isDatabase && (resource.collection === '' || resource.collection === collection);
}

function actionsOf({ actions }: Fields): unknown[] {
  return Array.isArray(actions) ? actions : [];
}

async function indexFacts(commands: Commands, collection: string): Promise<IndexFact[]> {
  const listed = await listedIn(commands, collection);
  return indexes
    .filter((index) => index.collection === collection)
    .map((index) => {
      const { name, use } = index;
      const command = createCommand(index);
      if (typeof listed === 'string') return { collection, name, use, command, state: listed };
      const verdict = judge(index, listed);
      if (verdict.type !== 'wrong') return { collection, name, use, command, state: verdict.type };
      return { collection, name, use, command: `${dropCommand(index, verdict.found)}; ${command}`, state: 'wrong' };
    });
}

async function listedIn(commands: Commands, collection: string): Promise<Fields[] | 'unused' | 'unseen'> {
  try {
    const { cursor } = await commands.send('examine', { listIndexes: collection, cursor: {} });
    const batch: unknown = isFields(cursor) ? cursor.firstBatch : undefined;
    return Array.isArray(batch) ? batch.filter(isFields) : 'unseen';
  } catch (error) {
    if (serverCode(error) === NAMESPACE_NOT_FOUND) return 'unused';
    if (error instanceof StoreError && error.code === 'ERR_STORE') return 'unseen';
    throw error;
  }
}
