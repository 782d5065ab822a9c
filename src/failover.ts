/** The way in: checks the options and makes the two classes, bound to one coordinator and one store. */

import { InvalidOptionError } from './errors.js';
import type { Work } from './execution/context.js';
import type { ManagedCluster, UnmanagedCluster } from './facade/api.js';
import { CoordinatorHandle } from './facade/coordinatorHandle.js';
import { ManagedCluster as ManagedFacade } from './facade/managedCluster.js';
import { UnmanagedCluster as UnmanagedFacade } from './facade/unmanagedCluster.js';
import { resolveManagedOptions } from './options/managed.js';
import { resolveIdentifier, resolveName } from './options/name.js';
import type { FailoverOptions, ManagedOptions } from './options/options.js';
import { resolveOptions } from './options/resolve.js';
import { resolveWork } from './options/work.js';
import { lastResorts, mustBeEndable } from './surroundings/lastResorts.js';
import { checkOwnFiles } from './surroundings/ownFiles.js';
import { mustNotBePreload } from './surroundings/ownThreads.js';
import { mustBeNode } from './surroundings/runtime.js';
import type { TaskId } from './task/task.js';
import { resolveKey, type TaskKey } from './task/taskKey.js';

/** `new managed(name, key, work, options?)`; each argument is checked at once. */
export interface ManagedConstructor {
  /**
   * @param name The subsystem's name, shared between all instances.
   * @param key The property that holds a task's id, or a function that gives it.
   * @param work A module (URL or path) whose default export does the work in a thread of its own, or a function that
   * does it on the main thread.
   * @throws InvalidOptionError `ERR_INVALID_OPTION`; WorkError `ERR_WORK_MODULE` for a module that is not there.
   */
  new <Task extends object = Record<string, unknown>>(
    name: string,
    key: TaskKey<Task>,
    work: URL | string | Work<Task>,
    options?: ManagedOptions,
  ): ManagedCluster<Task>;
}

/** `new unmanaged(name, identifier?)`. */
export interface UnmanagedConstructor {
  /**
   * @param name The subsystem's name, shared between all instances.
   * @param identifier Where the work begins, should no instance have come further yet. Default: nowhere.
   * @throws InvalidOptionError `ERR_INVALID_OPTION`.
   */
  new (name: string, identifier?: TaskId): UnmanagedCluster;
}

export interface Failover {
  readonly managed: ManagedConstructor;
  readonly unmanaged: UnmanagedConstructor;
  /** Stops every cluster that was made from this, and ends the coordinator thread; none can be run afterwards. */
  close(): Promise<void>;
}

/**
 * One coordinator thread and one connection to the store, for any number of clusters. Nothing is started before the
 * first of them needs it.
 *
 * @throws InvalidOptionError `ERR_INVALID_OPTION` for an unknown, wrong or contradictory option.
 * @throws FailoverError `ERR_RUNTIME` where this is not Node.js, or too old; `ERR_PRELOAD` in a thread that another
 * cluster has started, before the work begins there; `ERR_BUNDLED` where a bundler, or a deployment, left files of this
 * package behind.
 */
export function failover(options: FailoverOptions = {}): Failover {
  mustBeNode();
  mustNotBePreload();
  checkOwnFiles();
  const resolved = resolveOptions(options);
  const handle = new CoordinatorHandle(resolved);

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
      super(handle, resolveName(name), resolveKey(key), place, checked, property);
    }
  }

  class Unmanaged extends UnmanagedFacade {
    constructor(name: string, identifier?: TaskId) {
      super(handle, resolveName(name), resolveIdentifier(identifier) ?? null);
    }
  }

  return {
    managed: Managed,
    unmanaged: Unmanaged,
    close: () => handle.close(),
  };
}
