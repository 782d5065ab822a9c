/**
 * Tells whether a call comes from a function of the user that runs as work right now. Such a call must not wait for the
 * end of that run: the run waits for the call. The caller is known by its asynchronous context, which `await`, timers and
 * callbacks carry on; a call that outlives the run counts as any other.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export class InsideWork {
  private readonly callers = new AsyncLocalStorage<object>();
  private current: object | undefined;

  async run<T>(work: () => Promise<T>): Promise<T> {
    const run = {};
    this.current = run;
    try {
      return await this.callers.run(run, work);
    } finally {
      if (this.current === run) this.current = undefined;
    }
  }

  get isCaller(): boolean {
    return this.current !== undefined && this.callers.getStore() === this.current;
  }
}
