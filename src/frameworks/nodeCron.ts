/**
 * A run coordinator for node-cron: each run of a job is on one instance, the master. It is a user of the package as any other,
 * but for the record of the runs, which the store has.
 */
import { type Cluster, InvalidOptionError } from 'mongo-failover';
import { showValue } from '../diagnostics/showValue.js';
import { clusterLinkOf } from '../facade/clusterLink.js';
import { systemClock } from '../time/systemClock.js';
import { Runs } from './nodeCronRuns.js';

/** Answers node-cron 4, which asks before each run of a job with `distributed: true`. */
export interface RunCoordinator {
  /**
   * Resolves to true on the master, for one that asks for this run of the job, and to false elsewhere.
   *
   * @param key Names the job and the time of its run, as node-cron does: `name:2026-03-29T01:00:00.000Z`.
   * @param ttlMs Says for how long a store that does not answer is asked again.
   */
  shouldRun(key: string, ttlMs: number): Promise<boolean>;
}

/**
 * Makes the coordinator of jobs that run where this cluster is master. No run of a job is on two instances, also if the clock of
 * the next master is behind: the store has the last run of each job, by its name. So each job needs a `name`. On the embedded
 * store a clock of the machine that is set back by more than an hour repeats runs. A run that comes while no instance is master is
 * left out, and so is one that its instance took and did not come to begin.
 *
 * @param cluster Any cluster of `failover()`; `new service.unmanaged('cron')` does nothing else.
 * @throws InvalidOptionError `ERR_INVALID_OPTION`: it is no cluster of this version of the package.
 */
export function runCoordinator(cluster: Cluster): RunCoordinator {
  const link = clusterLinkOf(cluster);
  if (link === undefined) {
    const text = `runCoordinator takes a cluster of this version of mongo-failover, not ${showValue(cluster)}`;
    throw new InvalidOptionError(text);
  }
  const runs = new Runs(cluster, link, systemClock);
  return { shouldRun: (key, ttlMs) => runs.take(key, ttlMs) };
}
