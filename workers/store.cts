/** The entry of the embedded store's thread. CommonJS, with one exception, for the reasons that `coordinator.cts` gives. */
type Thread = typeof import('../src/store/embedded/thread.js', { with: { 'resolution-mode': 'import' }});

if (process.versions.pnp === undefined) start(require('../src/store/embedded/thread.js'));
else void import('../src/store/embedded/thread.js').then(start);

function start(thread: Thread): void {
  thread.startStoreThread();
}
