/** What a managed cluster asks of tasks that are stored: to cancel one, to change one, and to put dead letters back. */
import { showValue } from '../diagnostics/showValue.js';
import { FailoverError, StateError, TaskError } from '../errors.js';
import type { CancelOptions, RequeueAllOptions, ResolvedManagedOptions, UpdateOptions } from '../options/options.js';
import { resolveCancel, resolveRequeueAll, resolveUpdate } from '../options/taskChanges.js';
import { LETTERS_APART } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import { asTaskId, taskIdRule } from '../task/taskId.js';
import type { Caller, ChangeTaskRequest, RequeuedAll } from '../wire/messages.js';
import type { CancelOutcome, UpdateOutcome } from './taskChanger.js';

interface TaskChangesParts {
  readonly name: string;
  readonly options: Pick<ResolvedManagedOptions, 'durable' | 'cancelTimeout'>;
  readonly call: Caller;
  /** @throws StateError */
  mustNotBeStopped(): void;
  /** Encodes a task, and returns its id, with bytes of their own. */
  encode(task: object): { readonly id: TaskId; readonly bytes: Uint8Array };
  /** Called when the master has cancelled a task as this cluster asked. */
  removed(id: TaskId): void;
}

export class TaskChanges {
  constructor(private readonly parts: TaskChangesParts) {}

  async cancel(id: TaskId, options?: CancelOptions): Promise<CancelOutcome> {
    const known = this.check('cancel', id);
    const { running, timeout } = resolveCancel(options, this.parts.options.cancelTimeout);
    const outcome = await this.ask({ id: known, bytes: null, running, timeout });
    if (outcome === 'removed') this.parts.removed(known);
    // A master answers what it was asked.
    return outcome === 'updated' ? 'unknown' : outcome;
  }

  async update(id: TaskId, task: object, options?: UpdateOptions): Promise<UpdateOutcome> {
    const known = this.check('update', id);
    const { timeout } = resolveUpdate(options);
    const { id: own, bytes } = this.parts.encode(task);
    if (!Object.is(own, known)) {
      const text = `the task that replaces ${showValue(known)} must have the same id, not ${showValue(own)}`;
      throw new TaskError('ERR_INVALID_KEY', text);
    }
    const outcome = await this.ask({ id: known, bytes, running: false, timeout });
    return outcome === 'removed' ? 'unknown' : outcome;
  }

  async requeueAll(options?: RequeueAllOptions): Promise<RequeuedAll> {
    this.mustBeStored('requeueAll');
    const { limit, error } = resolveRequeueAll(options);
    const { call } = this.parts;
    const newest = await call('newestLetter');
    let [requeued, duplicates, after] = [0, 0, 0];
    for (;;) {
      const page = await call('listDeadLetters', after);
      if (page.length === 0) return { requeued, duplicates, full: false };
      for (const letter of page) {
        if (requeued + duplicates >= limit) return { requeued, duplicates, full: false };
        after = letter.seq;
        if (after % LETTERS_APART > newest) {
          // Of tasks that were put back, and have failed again: past all of them.
          after += LETTERS_APART - (after % LETTERS_APART);
          break;
        }
        // Here, because a pattern can run for minutes, and the thread of the beats must not wait for it.
        if (error?.test(letter.error) === false) continue;
        const outcome = await call('requeueLetter', letter.id, letter.seq);
        if (outcome === 'full') return { requeued, duplicates, full: true };
        if (outcome === 'queued') requeued += 1;
        if (outcome === 'known') duplicates += 1;
      }
    }
  }

  private async ask(request: ChangeTaskRequest) {
    const outcome = await this.parts.call('changeTask', request);
    if (outcome !== 'full') return outcome;
    const { name } = this.parts;
    const text = `too many requests to change tasks of '${name}' wait for a master, so that of ${showValue(request.id)} was not written: try again when it has answered some`;
    throw new FailoverError('ERR_CHANGES_FULL', text);
  }

  private check(what: string, id: TaskId): TaskId {
    this.mustBeStored(what);
    const known = asTaskId(id);
    if (known !== undefined) return known;
    throw new TaskError('ERR_INVALID_KEY', `an id must be ${taskIdRule}, not ${showValue(id)}`);
  }

  private mustBeStored(what: string): void {
    const { name, options, mustNotBeStopped } = this.parts;
    mustNotBeStopped();
    if (options.durable) return;
    const text = `${what} is for stored tasks, and those of '${name}' are in the memory of each member: set durable to true`;
    throw new StateError('ERR_NOT_DURABLE', text);
  }
}
