/** What must be there before the store counts as open: a server that serves, and the indexes that calls stand on. */
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../../errors.js';
import { type Fields, isFields } from '../documents.js';
import { LEASES } from './commands.js';
import type { Run } from './connection.js';
import { DEAD_LETTERS, TASKS } from './taskReads.js';

export const MEMBERS = 'failover_members';
/** How long the line of a member that nobody removed is kept, in seconds. */
const MEMBERS_KEPT = 60 * 60;
/** An index on the same fields is there, under another name or with other options. */
const INDEX_EXISTS = [85, 86];

/** Before an index is made again, in ms, for the first time. */
const PAUSE = 50;
const MOST_ATTEMPTS = 5;

/** As all that is written: else an index could be gone with its primary, and members go on without it. */
const byMajority = { writeConcern: { w: 'majority' } };
const uniqueKey = { name: 1, key: 1 };

/** Finds out whether the server serves, and makes the indexes while several connections warm up. */
export async function prepare(run: Run): Promise<void> {
  await Promise.all([
    run('open', { ping: 1 }),
    makeIndex(run, LEASES, { key: { name: 1, term: -1 }, name: 'name_term' }),
    // One collection's indexes one after another: some servers lock it for each.
    makeIndex(run, TASKS, { key: { name: 1, seq: 1 }, name: 'name_seq' }).then(() => makeUnique(run)),
    makeIndex(run, DEAD_LETTERS, { key: { name: 1, key: 1 }, name: 'name_key' }),
    // Not every server can, and nothing depends on it; there, old lines go when somebody opens the store.
    run('open', {
      createIndexes: MEMBERS,
      indexes: [{ key: { at: 1 }, name: 'at', expireAfterSeconds: MEMBERS_KEPT }],
    })
      .catch(() => {
        const before = new Date(Date.now() - MEMBERS_KEPT * 1000);
        return run('open', { delete: MEMBERS, deletes: [{ q: { at: { $lt: before } }, limit: 0 }] });
      })
      .catch(() => {}),
  ]);
}

/** An index that only makes things fast: another one on the same fields is as good as ours. */
async function makeIndex(run: Run, collection: string, index: Fields): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await run('open', { createIndexes: collection, indexes: [index], ...byMajority });
      return;
    } catch (error) {
      if (isIndexThere(error)) return;
      // Members that start together may make the same indexes, and on some servers one of them then has to give way.
      if (!isDeadlock(error) || attempt === MOST_ATTEMPTS) throw error;
      await setTimeout(attempt * PAUSE);
    }
  }
}

/** That an id is queued once stands on this one, and not every server says so when another is in its place. */
async function makeUnique(run: Run): Promise<void> {
  await makeIndex(run, TASKS, { key: uniqueKey, name: 'name_key', unique: true });
  const { cursor } = await run('open', { listIndexes: TASKS, cursor: {} });
  const batch = isFields(cursor) ? cursor.firstBatch : undefined;
  const indexes: unknown[] = Array.isArray(batch) ? batch : [];
  const wanted = JSON.stringify(uniqueKey);
  const isUnique = (index: unknown) => isFields(index) && index.unique === true && JSON.stringify(index.key) === wanted;
  if (indexes.some(isUnique)) return;
  throw new StoreError('ERR_STORE', `the collection ${TASKS} has an index on ${wanted} that is not unique`);
}

function isDeadlock(error: unknown): boolean {
  return error instanceof StoreError && error.message.includes('deadlock');
}

function isIndexThere(error: unknown): boolean {
  const cause = error instanceof StoreError ? error.cause : undefined;
  if (!(cause instanceof Error) || !('code' in cause)) return false;
  return typeof cause.code === 'number' && INDEX_EXISTS.includes(cause.code);
}
