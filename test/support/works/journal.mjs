/** Writes its begin and its end to `task.file`, and computes for `task.ms` in between. See test/support/journal.ts. */
import { appendFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

export default (task, context) => {
  writeLine('begin', task, context);
  const until = performance.now() + (task.ms ?? 0);
  while (performance.now() < until);
  writeLine('end', task, context);
  return true;
};

export function writeLine(what, { file }, context) {
  const { id, term, attempt } = context;
  const at = String(process.hrtime.bigint());
  const line = { what, id, pid: process.pid, thread: threadId, term, attempt, at, left: context.leaseRemaining() };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}
