/**
 * How the embedded store reads and writes: within the time limit, on what is there now, and with errors that name the
 * folder. While a call that has ended still waits for the write lock, none is added to it.
 */
import { StoreError } from '../../errors.js';
import { type Fields, isFields } from '../documents.js';
import { withinLimit } from '../timeLimit.js';
import { type Environment, openEnvironment } from './environment.js';
import { embeddedError } from './storeErrors.js';

export class Access {
  private environment: Environment | undefined;
  private closed = false;
  /** Calls whose limit has passed and that still wait for the write lock. */
  private overdue = 0;

  constructor(
    readonly path: string,
    readonly commandTimeout: number,
  ) {}

  /** Whether it was not open before. */
  async open(): Promise<boolean> {
    if (this.closed) throw new StoreError('ERR_STORE', 'the store is closed');
    if (this.environment !== undefined) return false;
    const environment = await openEnvironment(this.path);
    if (this.closed || this.environment !== undefined) {
      await environment.close();
      if (this.closed) throw new StoreError('ERR_STORE', 'the store was closed while it opened');
      return false;
    }
    this.environment = environment;
    return true;
  }

  async close(): Promise<void> {
    this.closed = true;
    const { environment } = this;
    this.environment = undefined;
    if (environment === undefined) return;
    await withinLimit(this.commandTimeout, this.late('close'), () => environment.close()).catch(() => {});
  }

  async read<T>(what: string, look: (environment: Environment) => T): Promise<T> {
    const environment = this.opened();
    try {
      environment.refresh();
      return look(environment);
    } catch (error) {
      throw embeddedError(error, what, this.path);
    }
  }

  /**
   * Puts what `next` makes of the entry in its place, false when `next` makes nothing of it. When somebody else was
   * faster nothing was written, and `next` decides again on what is there now.
   */
  change(what: string, key: Buffer, next: (old: Fields | undefined) => Fields | undefined): Promise<boolean> {
    return this.write(what, async (environment, signal) => {
      while (!signal.aborted) {
        environment.refresh();
        const entry = environment.get(key);
        const old = entry?.value;
        if (old !== undefined && !isFields(old)) throw this.notFields(what);
        const value = next(old);
        if (value === undefined) return false;
        if (await environment.put(key, value, entry?.version)) return true;
      }
      return false;
    });
  }

  async write<T>(what: string, call: (environment: Environment, signal: AbortSignal) => Promise<T>): Promise<T> {
    const environment = this.opened();
    const late = this.late(what);
    if (this.overdue > 0) {
      const text = `the store ${this.path} is not available for ${what}: an earlier call still waits for its write lock`;
      throw new StoreError('ERR_STORE_UNAVAILABLE', text);
    }
    let outcome: Promise<unknown> = Promise.resolve();
    const overdue = () => {
      this.overdue += 1;
      const settled = () => {
        this.overdue -= 1;
      };
      outcome.then(settled, settled);
      return late();
    };
    try {
      return await withinLimit(this.commandTimeout, overdue, (signal) => {
        const writing = call(environment, signal);
        outcome = writing;
        return writing;
      });
    } catch (error) {
      throw embeddedError(error, what, this.path);
    }
  }

  /** What a document is called in an error. */
  where(what: string, name: string): string {
    return `the ${what} of ${name} in ${this.path}`;
  }

  private opened(): Environment {
    if (this.environment === undefined) {
      throw new StoreError('ERR_STORE', this.closed ? 'the store is closed' : 'the store is not open');
    }
    return this.environment;
  }

  private notFields(what: string): StoreError {
    return new StoreError('ERR_STORE_DATA', `what ${what} found in ${this.path} is not a document`);
  }

  private late(what: string): () => StoreError {
    return () =>
      new StoreError(
        'ERR_STORE_UNAVAILABLE',
        `the store ${this.path} is not available for ${what}: no answer in ${this.commandTimeout} ms`,
      );
  }
}
