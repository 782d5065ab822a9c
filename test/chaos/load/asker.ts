/**
 * Asks what becomes of tasks, or for something else to become of them, and puts questions and answers into a history:
 *
 *   waits ID TIMEOUT, answer ID STATE    `done()` of a submission: 'done' with its term and result, or the code that it threw
 *   cancels ID RUNNING, cancelled ID STATE    `cancel(id)`: its answer, or a code
 *   updates ID VERSION, updated ID VERSION STATE    `update(id, task)`: its answer, or a code
 *   requeues CALL OF LIMIT, requeued CALL STATE    `requeueAll`: what it has put back, or a code
 *   outcome ID STATE    `outcome(id)`: its state, 'none', or a code
 */
import { FailoverError, type ManagedCluster, type Submission } from 'mongo-failover';
import type { LineFile } from '../lineFile.ts';
import type { Answer, Task } from '../task.ts';

/** How long a cancel and an update wait for the decision of a master, in ms. */
const CHANGE_TIMEOUT = 5000;

export class Asker {
  private readonly open = new Set<Promise<void>>();
  /** The tasks that were asked to be cancelled. */
  readonly cancelled: string[] = [];
  private requeues = 0;

  constructor(
    private readonly cluster: ManagedCluster<Task>,
    private readonly history: LineFile,
  ) {}

  /** Waits for a task, for so many ms. */
  wait(id: string, submission: Submission, timeout: number): void {
    this.note('waits', { id, timeout });
    this.follow(
      submission.done<Answer | undefined>({ timeout }).then(
        ({ result, term, attempts }) => this.note('answer', { id, state: 'done', term, attempts, result }),
        (error: unknown) => this.note('answer', { id, state: codeOf(error) }),
      ),
    );
  }

  cancel(id: string, running: boolean): void {
    this.cancelled.push(id);
    this.note('cancels', { id, running });
    this.follow(
      this.cluster.cancel(id, { running, timeout: CHANGE_TIMEOUT }).then(
        (state) => this.note('cancelled', { id, state }),
        (error: unknown) => this.note('cancelled', { id, state: codeOf(error) }),
      ),
    );
  }

  /** Gives a task another payload. Resolves when that is answered. */
  update(task: Task): Promise<void> {
    const { id, version } = task;
    this.note('updates', { id, version });
    return this.cluster.update(id, task, { timeout: CHANGE_TIMEOUT }).then(
      (state) => this.note('updated', { id, version, state }),
      (error: unknown) => this.note('updated', { id, version, state: codeOf(error) }),
    );
  }

  /** Puts dead letters back: those of one illness, or all; and so many at most. Returns how many it met, or a code. */
  async requeue({ of, limit }: { readonly of?: string; readonly limit?: number } = {}): Promise<number | string> {
    this.requeues += 1;
    const id = `requeue ${this.requeues}`;
    this.note('requeues', { id, of, limit });
    const filter = of === undefined ? {} : { error: new RegExp(`ill of ${of}$`) };
    try {
      const { requeued, duplicates } = await this.cluster.requeueAll({ ...filter, limit });
      this.note('requeued', { id, state: 'done', requeued, duplicates });
      return requeued + duplicates;
    } catch (error) {
      const state = codeOf(error);
      this.note('requeued', { id, state });
      return state;
    }
  }

  /** Looks once how a task ended. Returns what was told. */
  async outcome(id: string): Promise<string> {
    const sent = process.hrtime.bigint();
    try {
      const outcome = await this.cluster.outcome<Answer | undefined>(id);
      const state = outcome?.state ?? 'none';
      this.note('outcome', { id, sent, state, term: outcome?.term, result: outcome?.result });
      return state;
    } catch (error) {
      const state = codeOf(error);
      this.note('outcome', { id, sent, state });
      return state;
    }
  }

  /** Resolves when all is answered. */
  async end(): Promise<void> {
    while (this.open.size > 0) await Promise.all(this.open);
  }

  private follow(asked: Promise<void>): void {
    this.open.add(asked);
    // What is thrown here is a defect: it ends the process.
    void asked.then(() => this.open.delete(asked));
  }

  private note(what: string, more: Record<string, unknown>): void {
    this.history.write({ what, at: process.hrtime.bigint(), ...more });
  }
}

/** Returns the code of an error of the package; any other one is a defect. */
export function codeOf(error: unknown): string {
  if (error instanceof FailoverError) return error.code;
  throw error;
}
