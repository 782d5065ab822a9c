/** The entry of a task thread: what Piscina calls for each message. */
import { workerData } from 'node:worker_threads';
import { startTaskThread } from '../src/tasks/taskThread.js';

export default startTaskThread(workerData);
