/** The work: it runs in a thread of its own, on the master alone. */
import { setTimeout } from 'node:timers/promises';
import type { TaskContext } from 'mongo-failover';
import { type Bill, log } from './billing.js';

export default async function work({ id, ms }: Bill, { term, signal }: TaskContext): Promise<boolean> {
  log(`begin ${id}, term ${term}`);
  await setTimeout(ms, undefined, { signal });
  return true;
}
