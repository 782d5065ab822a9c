/** The work of the members: notes its start, takes a moment, and notes its end. */
import type { TaskContext } from 'mongo-failover';
import { TaskLogWriter } from './taskLog.js';

/** How long a task takes, in ms: long enough for an overlap to show. */
const TASK = 2;

const log = new TaskLogWriter(process.env.BENCH_TASK_LOG ?? '');
const cell = new Int32Array(new SharedArrayBuffer(4));

export default function work({ id }: { id: number }, { term }: TaskContext): boolean {
  log.started(term, id);
  Atomics.wait(cell, 0, 0, TASK);
  log.ended(term, id);
  return true;
}
