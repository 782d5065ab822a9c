/** On the coordinator thread: its calls over Comlink, its events over a port of their own. */
import { workerData } from 'node:worker_threads';
import { expose } from 'comlink';
import { toWire } from '../errors.js';
import { Gate } from '../store/embedded/gate.js';
import { keepOffPool } from '../store/mongodb/connection/keepOffPool.js';
import type { StoreMaker } from '../store/storeMaker.js';
import { flushOutput } from '../surroundings/ownOutput.js';
import { threadBegins } from '../surroundings/ownThreads.js';
import { endsBy } from '../time/pause.js';
import { systemClock } from '../time/systemClock.js';
import { ExitSignal } from '../wire/exitSignal.js';
import type { CoordinatorData, MemberEvent, Reply, WireApi } from '../wire/messages.js';
import { CoordinatorHost } from './host.js';
import { Outbox } from './outbox.js';

/** How long the main thread may take at the end for what was written here, by tasks too, in ms. */
const FLUSH_MAX_MS = 1000;

/** `makeStore`: of the kind that the options ask for. */
export function startCoordinatorThread(makeStore: StoreMaker): void {
  keepOffPool();
  const data: CoordinatorData = workerData;
  threadBegins(data);
  const { options, calls, events, gate, watched } = data;
  const outbox = new Outbox(events);
  const send = (cluster: number, event: MemberEvent): void => outbox.send(cluster, event);
  const host = new CoordinatorHost(options, makeStore, new Gate(gate), watched, send);
  const api: WireApi = {
    open: (spec) => reply(() => host.open(spec)),
    call: (cluster, name, args) => reply(() => host.call(cluster, name, args)),
    drain: (reason) => reply(() => host.drain(reason)),
    undrain: () => reply(() => host.undrain()),
    status: () => reply(() => host.status()),
    exit: () =>
      reply(async () => {
        await host.exit();
        new ExitSignal(data.exit).give();
      }),
    close: (undrain) =>
      reply(async () => {
        await host.close(undrain);
        outbox.flush();
        await endsBy(systemClock, systemClock.now() + FLUSH_MAX_MS, flushOutput());
      }),
  };
  expose(api, calls);
}

async function reply<T>(call: () => Promise<T>): Promise<Reply<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (thrown) {
    return { ok: false, error: toWire(thrown) };
  }
}
