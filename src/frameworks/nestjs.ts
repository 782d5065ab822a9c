/**
 * A module for NestJS: clusters that are injected, run once the application has started, and closed before it shuts down.
 * It is a user of the package as any other, so it imports the package by its name.
 */
import { Inject } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import type {
  Failover,
  FailoverOptions,
  ManagedCluster,
  ManagedOptions,
  TaskId,
  TaskKey,
  UnmanagedCluster,
  UnmanagedOptions,
  Work,
} from 'mongo-failover';
import { Clusters, type Described } from './nestClusters.js';
import { guarding, noting } from './nestDecorators.js';
import { Lifecycle } from './nestLifecycle.js';

/** Describes a cluster that owns a queue: what `new managed(name, key, work, options)` takes. */
export interface ManagedDefinition {
  /** Names the property that holds a task's id, or returns the id. */
  readonly key: TaskKey<never>;
  /** Does the work: a module, which runs in a thread of its own, or a function, which can use what is injected. */
  readonly work: URL | string | Work<never>;
  /** Sets where the tasks are kept, how failures are tried again, and limits. */
  readonly options?: ManagedOptions;
}

/** Describes a cluster that only elects: what `new unmanaged(name, identifier, options)` takes. */
export interface UnmanagedDefinition {
  /** Says where the work begins if no instance has come further yet. */
  readonly identifier?: TaskId;
  /** Sets the priority of this member. */
  readonly options?: UnmanagedOptions;
}

/** Makes something of what NestJS injects. */
export interface AsyncFactory<Made> {
  /** Lists the modules whose providers are injected. */
  readonly imports?: unknown[];
  /** Lists the tokens of what is injected. */
  readonly inject?: unknown[];
  /** Is called with what is injected. */
  readonly useFactory: (...injected: never[]) => Made | Promise<Made>;
}

/** Names a cluster, and describes it or says how to make its description. */
export type ClusterDefinition = { readonly name: string } & (
  | ManagedDefinition
  | (UnmanagedDefinition & { readonly key?: undefined; readonly work?: undefined; readonly useFactory?: undefined })
  | AsyncFactory<ManagedDefinition | UnmanagedDefinition>
);

/** Is a dynamic module of NestJS, whose own type it fits. Its lists are for NestJS alone. */
export interface FailoverDynamicModule {
  /** Is the class that NestJS knows the module by. */
  module: new () => object;
  /** Says whether other modules need not import it. */
  global?: boolean;
  /** Lists the modules that it needs. */
  imports: never[];
  /** Lists what it makes. */
  providers: never[];
  /** Lists what others may inject. */
  exports: never[];
}

const SERVICE = 'mongo-failover:service';
const CLUSTERS = 'mongo-failover:clusters';
const OPTIONS = 'mongo-failover:options';

/** Returns the token by which NestJS knows a cluster: to put another one in its place in a test, for example. */
export function getClusterToken(name: string): string {
  return `mongo-failover:cluster:${name}`;
}

/**
 * Injects a cluster into a constructor or a property.
 *
 * @param name The name of the subsystem, as `FailoverModule.cluster` was given it.
 */
export function InjectCluster(name: string): PropertyDecorator & ParameterDecorator {
  return Inject(getClusterToken(name));
}

/** Injects what `failover()` has returned: for `drain()`, `health()` and `metrics()`. */
export function InjectFailover(): PropertyDecorator & ParameterDecorator {
  return Inject(SERVICE);
}

/**
 * Calls a method whenever this process has become master of the subsystem, with the cluster. A method that throws or
 * rejects becomes a `panic`, as with any listener.
 */
export function OnMaster(name: string): MethodDecorator {
  return noting(name, 'master');
}

/**
 * Calls a method when this process is a standby of the subsystem, and whenever it is no longer master, for whatever reason: what
 * `OnMaster` has begun ends here. It is given the cluster.
 */
export function OnStandby(name: string): MethodDecorator {
  return noting(name, 'standby');
}

/**
 * Has a method do nothing, and return undefined, unless this process is master of the subsystem: for `@Cron`, `@Interval` and
 * `@Timeout` of `@nestjs/schedule`. It is asked when the method is called. A method that takes long asks `isMaster` again.
 */
export function MasterOnly(name: string): MethodDecorator {
  return guarding(name);
}

/** Holds the clusters of one module of the application. */
export class FailoverClusterModule {}

/**
 * Gives an application of NestJS its clusters. They run once it has started (`onApplicationBootstrap`), and are closed before
 * its server is (`beforeApplicationShutdown`), so call `app.enableShutdownHooks()`. What the work needs is disconnected in
 * `onApplicationShutdown`, and not in `onModuleDestroy`, which comes before.
 *
 * Their events `error`, `panic` and `info` are logged.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: NestJS knows a module by its class
export class FailoverModule {
  /**
   * Makes the service, which all modules of the application share.
   *
   * @param options What `failover()` takes.
   */
  static forRoot(options: FailoverOptions = {}): FailoverDynamicModule {
    return FailoverModule.forRootAsync({ useFactory: () => options });
  }

  /** Makes the service with options that depend on what is injected, such as a configuration. */
  static forRootAsync({ imports = [], inject = [], useFactory }: AsyncFactory<FailoverOptions>): FailoverDynamicModule {
    return dynamic({
      module: FailoverModule,
      global: true,
      imports: [...imports, DiscoveryModule],
      providers: [
        { provide: OPTIONS, useFactory, inject },
        { provide: CLUSTERS, useFactory: (options: FailoverOptions) => new Clusters(options), inject: [OPTIONS] },
        { provide: SERVICE, useFactory: ({ service }: Clusters): Failover => service, inject: [CLUSTERS] },
        {
          provide: Lifecycle,
          useFactory: (clusters: Clusters, discovery: DiscoveryService) => new Lifecycle(clusters, discovery),
          inject: [CLUSTERS, DiscoveryService],
        },
      ],
      exports: [CLUSTERS, SERVICE],
    });
  }

  /**
   * Makes a cluster, for `InjectCluster(name)`. With `key` and `work` it owns a queue; without, it only elects. `useFactory`
   * returns the rest of the description from what is injected, so work that is a function can use it. Work that is a module
   * runs in a thread of its own, where nothing is injected.
   */
  static cluster(definition: ClusterDefinition): FailoverDynamicModule {
    const { name } = definition;
    const token = getClusterToken(name);
    const asynchronous = 'useFactory' in definition && definition.useFactory !== undefined ? definition : undefined;
    const make = async (clusters: Clusters, ...injected: never[]): Promise<ManagedCluster | UnmanagedCluster> => {
      const described = asynchronous === undefined ? definition : await asynchronous.useFactory(...injected);
      return clusters.make(name, described as Described);
    };
    return dynamic({
      module: FailoverClusterModule,
      imports: asynchronous?.imports ?? [],
      providers: [{ provide: token, useFactory: make, inject: [CLUSTERS, ...(asynchronous?.inject ?? [])] }],
      exports: [token],
    });
  }
}

function dynamic(made: { [part in keyof FailoverDynamicModule]: unknown }): FailoverDynamicModule {
  return made as FailoverDynamicModule;
}
