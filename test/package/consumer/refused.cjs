/** As `run.mjs`, where `require` loads no ES module, as that of a test runner: `node refused.cjs FOLDER`. */
const { once } = require('node:events');
const Module = require('node:module');
const { join } = require('node:path');

const ours = join('mongo-failover', 'dist', 'src', 'index.js');
const load = Module._extensions['.js'];
Module._extensions['.js'] = (module, filename) => {
  if (filename.endsWith(ours)) throw new SyntaxError('no ES modules here');
  load(module, filename);
};

async function main() {
  const { failover } = require('mongo-failover');
  const intervals = { INIT: 0, MASTER: 100, SLAVE: 150, TICKING: 100 };
  const { managed: Managed, close } = failover({ nodb: { path: process.argv[2] }, intervals });
  const cluster = new Managed('package', 'id', require.resolve('./work.mjs'));
  const done = once(cluster, 'done');
  await cluster.run();
  await cluster.submitWork({ id: 1 });
  const [id] = await done;
  await close();
  if (!Object.keys(require.cache).some((file) => file.endsWith(join('commonjs', 'index.js'))))
    throw new Error('not that build');
  console.log(`done ${id}`);
}

main();
