/** Groups of processes that a member owns while it is master: what the coordinator is told of them, and what it tells. */

/** A group that must end before the lease does, and has to be gone before the lease is released. */
export interface OwnedGroup {
  /** The number of the group, and of the process that leads it. */
  readonly number: number;
  /** When that process started, as `ProcessIdentity` has it; empty where the system does not say. */
  readonly start: string;
  /** Is in the environment of its processes. Those that have left the group are killed with it. */
  readonly marker?: string;
  /** Asks it to end. */
  readonly signal: NodeJS.Signals;
  /** From that signal to the kill, while the lease is renewed, in ms. */
  readonly killAfter: number;
  /** How long before the validity of the lease ends the signal goes out, in ms. */
  readonly signalBefore: number;
  /** The same for the kill. */
  readonly killBefore: number;
}

/**
 * Why a group is ended: the lease is about to end; it is lost; the mastership is handed over, or the member stops; the main
 * thread has asked for it; the process exits.
 */
export type GroupEndCause = 'lease' | 'lost' | 'drain' | 'asked' | 'exit';

/** `stuck`: it was killed, and a process of it still lives. */
export type GroupEnd = 'gone' | 'stuck';

export interface GroupNews {
  readonly type: 'group';
  readonly number: number;
  readonly cause: GroupEndCause;
  readonly signal: NodeJS.Signals;
}
