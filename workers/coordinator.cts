/**
 * The entry of the coordinator thread. It is CommonJS because `require` reads files synchronously. An ESM entry would
 * wait for libuv's thread pool, which other work of the process may fill. So no module below may have a top-level await.
 * Plug'n'Play of Yarn is the exception: there packages are found by `import()` only, once an ES module asks for them.
 */
import worker = require('node:worker_threads');

type Thread = typeof import('../src/coordinator/serve.js', { with: { 'resolution-mode': 'import' }});
type Data = import('../src/wire/messages.js', { with: { 'resolution-mode': 'import' }}).CoordinatorData;
type Maker = Pick<
  typeof import('../src/store/mongodb/makeStore.js', { with: { 'resolution-mode': 'import' }}),
  'makeStore'
>;

const { options }: Data = worker.workerData;
const isEmbedded = options.store.kind === 'embedded';

if (process.versions.pnp === undefined) {
  const maker = isEmbedded
    ? require('../src/store/embedded/makeStore.js')
    : require('../src/store/mongodb/makeStore.js');
  start(require('../src/coordinator/serve.js'), maker);
} else {
  const maker = isEmbedded ? import('../src/store/embedded/makeStore.js') : import('../src/store/mongodb/makeStore.js');
  void Promise.all([import('../src/coordinator/serve.js'), maker]).then(([thread, made]) => start(thread, made));
}

function start(thread: Thread, { makeStore }: Maker): void {
  thread.startCoordinatorThread(makeStore);
}
