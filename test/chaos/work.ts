/**
 * The work of the members: it writes to the ledger when a task starts, while it runs, and when it ends. A run whose
 * thread was ended has no last line; its marks say how far it is known to have come.
 *
 * What the lease says is asked after the time, so `at` + `left` never promises more than the lease does.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskContext, WorkResult } from 'mongo-failover';
import { LineFile } from './lineFile.ts';
import { monotonic } from './load/trueTime.ts';
import type { Answer, Step, Task } from './task.ts';

/** Between two marks of one run, in ms. */
const MARK = 10;
/** Between two checkpoints, in ms. */
const STEP = 15;

const { CHAOS_LEDGER, CHAOS_MEMBER, CHAOS_BROKEN = '', CHAOS_HEALTHY = '' } = process.env;
// The fault `broken-deploy`.
if (existsSync(CHAOS_BROKEN)) throw new Error('this deployment is broken');
const ledger = new LineFile(CHAOS_LEDGER ?? '/dev/null');
/** The tasks that have postponed themselves in this thread. */
const postponed = new Set<string>();

export default async (task: Task, context: TaskContext): Promise<WorkResult> => {
  write('start', context, { wall: Date.now(), version: task.version, ...slotOf(context) });
  if (task.postpones !== undefined && !postponed.has(task.id)) {
    postponed.add(task.id);
    write('postpone', context, { wait: task.postpones });
    return context.retryIn(task.postpones);
  }
  try {
    if (isIll(task)) throw forGood(task.ill?.of);
    if (task.steps !== undefined) await climb(task, context);
    else await (task.sleeps ? rest(task, context) : compute(task.ms, context));
  } catch (error) {
    write('fail', context, { permanent: isPermanent(error) });
    throw error;
  }
  const fails = task.fails && context.attempt === 1;
  write(fails ? 'fail' : 'end', context);
  if (fails) return false;
  const { term, attempt } = context;
  return task.answers ? { result: { member: CHAOS_MEMBER ?? '', term, attempt } satisfies Answer } : true;
};

/** Of a task that is for a slot, or that people asked for. */
function slotOf({ schedule }: TaskContext): object {
  if (schedule === undefined) return {};
  const { id, slot, backfilled } = schedule;
  return { schedule: id, slot: Number(slot), ...(backfilled ? { backfilled } : {}) };
}

/** All are healthy once the faults are over. */
function isIll({ ill }: Task): boolean {
  return ill !== undefined && monotonic() < ill.until && !existsSync(CHAOS_HEALTHY);
}

function forGood(of = ''): Error {
  return Object.assign(new Error(`ill of ${of}`), { permanent: true });
}

function isPermanent(error: unknown): true | undefined {
  return error instanceof Error && 'permanent' in error ? true : undefined;
}

async function rest({ ms, obeys }: Task, context: TaskContext): Promise<void> {
  for (let left = ms; left > 0; left -= MARK) {
    await sleep(Math.min(left, MARK));
    if (obeys) context.signal.throwIfAborted();
    write('mark', context);
  }
}

/** Goes on from the last checkpoint. One that fails does so half-way. */
async function climb({ steps = 0, fails }: Task, context: TaskContext): Promise<void> {
  const { term, attempt } = context;
  const last = context.lastCheckpoint as Step | null | undefined;
  write('saw', context, { step: last ?? null });
  for (let n = (last?.n ?? 0) + 1; n <= steps; n += 1) {
    if (fails && attempt === 1 && n > steps / 2) return;
    const step: Step = { n, term, attempt };
    write('put', context, { step });
    await context.checkpoint(step);
    write('kept', context, { step });
    await sleep(STEP);
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

function write(what: string, context: TaskContext, more: Record<string, unknown> = {}): void {
  const { id, term, attempt } = context;
  const at = process.hrtime.bigint();
  const left = context.leaseRemaining();
  ledger.write({ what, id, member: CHAOS_MEMBER, pid: process.pid, term, attempt, at, left, ...more });
}
