/** Election and synchronization only: the client does its work by itself. */
import { InvalidOptionError } from '../errors.js';
import { resolveIdentifier } from '../options/name.js';
import type { TaskId } from '../task/task.js';
import type * as api from './api.js';
import { Cluster, unlessLost } from './cluster.js';
import type { CoordinatorHandle } from './coordinatorHandle.js';

/** Its public members are described in `api.ts`. */
export class UnmanagedCluster extends Cluster implements api.UnmanagedCluster {
  constructor(handle: CoordinatorHandle, name: string, identifier: TaskId | null, priority: number) {
    super(handle, name, { identifier, managed: null, priority });
  }

  async synchronize(identifier: TaskId): Promise<boolean> {
    this.mustNotBeStopped();
    const id = resolveIdentifier(identifier);
    if (id === undefined) throw new InvalidOptionError('synchronize needs an identifier');
    const told = await this.call('synchronize', id).catch(unlessLost);
    return told ?? false;
  }

  protected override kindHappened(): void {}
}
