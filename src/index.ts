/** The public surface, and nothing else. */

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
export type { TaskContext, Work } from './execution/context.js';
export type { Cluster, ManagedCluster, Submission, SubmitOptions, UnmanagedCluster } from './facade/api.js';
export type { ClusterEvents, ClusterState } from './facade/events.js';
export { type Failover, failover, type ManagedConstructor, type UnmanagedConstructor } from './failover.js';
export type { ClusterKind, Configuration, Difference } from './options/configuration.js';
export type { FailoverOptions, IntervalName, Intervals, ManagedOptions } from './options/options.js';
export type { Member } from './store/store.js';
export type { TaskId } from './task/task.js';
export type { TaskKey } from './task/taskKey.js';
export type { DifferingMember, MemberStatus, PoolReport, Spread, Unfit } from './wire/status.js';
