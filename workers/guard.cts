/** The entry of a guard, which is a process. CommonJS, with one exception, for the reasons that `coordinator.cts` gives. */
type Guard = typeof import('../src/guard/serve.js', { with: { 'resolution-mode': 'import' }});

if (process.versions.pnp === undefined) start(require('../src/guard/serve.js'));
else void import('../src/guard/serve.js').then(start);

function start(guard: Guard): void {
  guard.startGuardProcess();
}
