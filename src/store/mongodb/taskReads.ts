/**
 * How the durable queue is read: never what a new primary could take back. A number seen in a task that is then lost
 * with its primary would be given again, below what is done by then.
 */
import { StoreError } from '../../errors.js';
import { type Fields, isFields } from '../documents.js';
import { TaskReader } from '../taskDocuments.js';
import type { QueueState } from '../taskStore.js';
import { type Commands, LEASES, leaseId } from './commands.js';

export const TASKS = 'failover_tasks';
export const DEAD_LETTERS = 'failover_deadletters';

/** What the majority has; of a primary that has been replaced and does not know it yet, what it had. */
export const majority = { readConcern: { level: 'majority' } } as const;
/** What the majority has, from a primary that has made sure that it still is one. */
const linearizable = { readConcern: { level: 'linearizable' } } as const;

export class TaskReads {
  /** A server that is no replica set refuses it; there is no other primary there. */
  private canBeLinearizable = true;

  constructor(private readonly commands: Commands) {}

  /** The highest number in the collection, 0 without any. */
  async highest(what: string, name: string, fresh = false): Promise<number> {
    const options = { sort: { seq: -1 }, limit: 1, projection: { seq: 1, format: 1 } };
    const [task] = await this.find(what, TASKS, { name }, options, fresh);
    return task === undefined ? 0 : this.reader(task).serial('seq');
  }

  async state(what: string, name: string, fresh = false): Promise<QueueState> {
    const options = { limit: 1, projection: { done: 1, burial: 1, format: 1 } };
    const [lease] = await this.find(what, LEASES, { _id: leaseId(name) }, options, fresh);
    return lease === undefined ? { done: 0, burial: null } : this.reader(lease).queueState();
  }

  reader(document: Fields): TaskReader {
    return new TaskReader(document, this.commands.where(document._id));
  }

  private async find(what: string, from: string, filter: Fields, options: Fields, fresh: boolean): Promise<Fields[]> {
    const { commands } = this;
    if (!fresh || !this.canBeLinearizable) return commands.find(what, from, filter, { ...options, ...majority });
    try {
      return await commands.find(what, from, filter, { ...options, ...linearizable });
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'ERR_STORE')) throw error;
      const found = await commands.find(what, from, filter, { ...options, ...majority });
      this.canBeLinearizable = false;
      return found;
    }
  }
}

export function taskKey(name: string, seq: number): string {
  return `${seq}/${name}`;
}

/** In the place of the id of a task that is done, when the id came again: no id is stored so. */
export function retiredKey(seq: number): Fields {
  return { was: seq };
}

export function isRetired({ key }: Fields): boolean {
  return isFields(key) && 'was' in key;
}
