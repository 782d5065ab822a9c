/**
 * One task thread, from its place in the queue of starts to its exit: made when it is its turn, and usable once the
 * user's module has loaded within the limit. It keeps its place among the threads of the coordinator until it has exited, or
 * for `exitPatience` after it was ended: a native call may hold it for ever.
 */

import { fromWire, toWire, WorkError } from '../errors.js';
import type { LoadOutcome } from '../queue/runner.js';
import { Alarm } from '../time/alarm.js';
import type { Cancel, Clock } from '../time/clock.js';
import { endsBy } from '../time/pause.js';
import type { StartGate } from './startGate.js';
import { stopFailed } from './stopHook.js';
import type { TaskPool } from './taskPool.js';
import type { Place } from './threadPlaces.js';

interface PoolStartParts {
  readonly gate: StartGate;
  /** Granted. */
  readonly place: Place;
  readonly clock: Clock;
  /** How long the module may take to load, in ms. */
  readonly loadTimeout: number;
  /** How long the thread keeps its place at most when it was ended and does not exit, in ms. */
  readonly exitPatience: number;
  /** Throws what Node throws when the thread cannot be made. */
  makePool(idleExit: (error: WorkError) => void): TaskPool;
  /** Called when the thread ended by itself, after it had loaded, while nothing ran. */
  idleExit(error: WorkError): void;
  /** Called when the function `stop` of the module failed, or took too long. */
  stopFailed(error: WorkError): void;
}

const ended: LoadOutcome = { type: 'ended' };
/** How long a thread that is ended may take to exit before it counts as held by a native call, in ms. */
const LOAD_EXIT_MAX_MS = 1000;
/** How long a thread without a function `stop` may take to pass on what it has written, in ms. */
const FLUSH_MAX_MS = 1000;

export class PoolStart {
  /** Set when the thread is made. */
  pool: TaskPool | undefined;
  /** Never rejects. */
  readonly outcome: Promise<LoadOutcome>;
  private settled = false;
  private asked = false;
  private exit: WorkError | undefined;
  private settle: (outcome: LoadOutcome) => void = () => {};
  private readonly cancel: Cancel;
  private stopping: Promise<void> | undefined;
  private isStopping = false;
  /** When the module may stop its work no longer. */
  private readonly cut: Alarm;
  private isEnding = false;
  private cutNow: () => void = () => {};

  constructor(private readonly parts: PoolStartParts) {
    this.cut = new Alarm(parts.clock, () => this.cutNow());
    this.outcome = new Promise((resolve) => {
      this.settle = (outcome) => {
        this.settled = true;
        resolve(outcome);
      };
    });
    this.cancel = parts.gate.ask((leave) => {
      void this.open().then((outcome) => {
        leave();
        this.settle(outcome);
      });
    });
  }

  /**
   * Ends the thread, or gives its place up. Resolves when the thread has exited, which a native call can hold up. If
   * nothing runs, the module may stop its work until then, and until `stopUntil`, which a later call can only shorten; and
   * what it has written is passed on.
   */
  terminate(stopUntil = Number.NEGATIVE_INFINITY): Promise<void> {
    this.asked = true;
    this.cancel();
    const { pool, parts } = this;
    if (pool === undefined) {
      parts.place.free();
      this.settle(ended);
      return Promise.resolve();
    }
    parts.place.leaves();
    if (this.stopping === undefined && pool.stops && stopUntil > parts.clock.now()) this.stopping = this.stopWork(pool);
    if (this.stopping === undefined) return this.end(pool);
    if (this.isStopping) this.cut.by(stopUntil);
    return this.stopping.then(() => this.end(pool));
  }

  /** One that does not exit takes no place from others: nothing can end it, and no other is made for its cluster. */
  private end(pool: TaskPool): Promise<void> {
    const { clock, exitPatience, place } = this.parts;
    place.leaves();
    const exit = pool.terminate();
    if (!this.isEnding) void endsBy(clock, clock.now() + exitPatience, exit).then(() => place.free());
    this.isEnding = true;
    return exit;
  }

  begins(): void {
    this.parts.place.begins();
  }

  ends(): void {
    this.parts.place.ends();
  }

  /** Resolves when the module is not stopping its work, and at `until` at the latest. */
  async stopped(until: number): Promise<void> {
    if (this.isStopping) this.cut.by(until);
    await this.stopping;
  }

  private async stopWork(pool: TaskPool): Promise<void> {
    const { clock, stopFailed: tell } = this.parts;
    const since = clock.now();
    this.isStopping = true;
    if (!pool.hasStop) this.cut.by(since + FLUSH_MAX_MS);
    const late = new Promise<'late'>((resolve) => {
      this.cutNow = () => resolve('late');
    });
    const answer = await Promise.race([pool.stopWork(), late]);
    this.isStopping = false;
    this.cut.clear();
    if (!pool.hasStop) return;
    if (answer === 'late')
      tell(stopFailed(`did not end within ${Math.round(clock.now() - since)} ms, so its thread is ended`));
    else if (answer.failure?.type === 'error') {
      const error = fromWire(answer.failure.error);
      tell(stopFailed(`failed: ${error.message}`, error));
    }
  }

  private async open(): Promise<LoadOutcome> {
    const { makePool, idleExit, clock, loadTimeout, place } = this.parts;
    const began = clock.now();
    let pool: TaskPool;
    try {
      pool = makePool((error) => {
        if (this.settled) idleExit(error);
        else this.exit = error;
      });
    } catch (cause) {
      // No thread is to be had, or none can start with these limits.
      place.free();
      const text = `the task thread does not start: ${toWire(cause).message}`;
      return failed(new WorkError('ERR_TASK_THREAD_EXITED', text), true);
    }
    this.pool = pool;
    void pool.exited.then(() => place.free());
    let overdue: WorkError | undefined;
    const cancel = clock.at(clock.now() + loadTimeout, () => {
      const text = `the work module did not load within ${loadTimeout} ms (loadTimeout), so its thread was ended`;
      overdue = new WorkError('ERR_WORK_MODULE', text);
      void this.end(pool);
    });
    const { failure } = await pool.loaded;
    cancel();
    if (failure === null && pool.usable) {
      place.loaded(clock.now() - began);
      return { type: 'loaded' };
    }
    const exited = await endsBy(clock, clock.now() + LOAD_EXIT_MAX_MS, this.end(pool));
    if (this.asked) return ended;
    if (overdue !== undefined) return failed(overdue, exited);
    if (failure?.type === 'error') return { type: 'failed', error: failure.error, exited };
    const text = 'the task thread ended when it had loaded the work';
    return failed(this.exit ?? new WorkError('ERR_TASK_THREAD_EXITED', text), exited);
  }
}

function failed(error: WorkError, exited: boolean): LoadOutcome {
  return { type: 'failed', error: toWire(error), exited };
}
