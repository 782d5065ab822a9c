/**
 * A second cluster of each member where the server can bear it, whose tasks have a least time between their starts. The runner submits few of them: they take
 * little but that time.
 */
import type { Progress } from '../progress.ts';
import type { Submitter } from './submitter.ts';

export const PACED = 'paced';
export const pacedWork = new URL('../pacedWork.js', import.meta.url);
/** `minInterval` in ms: longer than a lease. Few failovers take all of it. */
export const pacedOptions = {
  ...{ durable: true, minInterval: 1300, maxQueue: 1000 },
  retry: { attempts: 10_000, minDelay: 20 },
} as const;

const LAST = 'paced-last';

export class PacedLoad {
  private isStarted = false;

  constructor(
    private readonly submitter: Submitter,
    private readonly progress: Progress,
  ) {}

  /** One task each `every` ms. */
  start(every: number): void {
    this.isStarted = true;
    this.submitter.start(1, every);
  }

  /** Resolves when the last task is stored. */
  async end(): Promise<void> {
    if (!this.isStarted) return;
    await this.submitter.end();
    await this.submitter.submit([{ id: LAST, ms: 0 }]);
  }

  /** Whether the last task has ended, if there is one. */
  get isOver(): boolean {
    return !this.isStarted || this.progress.has(LAST);
  }
}
