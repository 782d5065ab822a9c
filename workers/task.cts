/**
 * The entry of a task thread: what Piscina calls for each message, or a promise of that. CommonJS, with one exception,
 * for the reasons that `coordinator.cts` gives.
 */
import worker_threads = require('node:worker_threads');

type Thread = typeof import('../src/execution/taskThread.js', { with: { 'resolution-mode': 'import' }});

export = process.versions.pnp === undefined
  ? start(require('../src/execution/taskThread.js'))
  : import('../src/execution/taskThread.js').then(start);

function start({ startTaskThread }: Thread) {
  return startTaskThread(worker_threads.workerData);
}
