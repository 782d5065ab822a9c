/** graphile-worker, with one named queue. */
import { job, type PeerTask } from '../job.js';
import { library } from '../library.js';
import type { Submitter, System } from '../system.js';

interface Utils {
  migrate(): Promise<void>;
  addJob(name: string, payload: PeerTask, options: { queueName: string }): Promise<unknown>;
  release(): Promise<void>;
}
interface GraphileWorker {
  run(options: object): Promise<unknown>;
  makeWorkerUtils(options: { connectionString: string }): Promise<Utils>;
}

export const graphileWorker: System = {
  label: 'graphile-worker',
  settings: 'defaults, concurrency 1, one named queue; its lock lasts 4 hours and cannot be set',
  server: 'postgres',
  packages: ['graphile-worker', 'pg'],
  // It suffers faults of the same lengths as the others.
  lock: 5000,
  isQueue: true,
  node: [22, 18],
  async work({ name, address }) {
    const { run } = await library<GraphileWorker>('graphile-worker');
    await run({
      connectionString: address,
      concurrency: 1,
      noHandleSignals: true,
      taskList: { [name]: (task: PeerTask) => job(task) },
    });
  },
  async open({ name, address }): Promise<Submitter> {
    const { makeWorkerUtils } = await library<GraphileWorker>('graphile-worker');
    const utils = await makeWorkerUtils({ connectionString: address });
    await utils.migrate();
    return {
      submit: async (task) => void (await utils.addJob(name, task, { queueName: name })),
      close: () => utils.release(),
    };
  },
};
