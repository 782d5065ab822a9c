/** As `run.mjs`, where `require` loads no ES module, as that of a test runner: `node refused.cjs FOLDER`. */
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
  const intervals = { INIT: 0, MASTER: 500, SLAVE: 1000, TICKING: 1000 };
  const { managed: Managed, close } = failover({ nodb: { path: process.argv[2] }, intervals });
  const cluster = new Managed('package', 'id', require.resolve('./work.mjs'));
  // `once` of `node:events` would reject at an `error`, which a busy machine can cause.
  const done = new Promise((resolve) => cluster.once('done', resolve));
  cluster.on('error', (error) => console.error(error.message));
  await cluster.run();
  await cluster.submitWork({ id: 1 });
  const id = await done;
  await close();
  if (!Object.keys(require.cache).some((file) => file.endsWith(join('commonjs', 'index.js'))))
    throw new Error('not that build');
  console.log(`done ${id}`);
}

main();
