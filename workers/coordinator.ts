/** The entry of the coordinator thread. */
import { startCoordinatorThread } from '../src/coordinator/thread.js';

startCoordinatorThread();
