/** What NestJS calls as the application starts and shuts down. */
import type { DiscoveryService } from '@nestjs/core';
import { type Cluster, InvalidOptionError } from 'mongo-failover';
import type { Clusters } from './nestClusters.js';
import { bind, type Noted, notedFor } from './nestDecorators.js';

/** Is what the module finds in an application: a provider or a controller. */
export interface Discovered {
  /** Is the object; null while it was not made. */
  readonly instance: unknown;
  /** Is its class, or the function that made it. */
  readonly metatype: unknown;
  /** Says whether there is one object for the whole application. */
  isDependencyTreeStatic(): boolean;
}

/** An application may add its handlers up to so many ms after it has started. */
const HOOKS_MS = 1000;

export class Lifecycle {
  private hooks: NodeJS.Timeout | undefined;
  /** NestJS lists an object again for each alias (`useExisting`): a change of the role calls its methods once. */
  private readonly following = new WeakSet<object>();

  constructor(
    private readonly clusters: Clusters,
    private readonly discovery: DiscoveryService,
  ) {}

  /** Binds the methods that are decorated, before jobs of `@nestjs/schedule` can start. */
  onModuleInit(): void {
    for (const found of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) this.bind(found);
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(this.clusters.all.map((cluster) => cluster.run()));
    this.hooks = setTimeout(() => this.warnWithoutHooks(), HOOKS_MS);
    this.hooks.unref();
  }

  /**
   * Before the server stops and `onApplicationShutdown`: requests that are open may still need what the running task does. What a
   * provider disconnects in `onModuleDestroy` is gone by then, in whichever order the modules are.
   */
  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.hooks);
    await this.clusters.service.close();
  }

  private bind(found: Discovered): void {
    const { instance, metatype } = found;
    const prototype: unknown = typeof metatype === 'function' ? metatype.prototype : undefined;
    const object = typeof instance === 'object' && instance !== null ? instance : prototype;
    if (typeof object !== 'object' || object === null) return;
    const isAlias = this.following.has(object);
    this.following.add(object);
    for (const noted of notedFor(object)) {
      if (noted.role === 'guarded' || !isAlias) this.bindMethod(object, noted, found);
    }
  }

  private bindMethod(object: object, { name, method, role }: Noted, found: Discovered): void {
    const path = `${object.constructor.name}.${String(method)}`;
    const cluster = this.clusters.get(name, path);
    if (role === 'guarded') {
      bind(object, name, cluster);
      // Of what is made for each request, the class alone is known.
      if (typeof found.metatype === 'function') bind(found.metatype, name, cluster);
    } else if (found.isDependencyTreeStatic()) {
      followRole(cluster, role, () => Reflect.apply(Reflect.get(object, method), object, [cluster]));
    } else {
      const text = `${path} is to be called at a change of '${name}', but its class is made for each request; make it a singleton`;
      throw new InvalidOptionError(text);
    }
  }

  private warnWithoutHooks(): void {
    if (process.listenerCount('SIGTERM') > 0) return;
    this.clusters.logger.warn(
      'nothing listens for SIGTERM, so it ends this process without a hand-over; call app.enableShutdownHooks()',
    );
  }
}

/** Calls once for each time that this process enters the role. */
function followRole(cluster: Cluster, role: 'master' | 'standby', call: () => unknown): void {
  let current: 'master' | 'standby' | undefined;
  cluster.on('statechange', (from, to) => {
    const before = current;
    if (to === 'master') current = 'master';
    else if (from === 'master' || to === 'slave') current = 'standby';
    return current !== before && current === role ? call() : undefined;
  });
}
