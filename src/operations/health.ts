/** Whether a subsystem is healthy, for monitoring. No clock of another machine decides whether a master lives. */
import type { StoreReader } from '../store/reader.js';
import type { Clock } from '../time/clock.js';
import { pause } from '../time/pause.js';
import type { SubsystemView } from './views.js';

export type HealthLevel = 'healthy' | 'warning' | 'critical';

export interface Health {
  readonly level: HealthLevel;
  /** Each as the end of a sentence that begins with the name. */
  readonly problems: readonly string[];
}

/** What makes a warning. */
export interface HealthLimits {
  /** The head of the queue may have waited for so long, in ms. */
  readonly maxAge: number;
  /** So many dead letters are none too many. */
  readonly maxDead: number;
}

/** Between two looks at a lease, in ms. */
const LOOK_MS = 250;
/** How far clocks of machines may differ before a lease is watched instead, in ms. */
const CLOCKS_MS = 1000;

/** Judges what was read. `hasMaster`: whether a member was found to hold the lease. */
export function judge(view: SubsystemView, hasMaster: boolean, limits: HealthLimits): Health {
  const critical: string[] = [];
  const warnings: string[] = [];
  const { state, pause: paused, queue, dead, problem } = view;
  if (problem !== null) critical.push(problem);
  else if (!hasMaster && !(paused?.standby ?? false)) {
    critical.push(state === 'none' ? 'has never had a master' : 'has had no master for longer than a failover takes');
  }
  if (paused !== null) warnings.push(`is paused by ${paused.by}${paused.reason === null ? '' : ` (${paused.reason})`}`);
  if (queue?.headAge != null && queue.headAge > limits.maxAge) {
    warnings.push(`has a task that has waited for ${Math.round(queue.headAge / 1000)} s`);
  }
  if (dead > limits.maxDead) warnings.push(`has ${dead} dead letters`);
  const level = critical.length > 0 ? 'critical' : warnings.length > 0 ? 'warning' : 'healthy';
  return { level, problems: [...critical, ...warnings] };
}

/**
 * Returns whether a member holds the lease: at once if its last beat is fresh by the wall clocks, else by watching it for as
 * long as a failover takes.
 */
export async function findMaster(
  reader: Pick<StoreReader, 'leasesOf'>,
  view: SubsystemView,
  clock: Clock,
): Promise<boolean> {
  const { name, ttl, at } = view;
  const age = at === null ? null : clock.wall() - at.getTime();
  const isFresh = ttl !== null && age !== null && age > -CLOCKS_MS && age < ttl;
  if (view.state === 'held' && isFresh) return true;
  if (ttl === null) return false;
  const before = `${view.term} ${view.beat}`;
  for (const until = clock.now() + ttl + CLOCKS_MS; clock.now() < until; ) {
    await pause(clock, LOOK_MS);
    const [entry] = await reader.leasesOf([name]);
    const lease = entry?.lease ?? null;
    if (lease !== null && lease.holder !== null && `${lease.term} ${lease.beat}` !== before) return true;
  }
  return false;
}
