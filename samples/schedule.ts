/**
 * A schedule: a cron pattern that queues a task for each of its slots, on exactly one instance. Start this in two terminals, and
 * end the master's with Ctrl-C: the other one goes on, and no slot gets two tasks.
 *
 *     npm run sample:schedule                    ends by itself after three slots
 *     node dist/samples/schedule.js mongodb://localhost:27017/test
 */
import { failover, type TaskContext } from 'mongo-failover';
import { chooseStore, log, logEvents } from './setup.js';

const SLOTS = 3;

// Short, so the first start in a new store takes a second and a half.
const intervals = { MASTER: 200, SLAVE: 1000, TICKING: 500, POLL: 50 };
const service = failover({ ...chooseStore(), intervals });
const cluster = new service.managed<{ id: string; region: string }>('sample-schedule', 'id', report, { durable: true });
logEvents(cluster);

function report({ region }: { region: string }, { schedule }: TaskContext): boolean {
  if (schedule !== undefined) log('%s for %s, %d ms late', region, schedule.slot.toISOString(), schedule.late);
  return true;
}

const done = new Promise<void>((resolve) => {
  let count = 0;
  cluster.on('done', () => {
    count += 1;
    if (count === SLOTS) resolve();
  });
});

log('the next slots: %o', cluster.preview('* * * * * *', { count: SLOTS }));
// Each program says so at each start. The master queues a task every second.
await cluster.schedule('report', '* * * * * *', { region: 'eu' });
await cluster.run();
await done;
for (const { id, last, missedCount } of await cluster.schedules()) {
  log('%s: the last slot with a task was %s, %d times some were missed', id, last?.toISOString(), missedCount);
}
await service.close();
