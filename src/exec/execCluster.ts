/** The member of a supervisor: an unmanaged cluster that owns processes. */
import { Cluster } from '../facade/cluster.js';
import type { CoordinatorHandle } from '../facade/coordinatorHandle.js';
import type { GroupEnd, GroupNews, OwnedGroup } from '../wire/groups.js';
import type { MemberEvent } from '../wire/messages.js';
import type { Election } from './parts.js';

interface Listener {
  groupNews(news: GroupNews): void;
  coordinatorLost(): void;
}

export class ExecCluster extends Cluster implements Election {
  constructor(
    handle: CoordinatorHandle,
    name: string,
    priority: number,
    private readonly listener: Listener,
  ) {
    super(handle, name, { identifier: null, managed: null, priority });
  }

  join(): Promise<void> {
    return this.run();
  }

  leave(): Promise<void> {
    return this.stop();
  }

  override get term(): number | null {
    // Its lease may be won before its state is told, and is valid while it is given up.
    return this.state === 'master' ? super.term : null;
  }

  get remaining(): number {
    return this.leaseRemaining();
  }

  get member(): string {
    return this.holder;
  }

  own(group: OwnedGroup): Promise<boolean> {
    return this.call('ownGroup', group);
  }

  end(number: number, signal: NodeJS.Signals | null, patience: number | null): Promise<GroupEnd> {
    return this.call('endGroup', number, signal, patience);
  }

  async isBusy(): Promise<boolean> {
    const { seen } = await this.status();
    return seen !== null && seen.holder !== null;
  }

  hasSucceeded(key: string): Promise<boolean> {
    return this.call('hasSucceeded', key);
  }

  recordSuccess(key: string, term: number): Promise<void> {
    return this.call('recordSuccess', key, term);
  }

  protected override kindHappened(event: MemberEvent): void {
    if (event.type === 'group') this.listener.groupNews(event);
  }

  protected override kindLost(): void {
    this.listener.coordinatorLost();
  }
}
