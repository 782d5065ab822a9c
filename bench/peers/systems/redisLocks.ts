/** redlock and redis-semaphore: locks on one Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import { doTasks, folderSubmitter } from '../folderQueue.js';
import { library } from '../library.js';
import type { System } from '../system.js';

interface RedisClient {
  on(event: 'error', listener: (error: Error) => void): void;
}
interface Ioredis {
  Redis: new (address: string) => RedisClient;
}
interface RedlockLibrary {
  default: new (
    clients: RedisClient[],
  ) => {
    on(event: 'error', listener: (error: Error) => void): void;
    using(resources: string[], duration: number, routine: (signal: AbortSignal) => Promise<void>): Promise<void>;
  };
}
interface SemaphoreLibrary {
  Mutex: new (
    client: RedisClient,
    key: string,
    options: object,
  ) => { acquire(): Promise<void>; release(): Promise<void> };
}

const LOCK = 5000;
/** Between two attempts, in ms. */
const PAUSE = 100;

const base = { server: 'redis', lock: LOCK, isQueue: false } as const;

async function connect(address: string): Promise<RedisClient> {
  const { Redis } = await library<Ioredis>('ioredis');
  const client = new Redis(address);
  client.on('error', (error) => console.error(`redis: ${error.message}`));
  return client;
}

/** Holds the lock again and again, for ever. */
async function again(hold: () => Promise<void>): Promise<never> {
  for (;;) {
    await hold().catch((error: Error) => console.error(error.message));
    await sleep(PAUSE);
  }
}

export const redlock: System = {
  ...base,
  label: 'redlock, using()',
  settings:
    '`using([key], 5000, …)`, one Redis, default retries, acquired again in a loop; the job looks at the signal',
  packages: ['redlock', 'ioredis'],
  async work({ name, address, folder }) {
    const { default: Redlock } = await library<RedlockLibrary>('redlock');
    const lock = new Redlock([await connect(address)]);
    lock.on('error', () => {});
    void again(() => lock.using([name], LOCK, (signal) => doTasks(folder, () => !signal.aborted)));
  },
  open: async ({ folder }) => folderSubmitter(folder),
};

export const redisSemaphore: System = {
  ...base,
  label: 'redis-semaphore, Mutex',
  settings:
    '`lockTimeout` 5000 (default 10 s), refreshed at 80 % (default), `acquireTimeout` Infinity; the job looks at a flag that `onLockLost` sets',
  packages: ['redis-semaphore', 'ioredis'],
  async work({ name, address, folder }) {
    const { Mutex } = await library<SemaphoreLibrary>('redis-semaphore');
    const client = await connect(address);
    void again(async () => {
      let isHeld = true;
      const onLockLost = (): void => {
        isHeld = false;
      };
      const options = { lockTimeout: LOCK, acquireTimeout: Number.POSITIVE_INFINITY, onLockLost };
      const mutex = new Mutex(client, name, options);
      await mutex.acquire();
      await doTasks(folder, () => isHeld).finally(() => mutex.release());
    });
  },
  open: async ({ folder }) => folderSubmitter(folder),
};
