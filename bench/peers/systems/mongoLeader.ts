/** mongo-leader. The server of this benchmark may have no TTL monitor, so the runner deletes what has expired. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { doTasks, folderSubmitter } from '../folderQueue.js';
import { library } from '../library.js';
import type { System } from '../system.js';

interface LeaderLibrary {
  Leader: new (
    db: object,
    options: object,
  ) => {
    on(event: 'elected' | 'revoked', listener: () => void): void;
    on(event: 'error', listener: (error: Error) => void): void;
    start(): Promise<void>;
  };
}
type Mongodb = Pick<typeof import('mongodb'), 'MongoClient'>;

const TTL = 5000;
const PAUSE = 100;

async function connect(address: string) {
  const { MongoClient } = await library<Mongodb>('mongodb');
  return MongoClient.connect(address);
}

export const mongoLeader: System = {
  label: 'mongo-leader',
  settings:
    '`ttl` 5000, `wait` 1000; expired documents are deleted each second by the runner; the job looks at a flag that `revoked` clears',
  server: 'mongodb',
  packages: ['mongo-leader', 'mongodb'],
  lock: TTL,
  isQueue: false,
  async work({ name, address, folder }) {
    const { Leader } = await library<LeaderLibrary>('mongo-leader');
    const client = await connect(address);
    const leader = new Leader(client.db(), { key: name, ttl: TTL, wait: 1000 });
    let isHeld = false;
    leader.on('error', (error) => console.error(error.message));
    leader.on('elected', () => {
      isHeld = true;
    });
    leader.on('revoked', () => {
      isHeld = false;
    });
    await leader.start();
    const serve = async (): Promise<never> => {
      for (;;) {
        await doTasks(folder, () => isHeld).catch((error: Error) => console.error(error.message));
        await sleep(PAUSE);
      }
    };
    void serve();
  },
  async open({ name, address, folder }) {
    const client = await connect(address);
    const records = client.db().collection(`leader-${createHash('sha1').update(name).digest('hex')}`);
    const expire = (): void => {
      records.deleteMany({ createdAt: { $lt: new Date(Date.now() - TTL) } }).catch(() => {});
    };
    const timer = setInterval(expire, 1000);
    return folderSubmitter(folder, async () => {
      clearInterval(timer);
      await client.close();
    });
  },
};
