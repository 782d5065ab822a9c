/**
 * Runs a background subsystem on exactly one of several Node.js instances.
 *
 * {@link failover} gives two classes, for clusters with a queue and for clusters that only elect. All times are in ms.
 *
 * ```ts
 * import { failover, installSignalHandlers } from 'mongo-failover';
 *
 * const { managed: Managed, close } = failover({ mongodb: { connectString: 'mongodb://localhost:27017/test' } });
 * const work = new URL('./work.js', import.meta.url); // export default (task, context) => true
 * const cluster = new Managed<{ id: number }>('billing', 'id', work, { durable: true });
 *
 * cluster.on('error', (error) => console.error(error.message));
 * installSignalHandlers({ close });
 * await cluster.run();
 * await cluster.submitWork({ id: 1 });
 * ```
 *
 * @module
 */

export {
  type CodedError,
  FailoverError,
  type FailoverErrorCode,
  InvalidOptionError,
  PermanentError,
  StateError,
  StoreError,
  TaskError,
  WorkError,
} from './errors.js';
export type { TaskContext, Work, WorkResult } from './execution/context.js';
export type { Cluster, ManagedCluster, UnmanagedCluster } from './facade/api.js';
export type { CronFunction, CronOptions } from './facade/cronJob.js';
export type { ClusterEvents, ClusterState } from './facade/events.js';
export type { Backfilled, ScheduledTask, SchedulePauseOptions, Schedules } from './facade/schedulesApi.js';
export type { ObserverAddress } from './facade/serviceWatch.js';
export { type Closable, installSignalHandlers } from './facade/signalHandlers.js';
export type {
  DoneOptions,
  DoneOutcome,
  Outcome,
  PendingSubmission,
  PendingSubmissions,
  Submission,
  Submissions,
  SubmitOptions,
  TransactionOptions,
  TransactionSession,
} from './facade/submissionsApi.js';
export type { CancelOutcome, TaskChanger, UpdateOutcome } from './facade/taskChanger.js';
export { type Failover, failover, type ManagedConstructor, type UnmanagedConstructor } from './failover.js';
export type { MetricFamily, MetricSample } from './observe/families.js';
export type { ClusterHealth, CoordinatorState, Health } from './observe/health.js';
export type { ClusterKind, Configuration, Difference } from './options/configuration.js';
export type {
  CancelOptions,
  DrainOptions,
  FailoverOptions,
  HandOverOptions,
  IntervalName,
  Intervals,
  ManagedOptions,
  PauseOptions,
  RequeueAllOptions,
  UnmanagedOptions,
  UpdateOptions,
} from './options/options.js';
export type { PageAction } from './options/pageActions.js';
export type { SignalOptions } from './options/signals.js';
export type { PausedSchedule, ScheduleInfo } from './requests/scheduleInfo.js';
export type { Missed, Overlap, PreviewOptions, ScheduleOptions } from './schedules/options.js';
export type { SlotDetails } from './schedules/slots.js';
export type { HandOverState } from './store/orders.js';
export type { Member } from './store/store.js';
export type { TaskId } from './task/task.js';
export type { TaskKey } from './task/taskKey.js';
export type { HandedOver, RequeuedAll } from './wire/messages.js';
export type {
  DifferingMember,
  HandOverInfo,
  MemberStatus,
  PauseInfo,
  PoolReport,
  Spread,
  Unfit,
} from './wire/status.js';
