/**
 * One life of a coordinator thread, from the main thread's side. Comlink never settles calls to a thread that is gone,
 * so each is ended by the thread's death. The thread keeps the process alive only while a caller holds it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import { FailoverError, fromWire, toWire } from '../errors.js';
import type { ResolvedOptions } from '../options/options.js';
import { Gate, shutAtExit } from '../store/embedded/gate.js';
import { forgetOwners } from '../store/embedded/owners.js';
import { ownThreadData, preloadHint } from '../surroundings/ownThreads.js';
import { ExitSignal } from '../wire/exitSignal.js';
import type {
  CallAnswer,
  CallArgs,
  CallName,
  ClusterSpec,
  CoordinatorData,
  CoordinatorEvent,
  MemberEvent,
  Reply,
  WatchedService,
  WireApi,
} from '../wire/messages.js';
import type { MemberStatus } from '../wire/status.js';
import { type Exiting, releaseAtExit } from './releaseAtExit.js';
import { threadExecArgv } from './threadExecArgv.js';

/** How long `close` waits for the thread to exit, in ms. */
const EXIT_PATIENCE_MS = 2000;

/** Not a constant, because a bundle may have no URL. There `failover()` throws its own error. */
const entry = () => new URL('../../workers/coordinator.cjs', import.meta.url);

export interface CoordinatorThreadParts {
  readonly options: ResolvedOptions;
  /** Where it counts what happens. */
  readonly watched: WatchedService;
  /** Called with what the clusters are told, in order. */
  onEvent(cluster: number, event: MemberEvent): void;
  /** Returns whether a cluster holds a lease. */
  holdsLease(): boolean;
}

export class CoordinatorThread implements Exiting {
  private readonly worker: Worker;
  private readonly gate = new Gate();
  private readonly exitSignal = new ExitSignal();
  private readonly remote: WireApi;
  /** Rejects what waits for an answer. Not a race against `ended`, which would keep every call until the thread ends. */
  private readonly pending = new Set<(error: Error) => void>();
  private failure: Error | undefined;
  private holds = 0;
  /** Resolves with the reason when nothing can be asked of the thread any more, wanted or not. */
  readonly lost: Promise<Error>;
  /** Resolves after that, when the thread has ended: a native call of the work in a thread below it can put that off. */
  readonly ended: Promise<void>;

  readonly exitTimeout: number;
  private readonly isMaster: () => boolean;

  /** Keeps no options, which hold the password of the store and would be there when a cluster is printed. */
  constructor(parts: CoordinatorThreadParts) {
    const { options } = parts;
    this.exitTimeout = options.exitTimeout;
    this.isMaster = () => parts.holdsLease();
    const calls = new MessageChannel();
    const events = new MessageChannel();
    const deliver = (batch: CoordinatorEvent[]): void => {
      for (const { cluster, event } of batch) parts.onEvent(cluster, event);
    };
    const own = ownThreadData('coordinator');
    const gate = this.gate.shared;
    const exit = this.exitSignal.buffer;
    const { watched } = parts;
    const data: CoordinatorData = { options, calls: calls.port2, events: events.port2, gate, exit, watched, ...own };
    // Before the gate of the store is shut, because to release is to write.
    const forget = releaseAtExit(this);
    const open = shutAtExit(this.gate);
    const release = (): void => {
      forget();
      open();
    };
    this.worker = startWorker(data, release);
    this.worker.unref();
    this.lost = new Promise((resolve) => {
      const lose = (why: string, cause?: unknown): void => {
        if (this.failure !== undefined) return;
        // What it said is true although it died: tasks that were done are not to be done again.
        for (const batch of waitingIn(events.port1)) deliver(batch);
        calls.port1.close();
        events.port1.close();
        this.failure = new FailoverError(
          'ERR_COORDINATOR_LOST',
          `the coordinator thread ended: ${why}${preloadHint(own, cause)}`,
          {
            cause,
          },
        );
        resolve(this.failure);
        for (const reject of this.pending) reject(this.failure);
      };
      this.worker.on('error', (error) => lose(error instanceof Error ? error.message : String(error), error));
      this.worker.once('exit', (code) => lose(`exit code ${code}`));
    });
    this.ended = new Promise((resolve) =>
      this.worker.once('exit', () => {
        release();
        if (options.store.kind === 'embedded') forgetOwners(options.store, this.gate.shared.id);
        resolve();
      }),
    );
    events.port1.on('message', deliver);
    // Comlink's own type would lose which call has which answer.
    this.remote = wrap<WireApi>(calls.port1) as unknown as WireApi;
    calls.port1.unref();
    events.port1.unref();
  }

  holdsLease(): boolean {
    return this.failure === undefined && this.isMaster();
  }

  beginExit(): void {
    void this.remote.exit();
  }

  waitForExit(patience: number): void {
    this.exitSignal.wait(patience);
  }

  /** Keeps the process alive until as many `release` calls have come. */
  hold(): void {
    this.holds += 1;
    if (this.holds === 1) this.worker.ref();
  }

  release(): void {
    this.holds -= 1;
    if (this.holds === 0) this.worker.unref();
  }

  open(spec: ClusterSpec): Promise<void> {
    return this.answered(this.remote.open(spec));
  }

  /** Drains this process, or ends that. */
  drain(reason: string | null): Promise<void> {
    return this.answered(this.remote.drain(reason));
  }

  undrain(): Promise<void> {
    return this.answered(this.remote.undrain());
  }

  status(): Promise<MemberStatus[]> {
    return this.answered(this.remote.status());
  }

  /** Makes one call of a cluster that is open there. */
  call<N extends CallName>(cluster: number, name: N, ...args: CallArgs<N>): Promise<CallAnswer<N>> {
    return this.answered(this.remote.call(cluster, name, args));
  }

  /** Throws what the coordinator threw, or `ERR_COORDINATOR_LOST` when the thread ends first. */
  private async answered<R>(answer: Promise<Reply<R>>): Promise<R> {
    this.hold();
    try {
      const reply = await this.unlessEnded(answer);
      if (reply.ok) return reply.value;
      throw fromWire(reply.error);
    } finally {
      this.release();
    }
  }

  private unlessEnded<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) return reject(this.failure);
      this.pending.add(reject);
      const settled = () => this.pending.delete(reject);
      answer.then(resolve, reject).then(settled, settled);
    });
  }

  /**
   * Closes the store and ends the thread; one that a native call of the work holds up is left to end by itself. `undrain`:
   * the drain of this process ends, too.
   */
  async close(undrain: boolean): Promise<void> {
    await this.answered(this.remote.close(undrain)).catch(() => {});
    // The thread of the store waits for the disk, or for another process. It must not be ended there.
    if (!(await this.gate.shutSoon())) {
      void this.gate.shutSoon(Number.POSITIVE_INFINITY).then(() => this.worker.terminate());
      return;
    }
    const waited = new AbortController();
    const patience = sleep(EXIT_PATIENCE_MS, undefined, { signal: waited.signal }).catch(() => {});
    await Promise.race([this.worker.terminate(), patience]);
    waited.abort();
  }
}

/** @throws FailoverError `ERR_PERMISSION`, or `ERR_COORDINATOR_LOST` for whatever else Node throws */
function startWorker(data: CoordinatorData, release: () => void): Worker {
  try {
    return new Worker(entry(), {
      name: 'mongo-failover coordinator',
      workerData: data,
      ...threadExecArgv(),
      transferList: [data.calls, data.events],
    });
  } catch (cause) {
    release();
    const { code, message } = toWire(cause);
    const text = `the coordinator thread cannot be started: ${message}`;
    if (code !== 'ERR_ACCESS_DENIED') throw new FailoverError('ERR_COORDINATOR_LOST', text, { cause });
    const embedded = data.options.store.kind === 'embedded';
    const more = embedded
      ? ', `--allow-addons` for LMDB, and `--allow-fs-read` and `--allow-fs-write` of its folder'
      : '';
    const flags = `The permission model of Node.js must allow threads: start it with \`--allow-worker\`${more}`;
    throw new FailoverError('ERR_PERMISSION', `${text}. ${flags}`, { cause });
  }
}

function* waitingIn(port: MessagePort): Generator<CoordinatorEvent[]> {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) yield next.message;
}
