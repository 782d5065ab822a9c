/** The public surface, and nothing else. */
export type { Cluster } from './cluster/cluster.js';
export type { ClusterEvents, ClusterState } from './cluster/events.js';
export type { ManagedCluster, Submission, SubmitOptions } from './cluster/managed.js';
export type { UnmanagedCluster } from './cluster/unmanaged.js';
export type { Unfit } from './coordinator/fitness.js';
export type { MemberStatus, Spread } from './coordinator/messages.js';
export {
  type CodedError,
  FailoverError,
  type FailoverErrorCode,
  InvalidOptionError,
  StateError,
  StoreError,
  TaskError,
  WorkError,
} from './errors.js';
export { type Failover, failover, type ManagedConstructor, type UnmanagedConstructor } from './failover.js';
export type { FailoverOptions, Intervals, ManagedOptions } from './options.js';
export type { Member } from './store/store.js';
export type { TaskId } from './task.js';
export type { TaskKey } from './taskKey.js';
export type { TaskContext, Work } from './tasks/context.js';
