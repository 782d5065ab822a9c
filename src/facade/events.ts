/** The events of a cluster, and how they are emitted: nothing that a listener does may hurt the cluster. */
import { EventEmitter } from 'node:events';
import type { Phase as ClusterState } from '../election/transitions.js';
import { type CodedError, FailoverError, toWire } from '../errors.js';
import type { TaskId } from '../task/task.js';
import { whenRejected } from '../values/rejections.js';
import type { PauseInfo } from '../wire/status.js';

export type { ClusterState };

/**
 * Lists the events of a cluster with what their listeners are given. A listener that throws or rejects becomes a `panic`,
 * and disturbs nothing else.
 *
 * @example
 * ```ts
 * import { failover } from 'mongo-failover';
 *
 * const { managed: Managed } = failover({ nodb: true });
 * const cluster = new Managed<{ id: number }>('billing', 'id', new URL('./billing.js', import.meta.url));
 * cluster.on('master', () => console.log(`master under term ${cluster.term}`));
 * cluster.on('done', (id) => console.log(`task ${id} is done`));
 * cluster.on('failed', (id, error, attempt) => console.error(`task ${id}, attempt ${attempt}: ${error.message}`));
 * cluster.on('error', (error) => console.error(error.code, error.message));
 * cluster.on('panic', (error) => console.error(error.code, error.message));
 * await cluster.run();
 * ```
 */
export interface ClusterEvents {
  /** Tells a standby the newest identifier, as the lease of the master shows it. */
  synchronize: [id: TaskId];
  /**
   * Tells of a failure that the cluster survives: of the store, the lease, the work module, the thread pool, or members that
   * are configured differently; `code` says which. Without a listener it becomes a warning of the process, never a crash.
   */
  error: [error: CodedError];
  /** Tells people what they may want to know: connected, options ignored, a queue that could not be followed exactly. */
  info: [text: string];
  /** Tells what must not happen: a listener threw, work would not stop, the process could not be ended, the coordinator thread died. */
  panic: [error: CodedError];
  /** Tells each change of state, once and in order. */
  statechange: [from: ClusterState, to: ClusterState];
  /** Tells that the member has joined, and looks at the lease for the first time. */
  init: [];
  /** Tells that a standby has seen no new beat for SLAVE. */
  ticking: [];
  /** Tells that this member has become master. */
  master: [];
  /** Tells that this member has become a standby. */
  slave: [];
  /** Tells that `stop()` has ended. */
  stopped: [];
  /** Tells that the subsystem is paused, or paused in another way: no new task begins. An unmanaged master should rest, too. */
  paused: [info: PauseInfo];
  /** Tells that the pause is over. */
  resumed: [];
  /** Tells that this member has done a task; a stored one is acknowledged in the store, too. */
  done: [id: TaskId];
  /** Tells that a try of a task failed: it stays at the head of the queue and is tried again, unless its attempts are used up. */
  failed: [id: TaskId, error: CodedError, attempt: number];
  /** Tells that a stored task is cancelled: it does not begin any more. After a failover it may be told again. */
  cancelled: [id: TaskId];
  /** Tells that the attempts of a task are used up: it has left the queue, and is kept in the store for `requeue(id)`. */
  deadletter: [id: TaskId, error: CodedError];
  /**
   * Tells that a task of a transaction, or one that was due, was dropped by the master: a task with its id was queued. What
   * `stored: false` tells of an ordinary one.
   */
  duplicate: [id: TaskId];
}

/** Texts that are remembered as told; beyond it all are forgotten. */
const TOLD_MAX = 1000;
/** What any cluster of the process has warned of: a store that is away would tell a thousand of them the same. */
const told = new Set<string>();

/** An emitter whose `emit` never throws: a listener that throws or rejects becomes a `panic`. */
export class SafeEmitter extends EventEmitter<ClusterEvents> {
  private readonly warned = new Set<string>();

  override emit<K>(
    event: K | keyof ClusterEvents,
    ...args: K extends keyof ClusterEvents ? ClusterEvents[K] : never
  ): boolean {
    const name = event as keyof ClusterEvents;
    const listeners = this.rawListeners(name);
    for (const listener of listeners) {
      try {
        const returned: unknown = Reflect.apply(listener, this, args);
        whenRejected(returned, (error) => this.listenerFailed(name, error));
      } catch (error) {
        this.listenerFailed(name, error);
      }
    }
    if (listeners.length === 0 && (name === 'error' || name === 'panic')) {
      this.warn(name, args[0], `no listener for '${name}': ${toWire(args[0]).message}`);
    }
    return listeners.length > 0;
  }

  private listenerFailed(event: string, cause: unknown): void {
    const error = new FailoverError('ERR_LISTENER', `a listener of '${event}' threw: ${toWire(cause).message}`, {
      cause,
    });
    // A panic listener that throws must not call itself again.
    if (event === 'panic') this.warn('panic', error, error.message);
    else this.emit('panic', error);
  }

  /** Once for each kind, and each text: a store that is away would repeat itself for hours, and for each cluster. */
  private warn(event: string, error: unknown, text: string): void {
    // What another cluster has warned of is not yet this one's warning.
    if (this.warned.has(event) || told.has(text)) return;
    this.warned.add(event);
    if (told.size >= TOLD_MAX) told.clear();
    told.add(text);
    const { code } = toWire(error);
    process.emitWarning(text, { type: 'MongoFailoverWarning', ...(code === undefined ? {} : { code }) });
  }
}
