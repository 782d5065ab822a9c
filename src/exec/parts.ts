/** What a supervisor works with: the member, the processes of a start, and where it tells what happens. */
import type { Clock } from '../time/clock.js';
import type { GroupEnd, OwnedGroup } from '../wire/groups.js';
import type { ExecEvent } from './events.js';
import type { Exit } from './exitCodes.js';
import type { ExecOptions } from './options.js';
import type { TimeLine } from './timeLine.js';

/** The member of this process. */
export interface Election {
  join(): Promise<void>;
  /** Resolves when the lease was released, or there was none. */
  leave(): Promise<void>;
  /** Null while this member is not master. */
  readonly term: number | null;
  /** How long the lease still lasts, in ms. */
  readonly remaining: number;
  readonly member: string;
  own(group: OwnedGroup): Promise<boolean>;
  end(number: number, signal: NodeJS.Signals | null, patience: number | null): Promise<GroupEnd>;
  /** Returns whether another member holds the lease, as far as is known. */
  isBusy(): Promise<boolean>;
  hasSucceeded(key: string): Promise<boolean>;
  recordSuccess(key: string, term: number): Promise<void>;
}

/** What a command finds in its environment. */
export interface Attempt {
  readonly term: number;
  readonly member: string;
  /** From 1 on, in each term. */
  readonly attempt: number;
}

/** A command that was started, and waits for `go`. */
export interface Started {
  readonly pid: number;
  /** When its process started; empty where the system does not say. */
  readonly start: string;
  /** Is in the environment of all that descends from it. */
  readonly marker: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Exit>;
  go(): void;
  /** It must not begin: its process ends without the command. */
  cancel(): void;
  /** Sends a signal to the group. */
  signal(signal: NodeJS.Signals): void;
  /** No process of the group is left, so nothing has to watch it. */
  gone(): void;
  /** Returns the processes that have left the group and live. */
  escaped(): number[];
}

export interface SupervisorParts {
  readonly options: ExecOptions;
  readonly times: TimeLine;
  readonly clock: Clock;
  readonly election: Election;
  /** May throw. */
  start(attempt: Attempt): Promise<Started>;
  tell(event: ExecEvent): void;
  /** Makes or removes the file that is there while the command runs. */
  ready(pid: number | null): void;
}
