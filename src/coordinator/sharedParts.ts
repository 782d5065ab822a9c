/** What the coordinator makes once, for all clusters of it. */
import type { Suspensions } from '../election/suspensions.js';
import type { StartGate } from '../execution/startGate.js';
import type { ThreadPlaces } from '../execution/threadPlaces.js';
import type { ResolvedOptions } from '../options/options.js';
import type { ReadLimit } from '../queue/readLimit.js';
import type { OutboxWatch } from '../relay/outboxWatch.js';
import type { StoreLimits } from '../store/limits.js';
import type { FullStore } from '../store/taskStore.js';
import type { ProcessIdentity } from '../surroundings/processIdentity.js';
import type { Clock } from '../time/clock.js';
import type { DeathWatch } from './deathWatch.js';
import type { ReadTogether } from './orders/readTogether.js';
import type { Turns } from './orders/turns.js';
import type { PoolProbe } from './poolProbe.js';
import type { SentBeats } from './sentBeats.js';
import type { Neighbourhood } from './spread/neighbourhood.js';

export interface SharedParts {
  readonly options: ResolvedOptions;
  readonly store: FullStore;
  readonly limits: StoreLimits;
  /** When all do together what they do now and then. */
  readonly phase: number;
  /** What all members read the time by, and set their timers on. */
  readonly memberClock: Clock;
  readonly suspensions: Suspensions;
  readonly sentBeats: SentBeats;
  readonly reads: ReadLimit;
  readonly outboxes: OutboxWatch;
  readonly pool: PoolProbe;
  /** What claims say of this process. */
  readonly process: ProcessIdentity;
  readonly deaths: DeathWatch;
  /** The keys of the drains that concern this process: of its host, and its own. */
  readonly drains: { readonly host: string; readonly process: string; readonly all: readonly string[] };
  readonly orders: ReadTogether;
  readonly turns: Turns;
  readonly neighbourhood: Neighbourhood;
  /** One for all task threads. */
  readonly threadStarts: StartGate;
  readonly threadPlaces: ThreadPlaces;
  /** One for all members that join their elections. */
  readonly joining: StartGate;
}
