/** Entry: the child of `etcdctl lock`. Nothing tells it that the lock is lost. */
import { doTasks } from './folderQueue.js';
import { obeySignals } from './orders.js';

obeySignals();
await doTasks(process.argv[2] ?? '', () => true);
