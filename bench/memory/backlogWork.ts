/** Work that never ends by itself, so the whole backlog stays: it ends when the member stops. */
import { once } from 'node:events';
import type { TaskContext } from 'mongo-failover';

export default async function work(_task: object, { signal }: TaskContext): Promise<boolean> {
  if (!signal.aborted) await once(signal, 'abort');
  return false;
}
