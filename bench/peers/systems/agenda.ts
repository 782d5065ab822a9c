/** Agenda on MongoDB's protocol. */
import { job, type PeerTask } from '../job.js';
import { library } from '../library.js';
import type { Submitter, System } from '../system.js';

interface AgendaJob {
  readonly attrs: { readonly data: PeerTask };
  touch(): Promise<void>;
}
interface AgendaQueue {
  readonly ready: Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): void;
  define(name: string, run: (job: AgendaJob) => Promise<void>): void;
  now(name: string, data: PeerTask): Promise<unknown>;
  start(): Promise<void>;
}
interface Libraries {
  readonly agenda: { Agenda: new (options: object) => AgendaQueue };
  readonly backend: { MongoBackend: new (options: object) => object };
  readonly mongodb: Pick<typeof import('mongodb'), 'MongoClient'>;
}

const LOCK = 5000;

async function connect(address: string) {
  const { Agenda } = await library<Libraries['agenda']>('agenda');
  const { MongoBackend } = await library<Libraries['backend']>('@agendajs/mongo-backend');
  const { MongoClient } = await library<Libraries['mongodb']>('mongodb');
  const client = await MongoClient.connect(address);
  const queue = new Agenda({
    backend: new MongoBackend({ mongo: client.db(), collection: 'jobs' }),
    defaultLockLifetime: LOCK,
    defaultConcurrency: 1,
    maxConcurrency: 1,
  });
  queue.on('error', (error) => console.error(`agenda: ${error.message}`));
  await queue.ready;
  return { queue, client };
}

export const agenda: System = {
  label: 'Agenda',
  settings:
    '`defaultLockLifetime` 5000 (default 10 min), `processEvery` 5 s (default), concurrency 1 in each process; an asynchronous job awaits `job.touch()` each second',
  server: 'mongodb',
  packages: ['agenda', '@agendajs/mongo-backend'],
  lock: LOCK,
  isQueue: true,
  async work({ address }) {
    const { queue } = await connect(address);
    queue.define('work', (run) => job(run.attrs.data, { beat: () => run.touch() }));
    await queue.start();
  },
  async open({ address }): Promise<Submitter> {
    const { queue, client } = await connect(address);
    return { submit: async (task) => void (await queue.now('work', task)), close: () => client.close() };
  },
};
