/** What an application does when a durable `submitWork` finds the store too slow or away: it calls again, with the same key. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FailoverError } from 'mongo-failover';

/** Between two calls, in ms. */
const PAUSE = 100;

/** Repeats the call while the store is not available, and tells each time. Everything else that it throws is thrown. */
export async function patiently<T>(call: () => Promise<T>, refused: () => void): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof FailoverError) || error.code !== 'ERR_STORE_UNAVAILABLE') throw error;
      refused();
      await sleep(PAUSE);
    }
  }
}
