/**
 * How an entry of this package that is loaded by itself reaches a service. It is under a symbol of the whole process, because
 * that entry may be CommonJS while the service is an ES module; and it is hidden, because it holds the password of the store.
 */
import type { StoreOptions } from '../options/options.js';
import type { Distribution } from '../wire/sharedCounts.js';

export interface ServiceLink {
  readonly store: StoreOptions;
  /** How late the beats of this process were. */
  lateness(): Distribution;
  /**
   * Calls `end` when the service is closed, which waits for it; at once if it is closed already. Never called twice. Returns how to
   * take that back.
   */
  onClose(end: () => Promise<void>): () => void;
}

/** What ends with a service. None of it rejects. */
export class Followers {
  private readonly ends = new Set<() => Promise<void>>();
  private isClosed = false;

  add(end: () => Promise<void>): () => void {
    if (this.isClosed) void end();
    else this.ends.add(end);
    return () => void this.ends.delete(end);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const ends = [...this.ends];
    this.ends.clear();
    await Promise.all(ends.map((end) => end()));
  }
}

/** The number rises when the link changes. */
const key = Symbol.for('mongo-failover.service.2');

export function putLink<Service extends object>(service: Service, link: ServiceLink): Service {
  return Object.defineProperty(service, key, { value: link });
}

/** Returns undefined for what is no service of this version. */
export function linkOf(service: unknown): ServiceLink | undefined {
  return typeof service === 'object' && service !== null ? Reflect.get(service, key) : undefined;
}
