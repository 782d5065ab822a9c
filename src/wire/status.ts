/** What a member tells of itself when it is asked. */
import type { Phase } from '../election/transitions.js';
import type { FailoverErrorCode } from '../errors.js';
import type { Configuration, Difference } from '../options/configuration.js';
import type { Member } from '../store/store.js';
import type { TaskId } from '../task/task.js';

/** Milliseconds; `max` and the percentiles are 0 while nothing was measured. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What `status()` answers. */
export interface MemberStatus {
  readonly name: string;
  /** This member's holder id: host, process id, and a random part. */
  readonly id: string;
  readonly state: Phase;
  /** The term of this member's mastership; null when it has none. */
  readonly term: number | null;
  /** Why this member claims no mastership, and since when; null when it may. */
  readonly unfit: Unfit | null;
  /** What this member last saw of another holder's lease; null before, and while it is master itself. */
  readonly seen: { readonly holder: string | null; readonly term: number; readonly beat: number } | null;
  /** Tasks that wait, the running one included: of all members if they are stored, else in this one. */
  readonly queued: number;
  readonly queuedBytes: number;
  readonly running: TaskId | null;
  /** The task whose attempts are used up and which block the queue, if this member is master. */
  readonly blocked: TaskId | null;
  /** Dead letters; null when the store does not answer. */
  readonly dead: number | null;
  /** How long ago the task at the head was submitted, in ms by the wall clocks; null when nothing is queued. */
  readonly headAge: number | null;
  /** The newest identifier: of the last task done (managed), or what `synchronize(id)` was last given (unmanaged). */
  readonly identifier: TaskId | null;
  /** Tasks done under this lease by all holders, as far as this member knows. */
  readonly done: number;
  readonly heartbeat: {
    readonly sent: number;
    readonly acknowledged: number;
    /** How late beats went out, against when they were due. */
    readonly lateness: Spread;
    /** How long after the moment aimed at they went out, which is up to 4 ms before they are due: how late the thread woke. */
    readonly delay: Spread;
    readonly roundTrip: Spread;
  };
  /** The thread pool of libuv, which all threads of this process share. */
  readonly pool: PoolReport;
  /** What must agree among the members, and those that are known to live and to differ in it. */
  readonly configuration: Configuration & { readonly differing: readonly DifferingMember[] };
  /** All members of this subsystem that the store knows; empty when it does not answer. */
  readonly members: readonly Member[];
}

/** Why a member claims nothing, for `status()`. */
export interface Unfit {
  readonly code: FailoverErrorCode;
  readonly message: string;
  /** When it began, by the wall clock. */
  readonly since: Date;
}

/** Another member that is configured differently, for `status()`. */
export interface DifferingMember extends Configuration {
  readonly holder: string;
  readonly differs: readonly Difference[];
}

/** What `status()` says of the pool. */
export interface PoolReport {
  /** Whether a call has been waiting for 5 s or longer. */
  readonly busy: boolean;
  /** How long the last call waited, or how long the present one has waited if that is longer; in ms. */
  readonly wait: number;
}
