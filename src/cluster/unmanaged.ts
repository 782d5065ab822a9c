/** Election and synchronization only: the client does its work by itself. */
import { InvalidOptionError } from '../errors.js';
import { resolveIdentifier } from '../resolveName.js';
import type { TaskId } from '../task.js';
import { Cluster, unlessLost } from './cluster.js';
import type { CoordinatorHandle } from './coordinatorHandle.js';

export class UnmanagedCluster extends Cluster {
  constructor(handle: CoordinatorHandle, name: string, identifier: TaskId | null) {
    super(handle, name, { identifier, managed: null });
  }

  /**
   * Says how far the work has come; the standbys hear of it, by their `synchronize` event, within SYNC and POLL.
   * Resolves with false when this member is not master: then nothing is told.
   *
   * @throws InvalidOptionError `ERR_INVALID_OPTION` for an identifier that is neither a text nor a finite number;
   * StateError `ERR_STOPPED` after `stop()`.
   */
  async synchronize(identifier: TaskId): Promise<boolean> {
    this.mustNotBeStopped();
    const id = resolveIdentifier(identifier);
    if (id === undefined) throw new InvalidOptionError('synchronize needs an identifier');
    const told = await this.call((remote, cluster) => remote.synchronize(cluster, id)).catch(unlessLost);
    return told ?? false;
  }

  protected override kindHappened(): void {}
}
