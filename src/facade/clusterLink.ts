/** How an entry of this package that is loaded by itself reaches a cluster: under a symbol of the whole process, as in serviceLink.ts. */
import type { AskedTake, TakeAnswer } from '../store/takenSlots.js';

export interface ClusterLink {
  /** Takes a slot of a job for this member. */
  takeSlot(asked: AskedTake): Promise<TakeAnswer>;
}

/** The number rises when the link changes. */
const key = Symbol.for('mongo-failover.cluster.2');

export function putClusterLink(cluster: object, link: ClusterLink): void {
  Object.defineProperty(cluster, key, { value: link });
}

/** Returns undefined for what is no cluster of this version. */
export function clusterLinkOf(cluster: unknown): ClusterLink | undefined {
  return typeof cluster === 'object' && cluster !== null ? Reflect.get(cluster, key) : undefined;
}
