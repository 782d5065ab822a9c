/** What `mongo-failover exec` is asked to do, as its parts use it. */
import type { ResolvedObserve } from '../options/observe.js';
import type { Intervals } from '../options/options.js';
import type { RestartMode } from './restarts.js';

/** What becomes of processes of the command that have left its group: they are named, killed, or not looked for. */
export type Escapees = 'warn' | 'kill' | 'ignore';

export interface ExecOptions {
  /** Of the subsystem. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly intervals: Partial<Intervals>;
  /** How long to stand by, in ms; 0: not at all. */
  readonly wait: number;
  readonly restart: RestartMode;
  readonly restartMax: number;
  /** The key under which the command is to succeed once and for all; null: it is run each time. */
  readonly once: string | null;
  /** Null: the signal that came, or SIGTERM. */
  readonly stopSignal: NodeJS.Signals | null;
  /** From that signal to the kill while the lease is renewed, in ms. */
  readonly killAfter: number;
  /** The same while it is not; undefined: what the intervals leave. */
  readonly termBefore?: number | undefined;
  readonly stdin: 'inherit' | 'ignore';
  readonly busyCode: number;
  readonly lostCode: number;
  /** Is there while the command runs; null: none. */
  readonly readyFile: string | null;
  /** Where probes and metrics are served; null: nowhere. */
  readonly health: ResolvedObserve | null;
  readonly escapees: Escapees;
  readonly json: boolean;
  readonly quiet: boolean;
}
