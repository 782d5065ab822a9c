/** Runs real jobs of node-cron for five runs, and prints what became of them: `node nodeCronJobs.mjs STORE`. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { failover } from 'mongo-failover';
import { runCoordinator } from 'mongo-failover/node-cron';
import cron from 'node-cron';

const [store] = process.argv.slice(2);
// The one master stays it, however busy the disk is.
const intervals = { INIT: 0, MASTER: 500, SLAVE: 20_000, TICKING: 10_000, POLL: 50 };
const service = failover({ nodb: { path: store }, intervals });
const cluster = new service.unmanaged('cron');
const standby = new service.unmanaged('cron');
await cluster.run();
while (!cluster.isMaster) await once(cluster, 'statechange');
await standby.run();

const runs = [];
const skipped = [];
/** Each instance of a program has such a job, under the one name. */
function instance(name, member) {
  const options = { name, distributed: true, runCoordinator: runCoordinator(member) };
  const job = cron.schedule('* * * * * *', ({ date }) => runs.push(`${name} ${date.toISOString()}`), options);
  job.on('execution:skipped', ({ date, reason }) => skipped.push(`${name} ${date.toISOString()} ${reason}`));
  return job;
}
// Of the first two both take themselves for the master.
const jobs = [
  instance('clean', cluster),
  instance('clean', cluster),
  instance('clean', standby),
  instance('mail', cluster),
];

// In a process of its own, which asks by way of this one.
const file = join(store, 'background.mjs');
writeFileSync(file, 'export const task = ({ date }) => date.toISOString();');
const { runCoordinator: required } = createRequire(import.meta.url)('mongo-failover/node-cron');
const background = cron.schedule('* * * * * *', file, {
  name: 'background',
  distributed: true,
  runCoordinator: required(cluster),
});
const finished = new Promise((resolve) =>
  background.on('execution:finished', ({ execution }) => resolve(execution?.result)),
);

const result = await finished;
/** The last run may still wait for the answers to the two other instances. */
function areAnswered() {
  const clean = runs.filter((run) => run.startsWith('clean ')).slice(0, -1);
  return clean.every((run) => skipped.filter((each) => each.startsWith(run)).length === 2);
}
while (runs.length < 10 || !areAnswered()) await new Promise((resolve) => setTimeout(resolve, 50));
for (const job of jobs) job.stop();
// Its process ends by itself if the machine is too busy to hear of that within the 5 s of node-cron.
await background.destroy().catch(() => {});
const [ran, passed] = [[...runs], [...skipped]];
await service.close();
// After the mastership nothing asks the store, and nothing runs.
const after = await runCoordinator(cluster).shouldRun('clean:2100-01-01T00:00:00.000Z', 1000);

console.log(JSON.stringify({ runs: ran, skipped: passed, background: typeof result, after }));
process.exit();
