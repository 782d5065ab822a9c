/**
 * The decorators of methods. They note what is wanted; the life cycle of the module binds it to the objects of the
 * application, when there are any.
 */
import { type Cluster, InvalidOptionError } from 'mongo-failover';

/** What a method is called for. */
export interface Noted {
  readonly name: string;
  readonly method: string | symbol;
  readonly role: 'master' | 'standby' | 'guarded';
}

/** By the prototype of the class that has the methods. */
const noted = new WeakMap<object, Noted[]>();
/** By object, for methods that run on the master alone; by name of a cluster. */
const bound = new WeakMap<object, Map<string, Cluster>>();

/** Notes a method for a role of this process. */
export function noting(name: string, role: 'master' | 'standby'): MethodDecorator {
  return (prototype, method) => note(prototype, { name, method, role });
}

/** Has a method ask the cluster first. */
export function guarding(name: string): MethodDecorator {
  return (prototype, method, descriptor) => {
    const original: unknown = descriptor.value;
    if (typeof original !== 'function') {
      throw new InvalidOptionError(`@MasterOnly('${name}') is for methods, which ${String(method)} is not`);
    }
    note(prototype, { name, method, role: 'guarded' });
    const guarded = function (this: object, ...args: unknown[]): unknown {
      const cluster = bound.get(this)?.get(name) ?? bound.get(this.constructor)?.get(name);
      if (cluster === undefined) {
        const text = `@MasterOnly('${name}') knows no cluster yet: import FailoverModule.forRoot(), and wait for the application to start`;
        throw new InvalidOptionError(text);
      }
      return cluster.isMaster ? Reflect.apply(original, this, args) : undefined;
    };
    Object.defineProperty(guarded, 'name', { value: String(method), configurable: true });
    copyMetadata(original, guarded);
    descriptor.value = guarded as never;
  };
}

/** What is noted for an object: by its class, and by those that it extends. */
export function notedFor(instance: object): readonly Noted[] {
  const found: Noted[] = [];
  for (let prototype: object | null = instance; prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    for (const each of noted.get(prototype) ?? []) {
      const isKnown = found.some(({ method, role, name }) => {
        return method === each.method && role === each.role && name === each.name;
      });
      if (!isKnown) found.push(each);
    }
  }
  return found;
}

/** Has the guarded methods of an object, or of those of a class, ask this cluster. */
export function bind(owner: object, name: string, cluster: Cluster): void {
  const clusters = bound.get(owner) ?? new Map<string, Cluster>();
  clusters.set(name, cluster);
  bound.set(owner, clusters);
}

function note(prototype: object, each: Noted): void {
  noted.set(prototype, [...(noted.get(prototype) ?? []), each]);
}

/** Decorators of NestJS write on the function, so those below this one have written on the original. */
function copyMetadata(from: object, to: object): void {
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as unknown as {
    getOwnMetadataKeys?(target: object): unknown[];
    getOwnMetadata?(key: unknown, target: object): unknown;
    defineMetadata?(key: unknown, value: unknown, target: object): void;
  };
  for (const key of getOwnMetadataKeys?.(from) ?? []) defineMetadata?.(key, getOwnMetadata?.(key, from), to);
}
