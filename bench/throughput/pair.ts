/**
 * The limit of tiny tasks: two threads written by hand, with many tasks a message. Nothing is checked, kept for a
 * failure, limited, ordered among members or told to anybody.
 */
import { Worker } from 'node:worker_threads';

export interface PairRequest {
  readonly call: number;
  readonly tasks: readonly { readonly id: number }[];
}

export interface PairAnswer {
  readonly call: number;
}

/** Tasks of a message. */
export const MESSAGE_TASKS = 1000;
/** Messages under way, so neither thread waits for the other. */
export const MESSAGES_AT_ONCE = 4;

export class Pair {
  private readonly worker = new Worker(new URL('./pairThread.js', import.meta.url));
  private readonly waiting = new Map<number, () => void>();
  private calls = 0;
  private gathered: PairRequest['tasks'][number][] = [];
  private settles: (() => void)[] = [];

  constructor() {
    this.worker.on('message', ({ call }: PairAnswer) => {
      const settle = this.waiting.get(call);
      this.waiting.delete(call);
      settle?.();
    });
    this.worker.on('error', (error) => {
      throw error;
    });
  }

  /** Resolves when all of them are done: no promise for one of them. */
  sendMany(tasks: PairRequest['tasks']): Promise<void> {
    return new Promise((resolve) => this.send(tasks, resolve));
  }

  /** Resolves when this one is done. Those of one turn go together. */
  sendOne(task: PairRequest['tasks'][number]): Promise<void> {
    return new Promise((resolve) => {
      if (this.gathered.length === 0) queueMicrotask(() => this.flush());
      this.gathered.push(task);
      this.settles.push(resolve);
      if (this.gathered.length === MESSAGE_TASKS) this.flush();
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private flush(): void {
    const { gathered, settles } = this;
    if (gathered.length === 0) return;
    this.gathered = [];
    this.settles = [];
    this.send(gathered, () => {
      for (const settle of settles) settle();
    });
  }

  private send(tasks: PairRequest['tasks'], settle: () => void): void {
    const call = this.calls++;
    this.waiting.set(call, settle);
    const request: PairRequest = { call, tasks };
    this.worker.postMessage(request);
  }
}
