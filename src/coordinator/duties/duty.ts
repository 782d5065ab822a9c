/** What a member does with its mastership: the same questions for managed queues and for a client that works by itself. */
import type { Lease, Progress } from '../../store/store.js';
import type { MemberStatus } from '../../wire/status.js';

/** How a mastership begins. */
export interface Election {
  readonly term: number;
  readonly progress: Progress;
  /** The lease was this member's own before, so its own progress is the newer one. */
  readonly continued: boolean;
}

export interface Duty {
  /** Returns the progress that the next beat carries. */
  progress(): Progress;
  /** Takes the end of the validity of the lease, by the monotonic clock. A claim or a beat moves it on, a correction of the clock back. */
  held?(validUntil: number): void;
  /** Starts the work. */
  elected(election: Election): void;
  /** Stops the work now; the mastership may yet be saved. */
  fence(reason: string): void;
  /** Goes on: the mastership was saved. */
  resume(): void;
  /** Ends the mastership, which is lost. `left`: how long no other member can be master yet, in ms; 0 unless the lease was given up. */
  deposed(reason: string, left: number): void;
  /** Starts no more work, in this mastership and later ones, until `unhold`. What runs comes to its end. */
  hold(): void;
  unhold(): void;
  /** Resolves, once it is held, when nothing runs and all that has run is on record. */
  settled(): Promise<void>;
  /** Lets running work end and starts none. `stuck`: it would not end. */
  drain(): Promise<'drained' | 'stuck'>;
  /** Takes what a new version of another member's lease says. */
  seen(lease: Lease): void;
  /** Called when there is no lease. */
  seenNothing(): void;
  /** The lease of a member of another kind was seen: what it says of tasks is about others than this one's. */
  seenOtherKind(): void;

  /** Others have asked for changes of queued tasks. */
  changesAsked?(): void;

  /** Returns what of it waits, for `status()`. */
  load(): Promise<DutyLoad>;
}

export type DutyLoad = Pick<MemberStatus, 'queued' | 'queuedBytes' | 'running' | 'blocked' | 'dead' | 'headAge'>;

export const noLoad: DutyLoad = {
  queued: 0,
  queuedBytes: 0,
  running: null,
  blocked: null,
  dead: 0,
  headAge: null,
};
