/** On the observer thread: serves the probes and the metrics from shared memory, whatever the other threads do. */
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../errors.js';
import { threadBegins } from '../surroundings/ownThreads.js';
import { realTime } from '../time/realTime.js';
import { askMeasure } from '../wire/measure.js';
import { MemberCounts, ServiceCounts } from '../wire/sharedCounts.js';
import { SharedLease } from '../wire/sharedLease.js';
import { AWAKE_PERIOD_MS, Awake } from './awake.js';
import { familiesOf } from './families.js';
import { healthOf } from './health.js';
import { LazyPage } from './lazyPage.js';
import type { ClusterEntry, FromObserver, ObserverData, PageModule, ToObserver } from './messages.js';
import { ObserverServer } from './server.js';
import type { Watched, WatchedCluster } from './watched.js';

/** How long a scrape waits for the queues to be measured, in ms; it then has what was measured before. */
export const MEASURE_PATIENCE_MS = 1000;

/** `loadPage`: loads what serves the live page. */
export function startObserverThread(loadPage: () => Promise<PageModule>): void {
  const data: ObserverData = workerData;
  threadBegins(data);
  const { options, watched, build } = data;
  const clusters = new Map<number, WatchedCluster>();
  const counts = new ServiceCounts(watched.counts);
  const add = ({ id, name, lease, counts: buffer }: ClusterEntry): void => {
    clusters.set(id, { name, lease: new SharedLease(lease), counts: new MemberCounts(buffer) });
  };
  for (const cluster of data.clusters) add(cluster);
  const now = (): number => Number(realTime.monotonic()) / 1e6;
  const awake = new Awake(now);
  const looking = realTime.setInterval(() => awake.since(), AWAKE_PERIOD_MS);
  const all = (): Watched => ({ counts, clusters: [...clusters.values()] });
  const tell = (message: FromObserver): void => parentPort?.postMessage(message);
  const page =
    options.page === null || data.store === null
      ? null
      : new LazyPage(loadPage, data.store, () => counts.lateness.read(), options);
  const server = new ObserverServer({
    ...{ options, page },
    timers: realTime,
    health: () => healthOf(all(), now(), awake.since()),
    metrics: async () => {
      // Without one there is nothing to measure, and no answer would come.
      if (counts.startedAt !== 0) await askMeasure(watched.channel, MEASURE_PATIENCE_MS, realTime);
      return familiesOf(all(), build, now());
    },
    listening: (port) => tell({ type: 'listening', port }),
    failed: (error) => tell({ type: 'failed', error: toWire(error) }),
  });
  const close = async (): Promise<void> => {
    realTime.clearInterval(looking);
    await page?.close();
    await server.close();
    tell({ type: 'closed' });
    parentPort?.close();
  };
  parentPort?.on('message', (message: ToObserver) => {
    if (message.type === 'add') add(message.cluster);
    else if (message.type === 'remove') clusters.delete(message.id);
    else void close();
  });
  server.listen();
}
