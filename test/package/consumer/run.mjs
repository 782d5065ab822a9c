/** Elects itself in an embedded store, does one task in a task thread, and ends: `node run.mjs FOLDER`. */
import { failover } from 'mongo-failover';

const intervals = { INIT: 0, MASTER: 500, SLAVE: 1000, TICKING: 1000 };
const { managed: Managed, close } = failover({ nodb: { path: process.argv[2] }, intervals });
const cluster = new Managed('package', 'id', new URL('./work.mjs', import.meta.url));
// `once` of `node:events` would reject at an `error`, which a busy machine can cause.
const master = new Promise((resolve) => cluster.once('master', resolve));
const done = new Promise((resolve) => cluster.once('done', resolve));
cluster.on('error', (error) => console.error(error.message));
await cluster.run();
await master;
await cluster.submitWork({ id: 1 });
const id = await done;
await cluster.stop();
await close();
console.log(`done ${id}`);
