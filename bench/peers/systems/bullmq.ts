/** BullMQ, with its processor on the main thread or in a worker thread. */
import processor from '../bullmqProcessor.js';
import { library } from '../library.js';
import type { Submitter, System } from '../system.js';

interface Connected {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}
interface BullmqQueue extends Connected {
  setGlobalConcurrency(most: number): Promise<unknown>;
  add(name: string, data: unknown, options: { jobId: string }): Promise<unknown>;
  getJobState(id: string): Promise<string>;
}
interface BullmqWorker extends Connected {
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'lockRenewalFailed', listener: (ids: string[]) => void): void;
  cancelJob(id: string, reason?: string): boolean;
}
interface Bullmq {
  Queue: new (name: string, options: object) => BullmqQueue;
  Worker: new (
    name: string,
    processor: typeof import('../bullmqProcessor.js').default | URL,
    options: object,
  ) => BullmqWorker;
}

const LOCK = 5000;
const settings =
  '`lockDuration` and `stalledInterval` 5000 (defaults 30 s), concurrency 1, `setGlobalConcurrency(1)`; `lockRenewalFailed` calls `cancelJob`, and the processor looks at its signal';

function connectionTo(address: string): object {
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
}

function bullmq(label: string, hasThreads: boolean): System {
  return {
    label,
    settings: hasThreads ? `${settings}; a processor file with \`useWorkerThreads\`` : settings,
    server: 'redis',
    packages: ['bullmq', 'ioredis'],
    lock: LOCK,
    isQueue: true,
    async work({ name, address }) {
      const { Worker } = await library<Bullmq>('bullmq');
      const run = hasThreads ? new URL('../bullmqProcessor.js', import.meta.url) : processor;
      const worker = new Worker(name, run, {
        connection: connectionTo(address),
        lockDuration: LOCK,
        stalledInterval: LOCK,
        concurrency: 1,
        useWorkerThreads: hasThreads,
      });
      worker.on('error', (error) => console.error(`bullmq: ${error.message}`));
      worker.on('lockRenewalFailed', (ids) => {
        for (const id of ids) worker.cancelJob(id, 'the lock was not renewed');
      });
      await worker.waitUntilReady();
    },
    async open({ name, address }): Promise<Submitter> {
      const { Queue } = await library<Bullmq>('bullmq');
      const queue = new Queue(name, { connection: connectionTo(address) });
      await queue.waitUntilReady();
      await queue.setGlobalConcurrency(1);
      return {
        submit: async (task) => void (await queue.add('work', task, { jobId: `task-${task.id}` })),
        verdict: (id) => queue.getJobState(`task-${id}`),
        close: () => queue.close(),
      };
    },
  };
}

export const bullmqMain = bullmq('BullMQ, main thread', false);
export const bullmqThreads = bullmq('BullMQ, worker threads', true);
