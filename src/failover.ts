/** The way in: checks the options and makes the two classes, bound to one coordinator and one store. */

import { InvalidOptionError } from './errors.js';
import type { Work } from './execution/context.js';
import type { ManagedCluster, UnmanagedCluster } from './facade/api.js';
import { CoordinatorHandle } from './facade/coordinatorHandle.js';
import { type CronFunction, CronJob, type CronOptions, resolveCron } from './facade/cronJob.js';
import { ManagedCluster as ManagedFacade } from './facade/managedCluster.js';
import { Followers, putLink, type ServiceLink } from './facade/serviceLink.js';
import type { ObserverAddress } from './facade/serviceWatch.js';
import { UnmanagedCluster as UnmanagedFacade } from './facade/unmanagedCluster.js';
import type { MetricFamily } from './observe/families.js';
import type { Health } from './observe/health.js';
import { resolveManagedOptions } from './options/managed.js';
import { resolveIdentifier, resolveName } from './options/name.js';
import type { DrainOptions, FailoverOptions, ManagedOptions, UnmanagedOptions } from './options/options.js';
import { resolveDrain, resolveUnmanagedOptions } from './options/orders.js';
import { resolveOptions } from './options/resolve.js';
import { resolveWork } from './options/work.js';
import { mustStartProcesses } from './surroundings/childProcesses.js';
import { lastResorts, mustBeEndable } from './surroundings/lastResorts.js';
import { checkOwnFiles } from './surroundings/ownFiles.js';
import { mustNotBePreload } from './surroundings/ownThreads.js';
import { mustBeNode } from './surroundings/runtime.js';
import type { TaskId } from './task/task.js';
import { resolveKey, type TaskKey } from './task/taskKey.js';
import { systemClock } from './time/systemClock.js';
import type { MemberStatus } from './wire/status.js';

/** Makes clusters that own a queue: `new managed(name, key, work, options?)`. */
export interface ManagedConstructor {
  /**
   * Makes a cluster that owns a queue. Each argument is checked at once, and nothing starts before `run()` or `submitWork()`.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ nodb: true });
   * // A module: its default export runs in a thread of its own, so it may compute for as long as it likes.
   * const billing = new Managed<{ id: number }>('billing', 'id', new URL('./billing.js', import.meta.url));
   * // A function: it runs on the main thread, and nothing can end it.
   * const mailer = new Managed<{ to: string }>('mailer', (task) => task.to, async (task, { term }) => {
   *   console.log(`writes to ${task.to} under term ${term}`);
   *   return true;
   * });
   * await Promise.all([billing.run(), mailer.run()]);
   * ```
   *
   * @param name The subsystem's name, which all instances share.
   * @param key The name of the property that holds a task's id, or a function that returns the id.
   * @param work A module (URL or path) whose default export does the work in a thread of its own, or a function that
   * does it on the main thread.
   * @param options Where the tasks are kept, how failures are tried again, and limits.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an argument or option is wrong, unknown or contradicts another.
   * @throws {@link WorkError} `ERR_WORK_MODULE`: there is no such module.
   */
  new <Task extends object = Record<string, unknown>>(
    name: string,
    key: TaskKey<Task>,
    work: URL | string | Work<Task>,
    options?: ManagedOptions,
  ): ManagedCluster<Task>;
}

/** Makes clusters that only elect and synchronize: `new unmanaged(name, identifier?)`. */
export interface UnmanagedConstructor {
  /**
   * Makes a cluster without a queue: the program does its own work while `isMaster` is true.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { unmanaged: Unmanaged } = failover({ nodb: true });
   * const poller = new Unmanaged('poller');
   * let position = 0;
   * poller.on('synchronize', (id) => (position = Number(id))); // on a standby: where to go on
   * await poller.run();
   * setInterval(async () => {
   *   if (!poller.isMaster) return; // asked each time: a lease can end between two events
   *   position += 1;
   *   await poller.synchronize(position);
   * }, 1000);
   * ```
   *
   * @param name The subsystem's name, which all instances share.
   * @param identifier Where the work begins if no instance has come further yet. Default: nowhere.
   * @param options The priority of this member.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an argument is wrong.
   */
  new (name: string, identifier?: TaskId, options?: UnmanagedOptions): UnmanagedCluster;
}

/** Holds the two classes that `failover()` binds to one coordinator thread and one store. */
export interface Failover {
  /** Makes clusters that own a queue. */
  readonly managed: ManagedConstructor;
  /** Makes clusters that only elect and synchronize. */
  readonly unmanaged: UnmanagedConstructor;
  /**
   * Makes an unmanaged cluster that calls a function at each slot of a cron pattern, while it is master. Nothing is stored: a slot
   * that comes while no member is master is left out, and so is one that comes while the function runs. Durable clusters have
   * `schedule`, which loses none.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const service = failover({ nodb: true });
   * const cleanup = service.cron('cleanup', '0 3 * * *', (slot) => console.log(`cleans up for ${slot.toISOString()}`), {
   *   timeZone: 'Europe/Berlin',
   * });
   * cleanup.on('error', (error) => console.error(error.message)); // also if the function throws or rejects
   * await cleanup.run();
   * ```
   *
   * @param name The subsystem's name, which all instances share.
   * @param pattern Five fields (minute, hour, day, month, weekday), six with the second first, seven with the year last, or a
   * nickname such as `@daily`.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an argument or option is wrong.
   */
  cron(name: string, pattern: string, run: CronFunction, options?: CronOptions): UnmanagedCluster;
  /**
   * Drains this process: none of its members claims a mastership, and those that it has are handed over, one after another, each
   * when its running task has ended. That lasts until `undrain()`, `close()`, or the end of the process. Resolves when the
   * store has it; `status()` of the clusters tells the rest.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const service = failover({ nodb: true });
   * const cluster = new service.unmanaged('poller');
   * await cluster.run();
   * await service.drain({ reason: 'this version is on its way out' });
   * ```
   *
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an option is wrong.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `close()`.
   * @throws {@link StoreError} The store did not answer or refused.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread is being replaced.
   */
  drain(options?: DrainOptions): Promise<void>;
  /**
   * Ends what `drain()` began: the members may claim again. A drain of the whole host stays.
   *
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `close()`.
   * @throws {@link StoreError} The store did not answer or refused.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread is being replaced.
   */
  undrain(): Promise<void>;
  /**
   * Stops every cluster that was made from this, and ends the coordinator thread. Running tasks may end first, within
   * `stopTimeout`; then the leases are released, and other members take over within one POLL. No cluster can be run
   * afterwards. It may be called again, so a signal that comes twice does no harm.
   */
  close(): Promise<void>;
  /**
   * Says whether this process is live, and whether it is ready, as `/livez` and `/readyz` do. It reads shared memory and waits
   * for nothing.
   *
   * @example
   * ```ts
   * import { createServer } from 'node:http';
   * import { failover } from 'mongo-failover';
   *
   * const service = failover({ nodb: true });
   * // While the main thread is blocked this does not answer. The option `observe` has a thread that does.
   * createServer((_, response) => {
   *   const { live, reasons } = service.health();
   *   response.writeHead(live ? 200 : 503).end(JSON.stringify(reasons));
   * }).listen(8080);
   * ```
   */
  health(): Health;
  /**
   * Resolves with the status of each cluster of this service that was used and has not stopped, in the order of their first use: one
   * call instead of one for each. Each member reads the store for it, 32 of them at once.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const service = failover({ nodb: true });
   * for (const name of ['poller', 'mailer']) await new service.unmanaged(name).run();
   * for (const { name, state } of await service.status()) console.log(name, state);
   * ```
   *
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `close()`.
   * @throws {@link StoreError} The store did not answer or refused.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread is being replaced.
   */
  status(): Promise<readonly MemberStatus[]>;
  /** Resolves with the metrics, as `/metrics` has them. It asks the coordinator thread to measure the queues. */
  metrics(): Promise<readonly MetricFamily[]>;
  /**
   * Resolves with where the probes and the metrics are served, once they are.
   *
   * @throws {@link FailoverError} `ERR_OBSERVE`: they cannot be served at present, or the option `observe` was left out.
   */
  observed(): Promise<ObserverAddress>;
}

/**
 * Checks the options, and returns the two classes of clusters. They share one coordinator thread and one connection to the
 * store, for any number of clusters. Nothing starts before the first cluster needs it.
 *
 * @example
 * ```ts
 * import { failover, installSignalHandlers } from 'mongo-failover';
 *
 * const service = failover({
 *   mongodb: { connectString: 'mongodb://localhost:27017/test' }, // or nodb: true, for the processes of one machine
 *   intervals: { MASTER: 1000, SLAVE: 1500, TICKING: 1000 }, // ms: failover within 1500 + 1000 + POLL
 * });
 * const cluster = new service.unmanaged('poller');
 * await cluster.run();
 * installSignalHandlers(service);
 * ```
 *
 * @param options Where the members meet, and at which intervals. Default: MongoDB on this machine.
 * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an option is unknown, wrong or contradicts another.
 * @throws {@link FailoverError} `ERR_RUNTIME`: this is not Node.js, or it is too old. `ERR_PRELOAD`: a preload called this in
 * a thread that another cluster has started. `ERR_PERMISSION`: the permission model of Node.js forbids the process of a guard.
 * `ERR_BUNDLED`: a bundler or a deployment left files of this package behind.
 */
export function failover(options: FailoverOptions = {}): Failover {
  mustBeNode();
  mustNotBePreload();
  checkOwnFiles();
  const resolved = resolveOptions(options);
  if (resolved.guard) mustStartProcesses();
  const handle = new CoordinatorHandle(resolved);
  const { watch } = handle;

  class Managed<Task extends object> extends ManagedFacade<Task> {
    constructor(name: string, key: TaskKey<Task>, work: URL | string | Work<Task>, managed?: ManagedOptions) {
      const checked = resolveManagedOptions(managed, resolved.intervals);
      if (checked.fencing === 'process') mustBeEndable(lastResorts(process.pid));
      const place = resolveWork(work);
      if (place.kind === 'module' && Number.isFinite(checked.mainTimeout)) {
        const text =
          'mainTimeout is for work that is a function; work that is a module does not wait for the main thread';
        throw new InvalidOptionError(text);
      }
      const property = typeof key === 'string' ? key : null;
      const priority = checked.priority ?? resolved.priority;
      super(handle, resolveName(name), resolveKey(key), place, checked, property, priority);
    }
  }

  class Unmanaged extends UnmanagedFacade {
    constructor(name: string, identifier?: TaskId, unmanaged?: UnmanagedOptions) {
      const priority = resolveUnmanagedOptions(unmanaged).priority ?? resolved.priority;
      super(handle, resolveName(name), resolveIdentifier(identifier) ?? null, priority);
    }
  }

  watch.start();
  const followers = new Followers();
  const link: ServiceLink = {
    store: resolved.store,
    lateness: () => watch.counts.lateness.read(),
    onClose: (end) => followers.add(end),
  };
  const service: Failover = {
    managed: Managed,
    unmanaged: Unmanaged,
    cron: (name, pattern, run, options) => {
      const { slots, called } = resolveCron(pattern, run, options, systemClock.wall());
      const cluster = new Unmanaged(name);
      new CronJob({ cluster, pattern: slots, run: called, clock: systemClock });
      return cluster;
    },
    drain: async (options) => handle.drain(resolveDrain(options).reason),
    undrain: () => handle.undrain(),
    status: () => handle.status(),
    close: async () => {
      await Promise.all([followers.close(), handle.close()]);
    },
    health: () => watch.health(),
    metrics: () => watch.metrics(),
    observed: () => watch.observed(),
  };
  return putLink(service, link);
}
