/** The entry of the embedded store's thread. CommonJS, for the reason that `coordinator.cts` gives. */
import thread = require('../src/store/embedded/thread.js');

thread.startStoreThread();
