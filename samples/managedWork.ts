/**
 * The work of the managed sample. It runs in a thread of its own, in the master alone, so it may compute as long as it
 * likes: the heartbeats go on. True means done; false, or an error, has the task tried again.
 */
import { pbkdf2Sync } from 'node:crypto';
import createDebug from 'debug';
import type { TaskContext } from 'mongo-failover';

const log = createDebug('failover:client');

export default function work({ id }: { id: number }, context: TaskContext): boolean {
  log('working on %d, in term %d', id, context.term);
  const key = pbkdf2Sync(String(id), 'sample', 200_000, 32, 'sha256');
  if (context.signal.aborted) return false;
  log('%d gives %s', id, key.toString('hex', 0, 4));
  return true;
}
