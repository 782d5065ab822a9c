/**
 * What both kinds of clusters are on the main thread: a thin facade. It forwards calls to the coordinator thread, emits
 * what that says, and reads the lease from shared memory, so `isMaster` is true however long events were held up.
 *
 * A cluster is run once and stopped once. The coordinator thread is there from the first call that needs it. When the
 * thread dies, the cluster is attached to the next one as it was: its tasks are fed again, in order, and it runs again.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { FailoverError, fromWire, StateError } from '../errors.js';
import type { HandOverOptions, PauseOptions } from '../options/options.js';
import { resolveHandOver, resolvePause } from '../options/orders.js';
import type { TaskId } from '../task/task.js';
import type { CallAnswer, CallArgs, Caller, CallName, ClusterSpec, HandedOver, MemberEvent } from '../wire/messages.js';
import { MemberCounts } from '../wire/sharedCounts.js';
import { SharedLease } from '../wire/sharedLease.js';
import type { MemberStatus } from '../wire/status.js';
import type * as api from './api.js';
import { putClusterLink } from './clusterLink.js';
import type { Client, CoordinatorHandle } from './coordinatorHandle.js';
import type { CoordinatorThread } from './coordinatorThread.js';
import { type ClusterState, SafeEmitter } from './events.js';

/** What a kind of cluster adds to the spec that the coordinator opens. */
interface Kind {
  readonly priority: number;
  readonly identifier: TaskId | null;
  readonly managed: ClusterSpec['managed'];
}

/** Its public members are described in `api.ts`. */
export abstract class Cluster extends SafeEmitter implements api.Cluster {
  readonly name: string;
  protected readonly lease = new SharedLease();
  private readonly counts = new MemberCounts();
  /** The number by which it is watched. */
  private readonly watched: number;
  /** The id of the member on the present coordinator thread; empty before there was one. */
  protected holder = '';
  private readonly handle: CoordinatorHandle;
  private readonly kind: Kind;
  private readonly client: Client;
  /** The coordinator's number of this cluster, once it was added. */
  private cluster: number | undefined;
  /** Undefined before it was added, and while a dead thread is being replaced. */
  private thread: CoordinatorThread | undefined;
  private ran = false;
  private stopping: Promise<void> | undefined;
  private current: ClusterState = 'stopped';
  private stopSeen: () => void = () => {};

  constructor(handle: CoordinatorHandle, name: string, kind: Kind) {
    super();
    this.handle = handle;
    this.name = name;
    this.kind = kind;
    const { lease, counts } = this;
    // From now on, although it may never run: who looks for a master must find that this is none.
    this.watched = handle.watch.add({ name, lease, counts, tell: (event) => this.happened(event) });
    this.client = {
      get isMaster() {
        return lease.remaining() > 0;
      },
      happened: (event) => this.happened(event),
      lost: (error) => this.lost(error),
      attach: (thread, cluster) => this.attach(thread, cluster),
      stop: () => this.stop(),
    };
    putClusterLink(this, { takeSlot: async (asked) => this.call('takeSlot', asked) });
  }

  get state(): ClusterState {
    return this.current;
  }

  get isMaster(): boolean {
    return this.lease.remaining() > 0;
  }

  get term(): number | null {
    const left = this.lease.remaining();
    return left > 0 ? this.lease.term : null;
  }

  leaseRemaining(): number {
    return this.lease.remaining();
  }

  async run(): Promise<void> {
    this.mustNotBeStopped();
    if (this.ran) throw new StateError('ERR_ALREADY_RUNNING', `the cluster '${this.name}' runs already`);
    const cluster = this.ensureAdded();
    this.ran = true;
    this.counts.ran = true;
    const { thread } = this;
    // Without a thread, the next one is on its way, and the cluster is run when it is attached to that.
    if (thread === undefined) return;
    thread.hold();
    await thread.call(cluster, 'run').catch(unlessLost);
  }

  stop(): Promise<void> {
    this.counts.stopping = true;
    this.stopping ??= this.shutDown().finally(() => this.handle.watch.remove(this.watched));
    return this.stopping;
  }

  async handOver(options?: HandOverOptions): Promise<HandedOver> {
    this.mustNotBeStopped();
    return this.call('handOver', resolveHandOver(options));
  }

  async pause(options?: PauseOptions): Promise<void> {
    this.mustNotBeStopped();
    await this.call('pause', resolvePause(options));
  }

  async resume(): Promise<void> {
    this.mustNotBeStopped();
    await this.call('resume');
  }

  async status(): Promise<MemberStatus> {
    this.mustNotBeStopped();
    return this.call('status');
  }

  // ---- for the kinds of clusters ----

  /** Gives a coordinator thread that takes over from a dead one all that the dead one had. */
  protected async refeed(): Promise<void> {}

  /** News that only one kind of cluster knows. */
  protected abstract kindHappened(event: MemberEvent): void;

  /** Called when the coordinator thread died: what runs here has no lease any more. */
  protected kindLost(): void {}

  protected mustNotBeStopped(): void {
    if (this.stopping !== undefined) throw new StateError('ERR_STOPPED', `the cluster '${this.name}' has been stopped`);
  }

  /** Makes sure that the coordinator knows this cluster, now, before anything else is sent. Returns its number there. */
  protected ensureAdded(): number {
    this.cluster ??= this.handle.add(this.client);
    return this.cluster;
  }

  protected async call<N extends CallName>(name: N, ...args: CallArgs<N>): Promise<CallAnswer<N>> {
    return this.caller()(name, ...args);
  }

  /** Makes calls to the thread that is there now, and never to a later one, which knows nothing of what this one asked. */
  protected caller(): Caller {
    const cluster = this.ensureAdded();
    const { thread } = this;
    return (name, ...args) => {
      if (thread !== undefined) return thread.call(cluster, name, ...args);
      const text = 'the coordinator thread died and is being replaced';
      return Promise.reject(new FailoverError('ERR_COORDINATOR_LOST', text));
    };
  }

  // ---- for the coordinator handle ----

  private attach(thread: CoordinatorThread, cluster: number): void {
    this.thread = thread;
    const { name, kind, lease, counts } = this;
    // A new holder on each thread: what the dead one still has under way must not be taken for this one's.
    this.holder = `${hostname()}:${process.pid}:${randomUUID()}`;
    const { holder } = this;
    const spec: ClusterSpec = { cluster, name, holder, lease: lease.buffer, counts: counts.buffer, ...kind };
    // Calls arrive in the order in which they are made, so whatever follows finds the cluster open.
    const opened = thread.open(spec);
    // Not while it is being added: then the caller that adds it does the rest.
    const ready = this.cluster === undefined ? opened : Promise.all([opened, this.reattach(thread, cluster)]);
    ready.catch(unlessLost).catch((error: Error) => this.emit('panic', error));
  }

  /** Feeds all tasks, then runs: a member that is fed after its first look repeats what was done before. */
  private async reattach(thread: CoordinatorThread, cluster: number): Promise<void> {
    const { ran } = this;
    if (ran) thread.hold();
    await this.refeed();
    if (ran && this.thread === thread && this.stopping === undefined) {
      await thread.call(cluster, 'run');
    }
  }

  private lost(error: Error): void {
    this.thread = undefined;
    this.lease.drop();
    this.kindLost();
    this.stopSeen();
    this.emit('panic', error);
    if (!this.ran || this.stopping !== undefined) return;
    this.counts.state = 'error';
    this.enter('error');
  }

  private happened(event: MemberEvent): void {
    switch (event.type) {
      case 'statechange':
        return this.enter(event.to);
      case 'synchronize':
        this.emit('synchronize', event.id);
        return;
      case 'error':
        this.emit('error', fromWire(event.error));
        return;
      case 'panic':
        this.emit('panic', fromWire(event.error));
        return;
      case 'info':
        this.emit('info', event.text);
        return;
      case 'paused':
        this.emit('paused', event.info);
        return;
      case 'resumed':
        this.emit('resumed');
        return;
      case 'stopped':
        return this.stopSeen();
      default:
        return this.kindHappened(event);
    }
  }

  private enter(to: ClusterState): void {
    const from = this.current;
    if (from === to) return;
    this.current = to;
    this.emit('statechange', from, to);
    // `error` is an event of its own, which carries what failed.
    if (to !== 'error') this.emit(to);
  }

  private async shutDown(): Promise<void> {
    const { cluster, thread } = this;
    if (cluster === undefined) return;
    if (thread !== undefined) {
      const stopped = new Promise<void>((resolve) => {
        this.stopSeen = resolve;
      });
      // That it has stopped comes as an event, for which nothing else keeps the process alive if it never ran.
      thread.hold();
      try {
        await thread.call(cluster, 'stop').catch(unlessLost);
        await stopped;
      } finally {
        thread.release();
      }
      if (this.ran && this.thread === thread) thread.release();
    }
    await this.handle.remove(cluster);
    this.enter('stopped');
  }
}

/** The loss of the thread is told by events; what was asked of it is done by the next one. */
export function unlessLost(error: unknown): void {
  if (error instanceof FailoverError && error.code === 'ERR_COORDINATOR_LOST') return;
  throw error;
}
