/** The work of the master: notes when it starts. */
import type { TaskContext } from 'mongo-failover';
import { TaskLogWriter } from '../failover/taskLog.js';

const log = new TaskLogWriter(process.env.BENCH_TASK_LOG ?? '');

export default function work({ id }: { id: number }, { term }: TaskContext): boolean {
  log.started(term, id);
  return true;
}
