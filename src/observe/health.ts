/**
 * What the probes answer, judged by shared memory alone. A process is live unless its coordinator thread is gone, hangs,
 * or holds a lease past its end. It is ready once its members take part in their elections, as standbys too: if only the
 * master were ready, a rolling update would wait for ever.
 */
import type { Phase } from '../election/transitions.js';
import type { Watched, WatchedCluster } from './watched.js';

/** How long the coordinator thread may be silent, and a lease past its end, in ms. */
export const SILENCE_MAX_MS = 2000;
/** How long the coordinator thread may take to start, in ms: on a busy machine it loads for seconds. */
const START_MAX_MS = 30_000;

/** Tells how the thread fares that runs elections and heartbeats. */
export type CoordinatorState = 'none' | 'starting' | 'running' | 'silent' | 'lost';

/** Tells about one cluster: a part of `health()`. */
export interface ClusterHealth {
  /** Names the subsystem. */
  readonly name: string;
  /** Holds the state of the member, as the coordinator thread knows it. */
  readonly state: Phase;
  /** Says whether it holds the lease. */
  readonly isMaster: boolean;
  /** Numbers its mastership; null while it has none. */
  readonly term: number | null;
  /** Says how long its lease still lasts, in ms; 0 while it has none. */
  readonly leaseRemaining: number;
  /** Says whether it has taken part in the election; stays true until it is stopped. */
  readonly ready: boolean;
  /** Says whether the last that it heard of the store is a failure. */
  readonly storeFails: boolean;
}

/** Tells whether a process should be restarted (`live`), and whether it has started (`ready`): the answer of `health()`. */
export interface Health {
  /** Is false if only a restart helps. A store that is away, a shutdown and a blocked main thread change nothing. */
  readonly live: boolean;
  /** Is true once each cluster that was run takes part in its election, as a standby or as master; false once they stop. */
  readonly ready: boolean;
  /** Is false while a cluster that was run cannot reach the store. */
  readonly store: boolean;
  /** Says why it is not live, or not ready, in words. */
  readonly reasons: readonly string[];
  /** Tells how the coordinator thread fares; `none`: no cluster needs it. */
  readonly coordinator: CoordinatorState;
  /** Lists the clusters that were made and have not stopped. */
  readonly clusters: readonly ClusterHealth[];
}

/**
 * `now` in monotonic ms. `awakeSince`: since when this thread itself has turned its loop without a long pause. What was silent
 * for longer may have been suspended with it, as a whole process or machine is.
 */
export function healthOf({ counts, clusters }: Watched, now: number, awakeSince: number): Health {
  const coordinator = coordinatorState(counts, now, awakeSince);
  const late = clusters.filter(({ lease }) => Math.min(lease.overdue(), now - awakeSince) > SILENCE_MAX_MS);
  const deaths = [
    ...(coordinator === 'lost' ? ['the coordinator thread has ended and is not replaced yet'] : []),
    ...(coordinator === 'silent' ? [`the coordinator thread has not turned its loop for ${SILENCE_MAX_MS} ms`] : []),
    ...late.map(({ name }) => `the lease of '${name}' has ended and was not dropped`),
  ];
  const running = clusters.filter(({ counts: { ran, stopping } }) => ran && !stopping);
  const absent = running.filter(({ counts: { joined } }) => !joined);
  const lacks = [
    ...(counts.closing ? ['the service is being closed'] : []),
    ...(!counts.closing && running.length === 0 ? ['no cluster runs'] : []),
    ...absent.map(({ name }) => `'${name}' has not taken part in the election yet`),
  ];
  return {
    live: deaths.length === 0,
    ready: lacks.length === 0,
    store: running.every(({ counts: { storeFails } }) => !storeFails),
    reasons: [...deaths, ...lacks],
    coordinator,
    clusters: clusters.map(clusterHealth),
  };
}

function coordinatorState(counts: Watched['counts'], now: number, awakeSince: number): CoordinatorState {
  const { startedAt, tick, lost } = counts;
  if (startedAt === 0) return 'none';
  if (lost) return 'lost';
  const silence = now - Math.max(startedAt, tick, awakeSince);
  if (tick === 0) return silence > START_MAX_MS ? 'silent' : 'starting';
  return silence > SILENCE_MAX_MS ? 'silent' : 'running';
}

function clusterHealth({ name, lease, counts }: WatchedCluster): ClusterHealth {
  const leaseRemaining = lease.remaining();
  const isMaster = leaseRemaining > 0;
  const { state, joined, storeFails, stopping, ran } = counts;
  const term = isMaster ? lease.term : null;
  return { name, state, isMaster, term, leaseRemaining, ready: ran && joined && !stopping, storeFails };
}
