/**
 * The entry of the coordinator thread. It is CommonJS because `require` reads files synchronously. An ESM entry would
 * wait for libuv's thread pool, which other work of the process may fill. So no module below may have a top-level await.
 */
import thread = require('../src/coordinator/thread.js');

thread.startCoordinatorThread();
