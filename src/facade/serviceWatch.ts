/** What is seen of one `failover()`: its clusters, its health and its metrics, and the observer thread that serves them. */
import { randomUUID } from 'node:crypto';
import { FailoverError, toWire } from '../errors.js';
import { buildOf } from '../observe/build.js';
import { familiesOf, type MetricFamily } from '../observe/families.js';
import { type Health, healthOf } from '../observe/health.js';
import type { ClusterEntry, ObserverData } from '../observe/messages.js';
import type { Build, Watched, WatchedCluster } from '../observe/watched.js';
import type { ResolvedOptions } from '../options/options.js';
import type { Clocks, Timers } from '../time/realTime.js';
import { askMeasure } from '../wire/measure.js';
import type { MemberEvent, WatchedService } from '../wire/messages.js';
import { ServiceCounts } from '../wire/sharedCounts.js';
import { ObserverThread } from './observerThread.js';

/** How long a call waits for the queues to be measured, in ms. */
const MEASURE_PATIENCE_MS = 1000;

/** Tells where the probes and the metrics are served. */
export interface ObserverAddress {
  /** Holds the port, also where 0 was given. */
  readonly port: number;
  /** Names the host or address that it listens on. */
  readonly host: string;
  /** Holds the beginning of each address, such as `http://127.0.0.1:9464`. */
  readonly url: string;
}

interface Entry extends WatchedCluster {
  tell(event: MemberEvent): void;
}

/** Whether it is served; a call that comes before that is known waits. */
class Outcome {
  private settled: 'no' | 'served' | 'failed' = 'no';
  private resolve: (address: ObserverAddress) => void = () => {};
  private reject: (error: Error) => void = () => {};
  promise = this.next();

  served(address: ObserverAddress): void {
    if (this.settled !== 'no') this.promise = this.next();
    this.settled = 'served';
    this.resolve(address);
  }

  /** Returns whether that is news. */
  failed(error: Error): boolean {
    if (this.settled === 'failed') return false;
    if (this.settled !== 'no') this.promise = this.next();
    this.settled = 'failed';
    this.reject(error);
    return true;
  }

  private next(): Promise<ObserverAddress> {
    const promise = new Promise<ObserverAddress>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Not everyone asks.
    promise.catch(() => {});
    return promise;
  }
}

export class ServiceWatch {
  readonly counts = new ServiceCounts();
  readonly service: WatchedService = { counts: this.counts.buffer, channel: `mongo-failover/${randomUUID()}` };
  private readonly clusters = new Map<number, Entry>();
  private made = 0;
  private observer: ObserverThread | null = null;
  private readonly outcome = new Outcome();
  private build: Build | undefined;

  /** Hidden when it is printed, because it holds the password of the store, and the token. */
  readonly #options: ResolvedOptions;

  constructor(
    options: ResolvedOptions,
    private readonly time: Clocks & Timers,
  ) {
    this.#options = options;
  }

  /** Starts the observer thread, if it was asked for. */
  start(): void {
    const { observe } = this.#options;
    if (observe === null) {
      const text = 'nothing is served, because failover() was called without the option observe';
      this.outcome.failed(new FailoverError('ERR_OBSERVE', text));
      return;
    }
    const { host } = observe;
    this.observer = new ObserverThread({
      time: this.time,
      data: () => this.observerData(),
      listening: (port) => {
        const url = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
        this.outcome.served({ port, host, url });
        this.tellAll({ type: 'info', text: `probes and metrics are served at ${url}` });
      },
      failed: (error) => this.failed(error),
    });
    this.observer.start();
  }

  /** Resolves with where it listens; rejects while it cannot. */
  observed(): Promise<ObserverAddress> {
    return this.outcome.promise;
  }

  add(entry: Entry): number {
    const id = ++this.made;
    this.clusters.set(id, entry);
    this.observer?.post({ type: 'add', cluster: clusterEntry(id, entry) });
    return id;
  }

  remove(id: number): void {
    this.clusters.delete(id);
    this.observer?.post({ type: 'remove', id });
  }

  health(): Health {
    // A thread that calls this turns its loop now. What it reads, others wrote while it was blocked.
    return healthOf(this.watched(), this.now(), Number.NEGATIVE_INFINITY);
  }

  async metrics(): Promise<MetricFamily[]> {
    if (this.counts.startedAt !== 0) await askMeasure(this.service.channel, MEASURE_PATIENCE_MS, this.time);
    this.build ??= buildOf(this.#options);
    return familiesOf(this.watched(), this.build, this.now());
  }

  closing(): void {
    this.counts.closing = true;
  }

  async close(): Promise<void> {
    await this.observer?.close();
  }

  /** In monotonic ms. */
  now(): number {
    return Number(this.time.monotonic()) / 1e6;
  }

  private watched(): Watched {
    return { counts: this.counts, clusters: [...this.clusters.values()] };
  }

  private observerData(): Omit<ObserverData, 'mongoFailover'> {
    const { observe } = this.#options;
    if (observe === null) throw new Error('an observer has options');
    this.build ??= buildOf(this.#options);
    const clusters = [...this.clusters].map(([id, entry]) => clusterEntry(id, entry));
    const store = observe.page === null ? null : this.#options.store;
    return { options: observe, watched: this.service, build: this.build, clusters, store };
  }

  private failed(error: Error): void {
    if (!this.outcome.failed(error)) return;
    if (this.clusters.size === 0)
      process.emitWarning(error.message, { type: 'MongoFailoverWarning', code: 'ERR_OBSERVE' });
    this.tellAll({ type: 'error', error: toWire(error) });
  }

  private tellAll(event: MemberEvent): void {
    for (const { tell } of this.clusters.values()) tell(event);
  }
}

function clusterEntry(id: number, { name, lease, counts }: WatchedCluster): ClusterEntry {
  return { id, name, lease: lease.buffer, counts: counts.buffer };
}
