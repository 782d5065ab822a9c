/** What a member tells of itself when it is asked. */
import type { Phase } from '../election/transitions.js';
import type { FailoverErrorCode } from '../errors.js';
import type { Configuration, Difference } from '../options/configuration.js';
import type { HandOverState } from '../store/orders.js';
import type { Member } from '../store/store.js';
import type { TaskId } from '../task/task.js';

/** Sums up what was measured, in ms; all are 0 while nothing was. */
export interface Spread {
  /** Holds the median, in ms. */
  readonly p50: number;
  /** Is exceeded by one in a hundred, in ms. */
  readonly p99: number;
  /** Holds the largest, in ms. */
  readonly max: number;
}

/** Tells what a member is and knows: the answer of `status()`. */
export interface MemberStatus {
  /** Names the subsystem. */
  readonly name: string;
  /** Names this member as the lease does: host, process id, and a random part. */
  readonly id: string;
  /** Holds the state of this member. */
  readonly state: Phase;
  /** Numbers the mastership of this member; null while it has none. */
  readonly term: number | null;
  /** Says why this member claims no mastership, and since when; null if it may. */
  readonly unfit: Unfit | null;
  /** Holds what this member last saw of another holder's lease; null before, and while it is master itself. */
  readonly seen: {
    /** Names the holder; null if the lease was released. */
    readonly holder: string | null;
    /** Numbers its mastership. */
    readonly term: number;
    /** Counts its beats. */
    readonly beat: number;
  } | null;
  /** Counts the tasks that wait, the running one included: of all members if they are stored, else in this one. */
  readonly queued: number;
  /** Counts their bytes, encoded. */
  readonly queuedBytes: number;
  /** Names the task that is running, if this member is master. */
  readonly running: TaskId | null;
  /** Names the task whose attempts are used up and which blocks the queue, if this member is master. */
  readonly blocked: TaskId | null;
  /** Counts the dead letters; null if the store does not answer. MongoDB stops counting at 100,000. */
  readonly dead: number | null;
  /** Says how long ago the task at the head was submitted, in ms by the wall clocks; null if nothing is queued. */
  readonly headAge: number | null;
  /** Holds the newest identifier: of the last task done (managed), or what `synchronize(id)` was last given (unmanaged). */
  readonly identifier: TaskId | null;
  /** Counts the tasks done under this lease by all holders, as far as this member knows. */
  readonly done: number;
  /** Tells about the beats of this member as master. */
  readonly heartbeat: {
    /** Counts the beats that went out. */
    readonly sent: number;
    /** Counts the beats that the store acknowledged. */
    readonly acknowledged: number;
    /** Says how late beats went out, against when they were due. */
    readonly lateness: Spread;
    /**
     * Says how late the thread woke: against the moment that a beat aimed at, which is 4 ms before it is due, and more where beats
     * were delayed for longer lately.
     */
    readonly delay: Spread;
    /** Says how long the store took to answer. */
    readonly roundTrip: Spread;
  };
  /**
   * Says how far the wall clock of the server is ahead of the one of this process, in ms, as measured at most 10 s ago, without the
   * time that the machine slept. Null on the embedded store, and while the store does not answer. No election reads a clock of another
   * machine; schedules follow that of their master.
   */
  readonly clockAhead: number | null;
  /** Says how long the next task has waited for a task thread that may be made, in ms; null if it does not wait for one. */
  readonly threadWait: number | null;
  /** Tells about the thread pool of libuv, which all threads of this process share. */
  readonly pool: PoolReport;
  /** Holds what must agree among the members, and those that are known to live and to differ in it. */
  readonly configuration: Configuration & {
    /** Lists the members that live and have another configuration. */
    readonly differing: readonly DifferingMember[];
  };
  /** Says who has paused this subsystem, and since when; null if it goes on. */
  readonly paused: PauseInfo | null;
  /** Holds the last request to hand this subsystem over, and what came of it; null if there was none. */
  readonly handOver: HandOverInfo | null;
  /** Says whether this member claims nothing, and hands over what it has, because of a drain. */
  readonly drained: boolean;
  /** Says how far this member goes first among standbys, from 0 to 100; 0: it is never master. */
  readonly priority: number;
  /** Lists all members of this subsystem that the store knows; empty if it does not answer. */
  readonly members: readonly Member[];
}

/** Tells about a pause. */
export interface PauseInfo {
  /** Names who paused it. */
  readonly by: string;
  /** Says why, for people; null if no reason was given. */
  readonly reason: string | null;
  /** Says when it was paused, by the wall clock of who did. */
  readonly at: Date;
  /** Says when it ends by itself; null if it does not. */
  readonly until: Date | null;
  /** Says whether no member is master, either. */
  readonly standby: boolean;
}

/** Tells about a request to hand over. */
export interface HandOverInfo {
  /** Numbers the mastership that is to end. */
  readonly term: number;
  /** Names the member that is to be master next; null: any. */
  readonly to: string | null;
  /** Names who asked. */
  readonly by: string;
  /** Says why, for people; null if no reason was given. */
  readonly reason: string | null;
  /** Says when it was asked, by the wall clock of who did. */
  readonly at: Date;
  /** Says how far it is. */
  readonly state: HandOverState;
  /** Says why it was refused; null if it was not. */
  readonly why: string | null;
}

/** Says why a member claims nothing. */
export interface Unfit {
  /** Names what failed. */
  readonly code: FailoverErrorCode;
  /** Says what failed, for people. */
  readonly message: string;
  /** Says when it began, by the wall clock. */
  readonly since: Date;
}

/** Describes another member that is configured differently. */
export interface DifferingMember extends Configuration {
  /** Names that member, as `id` of its own status does. */
  readonly holder: string;
  /** Lists the settings that differ. */
  readonly differs: readonly Difference[];
}

/** Tells about the thread pool of libuv. */
export interface PoolReport {
  /** Says whether a call has been waiting for 5 s or longer. */
  readonly busy: boolean;
  /** Says how long the last call waited, or the present one if that is longer; in ms. */
  readonly wait: number;
}
