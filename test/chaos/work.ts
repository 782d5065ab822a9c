/**
 * The work of the members: it writes to the ledger when a task starts, while it runs, and when it ends. A run whose
 * thread was ended has no last line; its marks say how far it is known to have come.
 *
 * What the lease says is asked after the time, so `at` + `left` never promises more than the lease does.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskContext } from 'mongo-failover';
import { LineFile } from './lineFile.ts';
import type { Task } from './task.ts';

/** Between two marks of one run, in ms. */
const MARK = 10;

const { CHAOS_LEDGER, CHAOS_MEMBER, CHAOS_BROKEN = '' } = process.env;
// The fault `broken-deploy`.
if (existsSync(CHAOS_BROKEN)) throw new Error('this deployment is broken');
const ledger = new LineFile(CHAOS_LEDGER ?? '/dev/null');

export default async (task: Task, context: TaskContext): Promise<boolean> => {
  write('start', context);
  await (task.sleeps ? rest(task.ms, context) : compute(task.ms, context));
  const fails = task.fails && context.attempt === 1;
  write(fails ? 'fail' : 'end', context);
  return !fails;
};

async function rest(ms: number, context: TaskContext): Promise<void> {
  for (let left = ms; left > 0; left -= MARK) {
    await sleep(Math.min(left, MARK));
    write('mark', context);
  }
}

function compute(ms: number, context: TaskContext): void {
  const until = performance.now() + ms;
  for (let next = performance.now() + MARK; performance.now() < until; ) {
    if (performance.now() < next) continue;
    write('mark', context);
    next += MARK;
  }
}

function write(what: string, context: TaskContext): void {
  const { id, term, attempt } = context;
  const at = process.hrtime.bigint();
  const left = context.leaseRemaining();
  ledger.write({ what, id, member: CHAOS_MEMBER, pid: process.pid, term, attempt, at, left });
}
