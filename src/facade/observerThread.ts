/**
 * The observer thread from the main thread's side: started with `observe`, replaced when it dies, and ended by `close()`. It
 * never keeps the process alive.
 */
import { Worker } from 'node:worker_threads';
import { FailoverError, fromWire } from '../errors.js';
import type { FromObserver, ObserverData, ToObserver } from '../observe/messages.js';
import { ownThreadData, preloadHint } from '../surroundings/ownThreads.js';
import type { Clocks, Timers } from '../time/realTime.js';
import { RestartDelay } from '../time/restartDelay.js';
import { threadExecArgv } from './threadExecArgv.js';

/** How long `close` waits for the thread, in ms. */
const CLOSE_PATIENCE_MS = 1000;

/** Not a constant, because a bundle may have no URL. There `failover()` throws its own error. */
const entry = () => new URL('../../workers/observer.cjs', import.meta.url);

interface ObserverThreadParts {
  readonly time: Clocks & Timers;
  /** What the thread is given, as it is at that moment. */
  data(): Omit<ObserverData, 'mongoFailover'>;
  listening(port: number): void;
  failed(error: Error): void;
}

export class ObserverThread {
  private worker: Worker | undefined;
  private restart: NodeJS.Timeout | undefined;
  private closed = false;
  private startedAt = 0n;
  private readonly delay = new RestartDelay();

  constructor(private readonly parts: ObserverThreadParts) {}

  start(): void {
    const own = ownThreadData('observer');
    const { time, listening, failed } = this.parts;
    this.startedAt = time.monotonic();
    const data: ObserverData = { ...this.parts.data(), ...own };
    let worker: Worker;
    try {
      worker = new Worker(entry(), { name: 'mongo-failover observer', workerData: data, ...threadExecArgv() });
    } catch (error) {
      return this.lost('it cannot be started', error);
    }
    this.worker = worker;
    worker.unref();
    let cause: unknown;
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('message', (message: FromObserver) => {
      if (message.type === 'listening') listening(message.port);
      else if (message.type === 'failed') failed(fromWire(message.error));
    });
    worker.once('exit', (code) => this.lost(`exit code ${code}${preloadHint(own, cause)}`, cause));
  }

  post(message: ToObserver): void {
    this.worker?.postMessage(message);
  }

  /** Answers what is under way, and ends the thread. */
  async close(): Promise<void> {
    const { worker } = this;
    const { time } = this.parts;
    this.closed = true;
    time.clearTimeout(this.restart);
    if (worker === undefined) return;
    worker.ref();
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ type: 'close' } satisfies ToObserver);
    const patience = time.setTimeout(() => void worker.terminate(), CLOSE_PATIENCE_MS);
    await exited;
    time.clearTimeout(patience);
  }

  private lost(why: string, cause: unknown): void {
    this.worker = undefined;
    if (this.closed) return;
    const { time, failed } = this.parts;
    const text = `the probes and metrics are not served: the observer thread ended (${why}). Another one is started`;
    failed(new FailoverError('ERR_OBSERVE', text, { cause }));
    this.delay.lived(Number(time.monotonic() - this.startedAt) / 1e6);
    this.restart = time.setTimeout(() => this.start(), this.delay.next());
    this.restart.unref();
  }
}
