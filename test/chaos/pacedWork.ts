/** The work of the cluster with a least time between two tasks: it writes to a ledger of its own when a task starts and ends. */
import type { TaskContext } from 'mongo-failover';
import { LineFile } from './lineFile.ts';
import type { Task } from './task.ts';

/** One task in so many fails at its first attempt. */
const FAILS = 5;

const { CHAOS_LEDGER, CHAOS_MEMBER } = process.env;
const ledger = new LineFile(CHAOS_LEDGER === undefined ? '/dev/null' : `${CHAOS_LEDGER}-paced`);

export default (task: Task, context: TaskContext): boolean => {
  write('start', context);
  const number = Number(task.id.slice(task.id.indexOf(':') + 1));
  const fails = context.attempt === 1 && number % FAILS === 0;
  write(fails ? 'fail' : 'end', context);
  return !fails;
};

function write(what: string, context: TaskContext): void {
  const { id, term, attempt } = context;
  const at = process.hrtime.bigint();
  const left = context.leaseRemaining();
  ledger.write({ what, id, member: CHAOS_MEMBER, pid: process.pid, term, attempt, at, left });
}
