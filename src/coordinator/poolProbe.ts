/**
 * Notices that libuv's thread pool is busy. All threads of a process share its few threads, so asynchronous work of the
 * user's code can fill it. Beats do not need it on either store, but people should know why other things wait.
 *
 * One cheap call goes through the pool each second, and never a second one beside it.
 */

import { FailoverError } from '../errors.js';
import type { Cancel, Clock } from '../time/clock.js';
import type { PoolReport } from '../wire/status.js';

/** Between the answer to one call and the next call, in ms. */
const PROBE_PERIOD_MS = 1000;
/** The pool is busy when a call has waited for so long, in ms. */
export const POOL_ANSWER_MAX_MS = 5000;

interface PoolProbeParts {
  readonly clock: Pick<Clock, 'now' | 'at'>;
  /** Makes one call that needs a thread of the pool. The answer does not matter. */
  ask(): Promise<unknown>;
  /** Called once each time that the pool becomes busy. */
  busy(error: FailoverError): void;
  /** Called when a busy pool has answered; `text` says so. */
  free(text: string): void;
}

export class PoolProbe {
  private asked: number | undefined;
  private last = 0;
  private busy = false;
  private running = false;
  private cancel: Cancel = () => {};

  constructor(private readonly parts: PoolProbeParts) {}

  /** Starts probing. May be called again. */
  start(): void {
    if (this.running) return;
    this.running = true;
    if (this.asked === undefined) this.wait();
  }

  stop(): void {
    this.running = false;
    this.cancel();
  }

  report(): PoolReport {
    const waiting = this.asked === undefined ? 0 : this.parts.clock.now() - this.asked;
    return { busy: this.busy, wait: Math.max(this.last, waiting) };
  }

  private wait(): void {
    const { clock } = this.parts;
    this.cancel = clock.at(clock.now() + PROBE_PERIOD_MS, () => this.probe());
  }

  private probe(): void {
    const { clock, ask } = this.parts;
    this.asked = clock.now();
    this.cancel = clock.at(this.asked + POOL_ANSWER_MAX_MS, () => this.becomeBusy());
    const answered = (): void => this.answered();
    ask().then(answered, answered);
  }

  private becomeBusy(): void {
    this.busy = true;
    this.parts.busy(
      new FailoverError(
        'ERR_POOL_BUSY',
        `libuv's thread pool has not answered for ${POOL_ANSWER_MAX_MS} ms: asynchronous file, zlib, crypto or DNS calls of this process fill it. ` +
          'Beats and elections go on. Loader hooks and modules with a top-level await wait. ' +
          'Set UV_THREADPOOL_SIZE to more than the default of 4 before the process starts, or make fewer such calls at once.',
      ),
    );
  }

  private answered(): void {
    const waited = this.parts.clock.now() - (this.asked ?? 0);
    this.asked = undefined;
    this.last = waited;
    this.cancel();
    if (this.busy) {
      this.busy = false;
      this.parts.free(`libuv's thread pool answers again, after ${Math.round(waited)} ms`);
    }
    if (this.running) this.wait();
  }
}
