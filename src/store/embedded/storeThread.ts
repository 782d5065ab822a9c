/** The thread of the embedded store, from the side of those who call it. It is started by the first call, and again if it died. */
import { Worker } from 'node:worker_threads';
import { fromWire, StoreError, toWire } from '../../errors.js';
import { ownThreadData, preloadHint } from '../../surroundings/ownThreads.js';
import type { Clock } from '../../time/clock.js';
import { StoreActivity } from './activity.js';
import {
  type CallName,
  type EmbeddedCalls,
  isUrgent,
  type MarkedMessage,
  type StoreMessage,
  type StoreReply,
  type StoreThreadData,
} from './calls.js';
import { type Gate, shutAtExit } from './gate.js';
import { forgetOwners } from './owners.js';
import type { EmbeddedPlace } from './place.js';

/** Without an answer to any call for so long, calls that can wait are given up, in ms. */
const STORE_PATIENCE_MS = 10_000;

const entry = new URL('../../../workers/store.cjs', import.meta.url);

interface StoreThreadParts {
  readonly place: EmbeddedPlace;
  /** How the store is called in messages. */
  readonly text: string;
  /** After so many ms a call on which a lease hangs has failed. */
  readonly commandTimeout: number;
  readonly clock: Clock;
  readonly gate: Gate;
}

interface Pending {
  readonly call: CallName;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  cancel(): void;
}

/** Makes the calls of the store, wherever they run. */
export interface StoreCaller {
  /** `limit`: after how many ms it has failed, if that is not what follows from its kind. */
  call<K extends CallName>(
    call: K,
    args: Parameters<EmbeddedCalls[K]>,
    limit?: number,
  ): Promise<ReturnType<EmbeddedCalls[K]>>;
  close(): Promise<void>;
  /** Calls `listener` with what was marked in wakeups.ts. Returns how to stop that. */
  onMarked(listener: (message: MarkedMessage) => void): () => void;
}

export class StoreThread implements StoreCaller {
  private worker: Worker | undefined;
  private readonly pending = new Map<number, Pending>();
  private readonly markListeners = new Set<(message: MarkedMessage) => void>();
  private readonly activity = new StoreActivity();
  private calls = 0;
  private starts = 0;
  private answeredAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: StoreThreadParts) {}

  call<K extends CallName>(
    call: K,
    args: Parameters<EmbeddedCalls[K]>,
    limit = isUrgent(call) ? this.parts.commandTimeout : Math.max(STORE_PATIENCE_MS, this.parts.commandTimeout),
  ): Promise<ReturnType<EmbeddedCalls[K]>> {
    return new Promise((resolve, reject) => {
      const { clock } = this.parts;
      this.calls += 1;
      const id = this.calls;
      const sentAt = clock.now();
      const cancel = this.giveUp(id, isUrgent(call), sentAt, limit);
      // The thread answers each call by its own kind of value.
      this.pending.set(id, { call, resolve: resolve as (value: unknown) => void, reject, cancel });
      try {
        this.worker ??= this.start();
        this.worker.postMessage({ id, call, args, deadline: sentAt + limit });
      } catch (cause) {
        this.settle(id)?.reject(
          this.unavailable(call, `its thread cannot be started (${toWire(cause).message})`, cause),
        );
      }
    });
  }

  /** Ends the thread. Resolves when it has ended, or has been told to without effect. */
  async close(): Promise<void> {
    const { worker } = this;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const late = new Promise<void>((resolve) => {
      const { clock, commandTimeout } = this.parts;
      const cancel = clock.at(clock.now() + commandTimeout, resolve);
      void ended.then(cancel);
    });
    worker.postMessage(null);
    worker.ref();
    await Promise.race([ended, late]);
    worker.unref();
  }

  private start(): Worker {
    const { gate } = this.parts;
    const { place } = this.parts;
    this.starts += 1;
    const thread = `${gate.shared.id}.${this.starts}`;
    const own = ownThreadData('store');
    const data: StoreThreadData = { place, activity: this.activity.buffer, gate: gate.shared, thread, ...own };
    gate.begin();
    this.activity.set('opening', this.parts.clock.now());
    const worker = new Worker(entry, { name: 'mongo-failover store', workerData: data, execArgv: [] });
    worker.unref();
    // The thread ends with this one.
    const release = shutAtExit(gate);
    worker.on('message', (message: StoreMessage) => this.heard(message));
    const lose = (why: string, cause?: unknown): void => {
      if (this.worker !== worker) return;
      this.worker = undefined;
      gate.leave();
      release();
      for (const [id, { call }] of [...this.pending])
        this.settle(id)?.reject(this.unavailable(call, `its thread ended (${why})${preloadHint(own, cause)}`, cause));
    };
    worker.on('error', (error) => lose(error instanceof Error ? error.message : String(error), error));
    worker.once('exit', (code) => {
      lose(`exit code ${code}`);
      forgetOwners(place, thread);
    });
    return worker;
  }

  onMarked(listener: (message: MarkedMessage) => void): () => void {
    this.markListeners.add(listener);
    return () => this.markListeners.delete(listener);
  }

  private heard(message: StoreMessage): void {
    if (!('marked' in message)) return this.answered(message);
    for (const listener of this.markListeners) listener(message);
  }

  private answered(replies: readonly StoreReply[]): void {
    this.answeredAt = this.parts.clock.now();
    for (const reply of replies) {
      const pending = this.settle(reply.id);
      if (reply.ok) pending?.resolve(reply.value);
      else pending?.reject(fromWire(reply.error));
    }
  }

  /** Ends the wait of a call after `limit`; of one that can wait, after `limit` in which no call at all was answered. */
  private giveUp(id: number, isExact: boolean, sentAt: number, limit: number): () => void {
    const { clock } = this.parts;
    let cancel = (): void => {};
    const arm = (time: number): void => {
      cancel = clock.at(time, () => {
        const due = Math.max(sentAt, this.answeredAt) + limit;
        if (!isExact && clock.now() < due) return arm(due);
        const pending = this.settle(id);
        pending?.reject(
          this.unavailable(pending.call, `no answer in ${limit} ms: ${this.activity.inWords(clock.now())}`),
        );
      });
    };
    arm(sentAt + limit);
    return () => cancel();
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    pending?.cancel();
    return pending;
  }

  private unavailable(call: CallName, why: string, cause?: unknown): StoreError {
    const { text } = this.parts;
    return new StoreError('ERR_STORE_UNAVAILABLE', `the store ${text} is not available for ${call}: ${why}`, { cause });
  }
}
