/**
 * A program and a work module in CommonJS. `require` gives the same instance as `import` does.
 *
 *     npm run sample:commonjs                    ends by itself
 */
const { join } = require('node:path');
const { failover } = require('mongo-failover');

const { managed: Managed, close } = failover({ nodb: true });
const cluster = new Managed('sample-commonjs', 'id', join(__dirname, 'commonjsWork.cjs'));

cluster.on('statechange', (from, to) => console.log(`${from} -> ${to}`));
cluster.on('error', (error) => console.error(error.message));
// An id that is done stays done, also for the next start of this program: so each has ids of its own.
const ids = [1, 2, 3].map((number) => `${Date.now()}/${number}`);
cluster.on('done', (id) => {
  console.log(`done ${id}`);
  if (id === ids.at(-1)) void close();
});

async function main() {
  await cluster.run();
  for (const id of ids) await cluster.submitWork({ id });
}
void main();
