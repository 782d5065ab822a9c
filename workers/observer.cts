/** The entry of the observer thread. CommonJS, with one exception, for the reasons that `coordinator.cts` gives. */
type Thread = typeof import('../src/observe/serve.js', { with: { 'resolution-mode': 'import' }});

if (process.versions.pnp === undefined) start(require('../src/observe/serve.js'));
else void import('../src/observe/serve.js').then(start);

function start(thread: Thread): void {
  thread.startObserverThread(() => import('../src/page/observed.js'));
}
