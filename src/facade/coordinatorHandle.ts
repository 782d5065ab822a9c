/**
 * The coordinator thread of one `failover(options)`: started with the first cluster that needs it, ended with the last
 * one, and replaced, with back-off, when it dies. Its clusters are told of the death at once, and are opened again
 * on the new thread.
 */

import { FailoverError, StateError } from '../errors.js';
import type { ResolvedOptions } from '../options/options.js';
import { type Clocks, realTime, type Timers } from '../time/realTime.js';
import { RestartDelay } from '../time/restartDelay.js';
import type { MemberEvent } from '../wire/messages.js';
import type { MemberStatus } from '../wire/status.js';
import { CoordinatorThread } from './coordinatorThread.js';
import { ServiceWatch } from './serviceWatch.js';

/** What the handle needs from a cluster. */
export interface Client {
  /** Whether its lease is held, as shared memory says. */
  readonly isMaster: boolean;
  /** News of the cluster, in order. */
  happened(event: MemberEvent): void;
  /** Called when the thread died, and every mastership with it; again whenever a new one cannot be started yet. */
  lost(error: Error): void;
  /** Opens the cluster on a new thread, with whatever it did before. */
  attach(thread: CoordinatorThread, cluster: number): void;
  stop(): Promise<void>;
}

export class CoordinatorHandle {
  readonly watch: ServiceWatch;
  private readonly clients = new Map<number, Client>();
  /** Those that have stopped, until the thread is closed: a panic of work that would not end may still come for them. */
  private readonly leaving = new Map<number, Client>();
  private thread: CoordinatorThread | undefined;
  /** From the death of the thread until there is another one. */
  private restarting = false;
  private restart: NodeJS.Timeout | undefined;
  private ending: Promise<void> | undefined;
  private readonly delay = new RestartDelay();
  private clusters = 0;
  private closed = false;
  private drained = false;

  /** Hidden when a cluster is printed, because it holds the password of the store. */
  readonly #options: ResolvedOptions;

  constructor(
    options: ResolvedOptions,
    private readonly time: Clocks & Timers = realTime,
  ) {
    this.#options = options;
    this.watch = new ServiceWatch(options, time);
  }

  /** Returns POLL, in ms. */
  get poll(): number {
    return this.#options.intervals.POLL;
  }

  /** Adds a cluster and attaches it: at once, or when the thread that died has been replaced. Returns its number. Throws `ERR_STOPPED` after `close()`. */
  add(client: Client): number {
    if (this.closed) throw new StateError('ERR_STOPPED', 'this failover has been closed');
    const cluster = ++this.clusters;
    if (!this.restarting) this.thread ??= this.startThread();
    this.clients.set(cluster, client);
    if (this.thread !== undefined) client.attach(this.thread, cluster);
    return cluster;
  }

  /** Takes a cluster that has stopped out; the thread ends with the last one. */
  async remove(cluster: number): Promise<void> {
    const client = this.clients.get(cluster);
    this.clients.delete(cluster);
    // Not while others go on for long, since each that stops would be kept.
    if (client !== undefined && (this.closed || this.clients.size === 0)) this.leaving.set(cluster, client);
    if (this.clients.size > 0) return;
    this.time.clearTimeout(this.restart);
    this.restarting = false;
    const { thread } = this;
    this.thread = undefined;
    this.watch.counts.coordinatorLeaves();
    this.ending = thread?.close(this.closed && this.drained);
    await this.ending;
    this.leaving.clear();
  }

  /** Drains this process, as the store shall know of it. */
  async drain(reason: string | null): Promise<void> {
    await this.running().drain(reason);
    this.drained = true;
  }

  async undrain(): Promise<void> {
    await this.running().undrain();
    this.drained = false;
  }

  /** Asks all members; there are none before the first cluster is used. */
  async status(): Promise<MemberStatus[]> {
    return this.clients.size === 0 && !this.closed ? [] : this.running().status();
  }

  private running(): CoordinatorThread {
    if (this.closed) throw new StateError('ERR_STOPPED', 'this failover has been closed');
    if (this.restarting) {
      throw new FailoverError('ERR_COORDINATOR_LOST', 'the coordinator thread died and is being replaced');
    }
    this.thread ??= this.startThread();
    return this.thread;
  }

  /** Stops every cluster, which ends the thread. */
  async close(): Promise<void> {
    this.closed = true;
    this.watch.closing();
    await Promise.all([...this.clients.values()].map((client) => client.stop()));
    // The thread of a service that was drained and has no cluster.
    if (this.clients.size === 0 && this.thread !== undefined) this.ending = this.thread.close(this.drained);
    this.thread = this.clients.size === 0 ? undefined : this.thread;
    // Of a cluster whose stop was under way.
    await this.ending;
    await this.watch.close();
  }

  private startThread(): CoordinatorThread {
    const startedAt = this.time.monotonic();
    this.watch.counts.coordinatorStarts(this.watch.now());
    const thread = new CoordinatorThread({
      options: this.#options,
      watched: this.watch.service,
      onEvent: (cluster, event) => (this.clients.get(cluster) ?? this.leaving.get(cluster))?.happened(event),
      holdsLease: () => [...this.clients.values()].some(({ isMaster }) => isMaster),
    });
    void thread.lost.then((error) => {
      if (this.thread !== thread) return;
      this.thread = undefined;
      this.watch.counts.coordinatorLost();
      this.delay.lived(Number(this.time.monotonic() - startedAt) / 1e6);
      this.restarting = true;
      // Not before, though the process has nothing else to live for: its task threads may still be at work.
      thread.hold();
      void thread.ended.then(() => this.scheduleRestart());
      this.tellLost(error);
    });
    return thread;
  }

  private tellLost(error: Error): void {
    for (const client of [...this.clients.values()]) client.lost(error);
  }

  private scheduleRestart(): void {
    if (!this.restarting) return;
    this.restart = this.time.setTimeout(() => this.restartThread(), this.delay.next());
  }

  private restartThread(): void {
    try {
      this.thread = this.startThread();
    } catch (error) {
      this.watch.counts.coordinatorLost();
      // As where a limit of processes or of memory is reached.
      const text = 'the coordinator thread died, and another one cannot be started';
      this.scheduleRestart();
      return this.tellLost(new FailoverError('ERR_COORDINATOR_LOST', text, { cause: error }));
    }
    this.restarting = false;
    for (const [cluster, client] of this.clients) client.attach(this.thread, cluster);
  }
}
