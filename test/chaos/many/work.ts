/** The work of the managed subsystems: a line when a task starts, and one when it ends. */
import type { TaskContext } from 'mongo-failover';
import { LineFile } from '../lineFile.ts';
import type { Task } from './settings.ts';

const { CHAOS_LEDGER = '/dev/null', CHAOS_MEMBER = '' } = process.env;
const ledger = new LineFile(CHAOS_LEDGER);

export default ({ id, name, ms }: Task, { term }: TaskContext): boolean => {
  const write = (what: string): void => {
    ledger.write({ what, name, id, member: CHAOS_MEMBER, term, at: process.hrtime.bigint() });
  };
  write('start');
  for (const until = performance.now() + ms; performance.now() < until; );
  write('end');
  return true;
};
