/** The entry of a task thread: what Piscina calls for each message. CommonJS, for the reason that `coordinator.cts` gives. */
import worker_threads = require('node:worker_threads');
import taskThread = require('../src/tasks/taskThread.js');

export = taskThread.startTaskThread(worker_threads.workerData);
