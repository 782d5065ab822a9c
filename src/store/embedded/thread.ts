/** The thread of the embedded store: calls arrive at its port, and the server answers them there. */
import { parentPort, workerData } from 'node:worker_threads';
import { threadBegins } from '../../surroundings/ownThreads.js';
import { processTable, thisProcess } from '../../surroundings/processIdentity.js';
import { systemClock } from '../../time/systemClock.js';
import { StoreActivity } from './activity.js';
import type { Request, StoreThreadData } from './calls.js';
import { Gate } from './gate.js';
import { EmbeddedServer } from './server.js';

/** How often the files are looked at while no call comes, in ms. */
const FILES_PERIOD_MS = 250;
const RENEW_PERIOD_MS = 1000;
const KEEP_PERIOD_MS = 60_000;

const cell = new Int32Array(new SharedArrayBuffer(4));

export function startStoreThread(): void {
  const port = parentPort;
  if (port === null) throw new Error('this is not a thread');
  const data: StoreThreadData = workerData;
  threadBegins(data);
  const { place, activity, gate: shared, thread } = data;
  const gate = new Gate(shared);
  const inside = (call: () => void): void => {
    if (!gate.enter()) return;
    try {
      call();
    } finally {
      gate.leave();
    }
  };
  const server = new EmbeddedServer({
    place,
    open: { me: thisProcess(), table: processTable, thread, wall: systemClock.wall },
    activity: new StoreActivity(activity),
    now: systemClock.now,
    soon: (callback) => void setImmediate(inside, callback),
    after: (ms, callback) => void setTimeout(inside, ms, callback),
    pause: (ms) => void Atomics.wait(cell, 0, 0, ms),
    post: (message) => port.postMessage(message),
    random: Math.random,
  });
  const timers = [
    setInterval(inside, FILES_PERIOD_MS, () => server.checkFiles()),
    setInterval(inside, RENEW_PERIOD_MS, () => server.renew()),
    setInterval(inside, KEEP_PERIOD_MS, () => server.keepFromCleaners()),
  ];
  port.on('message', (request: Request | null) => {
    if (request !== null) return server.receive(request);
    for (const timer of timers) clearInterval(timer);
    inside(() => server.close());
    port.close();
  });
  gate.leave();
}
