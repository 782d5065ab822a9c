/** The entry of the embedded store's thread. CommonJS: it is loaded synchronously, without the thread pool of libuv. */
import thread = require('../src/store/embedded/thread.js');

thread.startStoreThread();
