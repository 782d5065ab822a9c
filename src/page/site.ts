/** Puts a page together: its connections, its one poll and its routes. Nothing is opened before someone looks. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { StoreOptions } from '../options/options.js';
import { createReader } from '../store/createReader.js';
import { loadStore } from '../store/loadStore.js';
import type { StoreReader } from '../store/reader.js';
import type { FullStore } from '../store/taskStore.js';
import { ownVersion } from '../surroundings/ownVersion.js';
import type { Clock } from '../time/clock.js';
import { type Clocks, realTime, type Timers } from '../time/realTime.js';
import type { Guard } from './access.js';
import type { Details } from './contract.js';
import { Kept } from './kept.js';
import type { ResolvedPage } from './options.js';
import { SharedPoll } from './poll.js';
import { Routes } from './routes.js';
import { readStatics } from './statics.js';
import { storeName } from './storeName.js';

/** How long one call to the store may take, in ms. */
const COMMAND_MS = 5000;
/** How long a connection stays without a viewer, in ms. */
const KEEP_MS = 5000;
/** So many follow at the same time, where nothing else is served. */
export const VIEWERS_MAX = 500;

export interface SiteParts {
  readonly store: StoreOptions;
  readonly options: ResolvedPage;
  readonly guard: Guard;
  readonly viewersMax: number;
  /** Who asks, where `authorize` gives no name. Default: the page of this host. */
  readonly by?: string;
  readonly timeout?: number;
  /** Default: not known. */
  lateness?(): Details['lateness'];
  failed(error: unknown): void;
}

export class Site {
  readonly routes: Routes;
  readonly base: string;
  private readonly reader: Kept<StoreReader>;
  private readonly writer: Kept<FullStore>;
  private readonly poll: SharedPoll;
  private readonly streams = new Set<() => void>();
  private isClosed = false;

  /** @throws FailoverError `ERR_BUNDLED` */
  constructor({
    store,
    options,
    guard,
    viewersMax,
    failed,
    by,
    timeout = COMMAND_MS,
    lateness = () => null,
  }: SiteParts) {
    const clock = plainClock(realTime);
    const limits = { commandTimeout: timeout, connectTimeout: timeout, freshFor: timeout };
    this.base = options.base;
    this.reader = new Kept({ make: () => createReader(store, timeout), clock, keep: KEEP_MS });
    this.writer = new Kept({ make: () => loadStore(store, limits), clock, keep: KEEP_MS });
    this.poll = new SharedPoll({ source: this.reader, clock, lateness });
    this.routes = new Routes({
      ...{ options, guard, clock, version: ownVersion(), viewersMax, failed },
      files: readStatics(),
      poll: this.poll,
      reader: this.reader,
      writer: this.writer,
      store: storeName(store),
      by: by ?? `page@${hostname()}`,
      newId: randomUUID,
    });
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** Counts a stream, which ends with the page. Returns what to call when it has ended. */
  streaming(end: () => void): () => void {
    if (this.isClosed) {
      end();
      return () => {};
    }
    this.streams.add(end);
    return () => this.streams.delete(end);
  }

  /** Ends all streams, and closes what is open. Never rejects. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const end of [...this.streams]) end();
    await Promise.all([this.reader.close(), this.writer.close()]);
    await this.poll.end();
  }
}

/** By timers that keep no process alive, and that are late rather than in the way of the thread that serves. */
function plainClock({ monotonic, wall, setTimeout, clearTimeout }: Clocks & Timers): Clock {
  const now = (): number => Number(monotonic()) / 1e6;
  return {
    ...{ now, wall },
    sinceBoot: now,
    at(time, callback) {
      const timer = setTimeout(callback, Math.max(0, time - now()));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
