/** A command while its supervisor looks after it. */
import type { GroupEndCause } from '../wire/groups.js';
import type { Started } from './parts.js';
import type { TimeOver } from './timeOver.js';

export interface Running {
  readonly command: Started;
  readonly term: number;
  /** Why its group was ended first; null: it ended by itself. */
  cause: GroupEndCause | null;
  hasBegun: boolean;
  readonly time: TimeOver;
  /** Its time was over before its first process ended. */
  wasLate: boolean;
  /** Its first process has ended; others of its group may live. */
  hasEnded: boolean;
  /** It was killed, and would not die. */
  isStuck: boolean;
}
