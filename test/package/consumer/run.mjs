/** Elects itself in an embedded store, does one task in a task thread, and ends: `node run.mjs FOLDER`. */
import { once } from 'node:events';
import { failover } from 'mongo-failover';

const intervals = { INIT: 0, MASTER: 100, SLAVE: 150, TICKING: 100 };
const { managed: Managed, close } = failover({ nodb: { path: process.argv[2] }, intervals });
const cluster = new Managed('package', 'id', new URL('./work.mjs', import.meta.url));
const master = once(cluster, 'master');
const done = once(cluster, 'done');
await cluster.run();
await master;
await cluster.submitWork({ id: 1 });
const [id] = await done;
await cluster.stop();
await close();
console.log(`done ${id}`);
