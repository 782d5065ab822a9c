/** The clusters of an application of NestJS, by name. */
import { Logger } from '@nestjs/common';
import {
  type Cluster,
  type Failover,
  type FailoverOptions,
  failover,
  InvalidOptionError,
  type ManagedCluster,
  type ManagedOptions,
  type TaskId,
  type TaskKey,
  type UnmanagedCluster,
  type UnmanagedOptions,
  type Work,
} from 'mongo-failover';

/** A cluster with a queue as it was described; its types say no more than is checked when it is made. */
interface Managed {
  readonly key: TaskKey<never>;
  readonly work: URL | string | Work<never>;
  readonly options?: ManagedOptions;
}

interface Unmanaged {
  readonly identifier?: TaskId;
  readonly options?: UnmanagedOptions;
}

/** What a cluster is made of, beside its name. */
export type Described = Managed | Unmanaged;

export class Clusters {
  readonly service: Failover;
  readonly logger = new Logger('FailoverModule');
  private readonly byName = new Map<string, ManagedCluster | UnmanagedCluster>();

  constructor(options: FailoverOptions) {
    this.service = failover(options);
  }

  get all(): readonly (ManagedCluster | UnmanagedCluster)[] {
    return [...this.byName.values()];
  }

  make(name: string, definition: Described): ManagedCluster | UnmanagedCluster {
    if (this.byName.has(name)) {
      const text = `the cluster '${name}' is made twice; call FailoverModule.cluster() once, and export that module to others`;
      throw new InvalidOptionError(text);
    }
    const cluster = this.made(name, definition);
    this.byName.set(name, cluster);
    this.log(cluster);
    return cluster;
  }

  /** @throws InvalidOptionError */
  get(name: string, by: string): Cluster {
    const found = this.byName.get(name);
    if (found !== undefined) return found;
    const known = [...this.byName.keys()].map((each) => `'${each}'`).join(', ') || 'there is none';
    const text = `${by} names the cluster '${name}', which is not made by FailoverModule.cluster(): ${known}`;
    throw new InvalidOptionError(text);
  }

  private made(name: string, definition: Described): ManagedCluster | UnmanagedCluster {
    const { managed: ManagedClass, unmanaged: UnmanagedClass } = this.service;
    const { key, work, options } = definition as Managed;
    // Either may be there and undefined.
    if (key === undefined && work === undefined) {
      const { identifier, options } = definition as Unmanaged;
      return new UnmanagedClass(name, identifier, options);
    }
    return new ManagedClass(name, key, work as URL, options) as ManagedCluster;
  }

  private log(cluster: Cluster): void {
    const { name } = cluster;
    const coded = ({ code, message }: { code?: string; message: string }): string =>
      `${name}: ${message}${code === undefined ? '' : ` (${code})`}`;
    cluster.on('error', (error) => this.logger.error(coded(error)));
    cluster.on('panic', (error) => this.logger.error(coded(error)));
    cluster.on('info', (text) => this.logger.log(`${name}: ${text}`));
  }
}
