/**
 * One member process of the demo. It is an ordinary user of the package: it makes a managed cluster, feeds it, and
 * tells its parent what happens. It ends with its parent.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { ManagedCluster } from '../../../index.js';
import { failover } from '../../../index.js';
import { monotonicNow } from '../clock.js';
import type { FileTask } from '../files/tasks.js';
import { intervals } from '../intervals.js';
import { TimerLateness } from '../lateness.js';
import { type FromMember, isMessage, type ToMember } from './messages.js';

/** Between two reports of its state, in ms. */
const REPORT_PERIOD_MS = 500;

type Start = Extract<ToMember, { type: 'start' }>;
type Task = { path: string };

const lateness = new TimerLateness();
let sawAt: number | null = null;
let cluster: ManagedCluster<Task> | undefined;

function tell(message: FromMember): void {
  if (process.connected) process.send?.(message);
}

async function start({ name, store, tasks, work }: Start): Promise<void> {
  const where = 'path' in store ? { nodb: { path: store.path } } : { mongodb: { connectString: store.mongodb } };
  const { managed: Managed } = failover({ ...where, intervals });
  const made = new Managed<Task>(name, 'path', new URL(work));
  cluster = made;
  made.on('statechange', (from, to) =>
    tell({ type: 'state', from, to, at: monotonicNow(), term: made.term, late: lateness.most, sawAt }),
  );
  made.on('synchronize', () => {
    sawAt = monotonicNow();
  });
  made.on('info', (text) => tell({ type: 'note', level: 'info', text }));
  made.on('error', ({ message }) => tell({ type: 'note', level: 'error', text: message }));
  made.on('panic', ({ message }) => tell({ type: 'note', level: 'panic', text: message }));
  made.on('failed', (id, { message }) => tell({ type: 'note', level: 'error', text: `${id}: ${message}` }));
  const list: readonly FileTask[] = JSON.parse(readFileSync(tasks, 'utf8'));
  await Promise.all(list.map(({ path }) => made.submitWork({ path })));
  tell({ type: 'fed', tasks: list.length });
  await made.run();
  setInterval(() => void report(made), REPORT_PERIOD_MS).unref();
}

async function report(cluster: ManagedCluster<Task>): Promise<void> {
  // It fails while the cluster is stopping; then there is nothing to report.
  const status = await cluster.status().catch(() => undefined);
  if (status !== undefined) tell({ type: 'status', term: status.term, heartbeat: status.heartbeat });
}

/** What CPU-heavy code on the main thread does to a process: no timer, no message, no event for so long. */
async function block(cluster: ManagedCluster<Task>, ms: number): Promise<void> {
  const { heartbeat: before } = await cluster.status();
  const from = monotonicNow();
  while (monotonicNow() < from + ms);
  const to = monotonicNow();
  const { heartbeat: after } = await cluster.status();
  tell({ type: 'blocked', from, to, before, after });
}

async function stop(): Promise<void> {
  await cluster?.stop();
  process.exit(0);
}

async function obey(message: ToMember): Promise<void> {
  switch (message.type) {
    case 'start':
      return start(message);
    case 'block':
      assert.ok(cluster !== undefined, 'a member is started before it is blocked');
      return block(cluster, message.ms);
    case 'stop':
      return stop();
  }
}

process.on('message', (message: unknown) => {
  if (!isMessage<ToMember>(message)) return;
  obey(message).catch((error: Error) =>
    tell({ type: 'note', level: 'panic', text: `${message.type}: ${error.message}` }),
  );
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C in a terminal, and its end, reach every process of it; it is the parent that decides what follows.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
