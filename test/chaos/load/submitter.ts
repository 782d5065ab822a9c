/**
 * Stores tasks, batch after batch, each when all of the one before are stored, and puts into a history what the store has
 * said to have. A call that failed is made again, as the first one may have stored the task or not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FailoverError, type ManagedCluster } from 'mongo-failover';
import type { LineFile } from '../lineFile.ts';
import { drawTask, type Task } from '../task.ts';
import type { Asker } from './asker.ts';

/** After a failure, in ms. */
const REST = 50;

export class Submitter {
  private batch = 0;
  private over = false;
  private running = Promise.resolve();

  constructor(
    readonly name: string,
    private readonly cluster: ManagedCluster<Task>,
    private readonly history: LineFile,
    private readonly random: () => number,
    private readonly asker: Asker,
    /** For how long it waits for tasks that answer, by turns, in ms. */
    private readonly waits: readonly number[],
  ) {}

  /** `size` tasks each `every` ms, or as fast as the store takes them, until `end`. */
  start(size: number, every: number): void {
    this.running = this.load(size, every);
  }

  /** Resolves when what was begun is stored. */
  async end(): Promise<void> {
    this.over = true;
    await this.running;
  }

  /** Resolves when all are stored. */
  async submit(tasks: readonly Task[]): Promise<void> {
    const batch = this.batch;
    this.batch += 1;
    let left = [...tasks.entries()];
    for (let first = true; left.length > 0; first = false) {
      const sent = process.hrtime.bigint();
      const answers = await Promise.allSettled(left.map(([, task]) => this.cluster.submitWork(task, { wait: true })));
      const failed: typeof left = [];
      for (const [place, [index, task]] of left.entries()) {
        const answer = answers[place];
        if (answer?.status === 'fulfilled') {
          this.note('stored', task.id, { batch, index, first, sent });
          const timeout = this.waits[batch % this.waits.length];
          if (task.answers && timeout !== undefined) this.asker.wait(task.id, answer.value, timeout);
        } else {
          mustBeOfStore(answer?.reason);
          this.note('again', task.id, {});
          failed.push([index, task]);
        }
      }
      left = failed;
      if (left.length > 0) await sleep(REST);
    }
  }

  private async load(size: number, every: number): Promise<void> {
    while (!this.over) {
      const due = performance.now() + every;
      const { batch } = this;
      await this.submit(
        Array.from({ length: size }, (_, index) => drawTask(`${this.name}:${batch * size + index}`, this.random)),
      );
      const left = due - performance.now();
      if (left > 0) await sleep(left);
    }
  }

  private note(what: string, id: string, more: Record<string, unknown>): void {
    this.history.write({ what, at: process.hrtime.bigint(), id, submitter: this.name, ...more });
  }
}

/** What may be tried again; everything else is a defect. */
export function mustBeOfStore(error: unknown): void {
  if (!(error instanceof FailoverError)) throw error;
  if (!error.code.startsWith('ERR_STORE') && error.code !== 'ERR_COORDINATOR_LOST') throw error;
}
