/**
 * The entry of the coordinator thread. It is CommonJS because `require` reads files synchronously. An ESM entry would
 * wait for libuv's thread pool, which other work of the process may fill. So no module below may have a top-level await.
 * Plug'n'Play of Yarn is the exception: there packages are found by `import()` only, once an ES module asks for them.
 */
type Thread = typeof import('../src/coordinator/serve.js', { with: { 'resolution-mode': 'import' }});

if (process.versions.pnp === undefined) start(require('../src/coordinator/serve.js'));
else void import('../src/coordinator/serve.js').then(start);

function start(thread: Thread): void {
  thread.startCoordinatorThread();
}
