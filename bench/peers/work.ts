/** The work module of mongo-failover. */
import type { TaskContext } from '../../src/index.js';
import { job, type PeerTask } from './job.js';

export default async function work(task: PeerTask, { signal }: TaskContext): Promise<boolean> {
  await job(task, { isStopped: () => signal.aborted });
  return true;
}
