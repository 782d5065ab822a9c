/**
 * Entry, one member: it runs in the election, submits tasks of its own, and writes its history, all of it by one
 * synchronous write for each line, which SIGKILL takes nothing from.
 *
 *   state FROM TO    lease (every 25 ms while it holds one, and once after)    error, panic CODE    done ID    deadletter ID
 *   stored, again ID (load/submitter.ts), and what load/asker.ts and load/extras.ts say    stopping, stopped    ending (by an exit or an exception, which follows)
 *
 * Lines about the lease have two times, `at` before it was asked and `seen` after, so a thread that was held up in
 * between claims nothing that was not.
 */
import { join } from 'node:path';
import { failover } from 'mongo-failover';
import { settingsOf, tell, tellAndEnd } from '../../bench/support/entry.ts';
import { randomFrom } from '../support/random.ts';
import { fillPool } from './fillPool.ts';
import { LineFile } from './lineFile.ts';
import { Asker } from './load/asker.ts';
import { Extras } from './load/extras.ts';
import { PACED, pacedOptions, pacedWork } from './load/paced.ts';
import { Submitter } from './load/submitter.ts';
import { Declarer } from './load/timetable.ts';
import { TrueTime } from './load/trueTime.ts';
import type { MemberMessage, MemberSettings, Order } from './messages.ts';
import type { Task } from './task.ts';

/** Between two looks at the lease, in ms. */
const LOOK = 25;
/** Between two looks at the timetable, in ms. */
const DECLARE = 100;
const EXIT_CODE = 7;

const settings = settingsOf<MemberSettings>();
const { member, options, managed, history: file, seed, load, extras: extrasEvery, folder } = settings;
const history = new LineFile(file);
const { managed: Managed } = failover(options);
const cluster = new Managed<Task>('chaos', 'id', new URL('./work.js', import.meta.url), { ...managed, durable: true });
const clusters = [cluster];
if (settings.isPaced) clusters.push(new Managed<Task>(PACED, 'id', pacedWork, pacedOptions));

function lease(): { at: bigint; left: number; term: number | null; seen: bigint } {
  const at = process.hrtime.bigint();
  // The term first: it is null when nothing is left, and what is left then is not asked for another one.
  const { term } = cluster;
  const left = cluster.leaseRemaining();
  const sameTerm = cluster.term === term && term !== null;
  return { at, left: sameTerm ? left : 0, term: sameTerm ? term : null, seen: process.hrtime.bigint() };
}

cluster.on('statechange', (from, to) => {
  history.write({ what: 'state', from, to, ...lease() });
  void tell<MemberMessage>({ type: 'state', to });
});
for (const each of clusters) {
  for (const what of ['error', 'panic'] as const)
    each.on(what, ({ code, message }) => history.write({ what, at: process.hrtime.bigint(), code, message }));
  each.on('deadletter', (id) => history.write({ what: 'deadletter', at: process.hrtime.bigint(), id }));
}
cluster.on('done', (id) => history.write({ what: 'done', at: process.hrtime.bigint(), id }));

let held = false;
setInterval(() => {
  const seen = lease();
  if (seen.left > 0 || held) history.write({ what: 'lease', ...seen });
  held = seen.left > 0;
}, LOOK);

const asker = new Asker(cluster, history);
const random = randomFrom(seed);
const submitter = new Submitter(member, cluster, history, random, asker, settings.waits);
const time = TrueTime.of(settings.wallOffset);
const extras = new Extras({ name: member, cluster, history, asker, time, random });
const declarer = new Declarer(folder, cluster, settings.schedules);

async function quiet(): Promise<void> {
  await Promise.all([submitter.end(), extras.end()]);
  await asker.end();
  await tell<MemberMessage>({ type: 'quiet' });
}

async function stop(): Promise<void> {
  history.write({ what: 'stopping', at: process.hrtime.bigint() });
  await Promise.all(clusters.map((each) => each.stop()));
  history.write({ what: 'stopped', at: process.hrtime.bigint() });
  await tellAndEnd<MemberMessage>({ type: 'stopped' });
  process.exit();
}

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** Ends this process without a stop. Its leases are released after this line, so another member may hold them from then on. */
function end(how: 'exit' | 'throw'): void {
  history.write({ what: 'ending', at: process.hrtime.bigint() });
  if (how === 'exit') process.exit(EXIT_CODE);
  throw new Error('thrown on purpose');
}

let fills = 0;

process.on('message', (order: Order) => {
  if (order.type === 'block') block(order.ms);
  else if (order.type === 'fillPool') fillPool(join(folder, `fifo-${member}-${++fills}`), order.ms);
  else if (order.type === 'exit' || order.type === 'throw') end(order.type);
  else if (order.type === 'quiet') void quiet();
  else void stop();
});

declarer.look();
setInterval(() => declarer.look(), DECLARE);
await Promise.all(clusters.map((each) => each.run()));
submitter.start(load.size, load.every);
extras.start(extrasEvery);
