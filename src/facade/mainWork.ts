/**
 * Runs work that is a function, here on the main thread, when the coordinator asks for it. One run at a time, even when
 * a new coordinator asks while a run that a dead one had asked for is still under way.
 */

import { callWork } from '../execution/callWork.js';
import { WorkContext } from '../execution/context.js';
import type { WorkOutcome } from '../queue/runner.js';
import { decodeTask } from '../task/taskCodec.js';
import type { MemberEvent } from '../wire/messages.js';
import type { SharedLease } from '../wire/sharedLease.js';
import { InsideWork } from './insideWork.js';

type UserFunction = (task: unknown, context: WorkContext) => unknown;
type WorkRequest = Extract<MemberEvent, { type: 'work' }>;

export class MainWork {
  private running: WorkContext | undefined;
  private readonly inside = new InsideWork();
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly work: UserFunction,
    private readonly lease: SharedLease,
    private readonly results: boolean,
  ) {}

  /** `put` puts down a checkpoint of this run. */
  run(request: WorkRequest, put: (bytes: Uint8Array) => Promise<void>): Promise<WorkOutcome> {
    const outcome = this.last.then(() => this.runNow(request, put));
    this.last = outcome;
    return outcome;
  }

  private async runNow(request: WorkRequest, put: (bytes: Uint8Array) => Promise<void>): Promise<WorkOutcome> {
    const { id, bytes, term, attempt, details, checkpoint } = request;
    const putDown = (_: WorkContext, value: Uint8Array) => put(value);
    const context = new WorkContext(id, term, attempt, this.lease, details, putDown, checkpoint ?? undefined);
    this.running = context;
    const outcome = await this.inside.run(() =>
      callWork(this.work, () => decodeTask(Buffer.from(bytes)), context, {
        aborted: this.lease.aborted,
        results: this.results,
      }),
    );
    this.running = undefined;
    return outcome;
  }

  /** Returns whether the run under way is what calls. */
  get isCaller(): boolean {
    return this.inside.isCaller;
  }

  abort(reason: string): void {
    this.running?.abort(reason);
  }
}
