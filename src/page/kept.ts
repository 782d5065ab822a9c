/** A connection that is opened when it is needed, and closed once it was not for a while. */
import type { Cancel, Clock } from '../time/clock.js';

export interface Openable {
  open(): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}

export interface Source<T> {
  use<R>(run: (opened: T) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

export class Kept<T extends Openable> implements Source<T> {
  private opening: Promise<T> | undefined;
  private users = 0;
  private cancel: Cancel = () => {};
  private isClosed = false;
  private closing: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: {
      readonly make: () => Promise<T>;
      readonly clock: Pick<Clock, 'now' | 'at'>;
      /** How long it stays open without a use, in ms. */
      readonly keep: number;
    },
  ) {}

  get isOpen(): boolean {
    return this.opening !== undefined;
  }

  async use<R>(run: (opened: T) => Promise<R>): Promise<R> {
    if (this.isClosed) throw new Error('it was closed');
    this.cancel();
    this.users += 1;
    try {
      this.opening ??= this.open();
      return await run(await this.opening);
    } finally {
      this.users -= 1;
      if (this.users === 0) this.idle();
    }
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancel();
    this.release();
    await this.closing;
  }

  private async open(): Promise<T> {
    try {
      // One at a time: the one before may still hold what the next one opens.
      await this.closing;
      const made = await this.parts.make();
      try {
        await made.open();
      } catch (error) {
        await made.close();
        throw error;
      }
      return made;
    } catch (error) {
      this.opening = undefined;
      throw error;
    }
  }

  private idle(): void {
    if (this.isClosed || this.opening === undefined) return;
    const { clock, keep } = this.parts;
    this.cancel = clock.at(clock.now() + keep, () => this.release());
  }

  private release(): void {
    const { opening } = this;
    this.opening = undefined;
    if (opening === undefined) return;
    const last = this.closing;
    this.closing = opening
      .then((opened) => opened.close())
      .then(
        () => last,
        () => last,
      );
  }
}
