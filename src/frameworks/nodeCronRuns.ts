/** Takes runs of jobs for one member, by the keys that node-cron gives them. */
import { randomUUID } from 'node:crypto';
import { type Cluster, FailoverError, InvalidOptionError, StoreError } from 'mongo-failover';
import { showValue } from '../diagnostics/showValue.js';
import type { ClusterLink } from '../facade/clusterLink.js';
import { type AskedTake, JOB_BYTES_MAX } from '../store/takenSlots.js';
import { isWellFormed } from '../task/taskId.js';
import type { Clock } from '../time/clock.js';
import { pause } from '../time/pause.js';

/** Before a call that failed is made again, in ms. */
const RETRY_MS = 250;
/** As of node-cron: how long its answer is waited for where it does not say. */
const TTL_MS = 30_000;
/** A slot that was taken further ahead of the clock was taken by a clock that was wrong, in ms. */
const AHEAD_MAX_MS = 3_600_000;

export class Runs {
  constructor(
    private readonly cluster: Pick<Cluster, 'name' | 'term' | 'emit'>,
    private readonly link: ClusterLink,
    private readonly clock: Clock,
  ) {}

  async take(key: string, ttlMs: number): Promise<boolean> {
    const { cluster, clock } = this;
    const { job, slot } = readKey(key);
    const { term } = cluster;
    if (term === null) return false;
    const asked = { job, slot, term, claim: randomUUID() };
    const until = clock.now() + (ttlMs > 0 ? ttlMs : TTL_MS);
    for (;;) {
      try {
        const isTaken = await this.ask(asked);
        // Since then the mastership may have ended, and the next master may have come to a later run.
        return isTaken && cluster.term === term;
      } catch (error) {
        if (!(error instanceof StoreError) || cluster.term !== term || clock.now() + RETRY_MS >= until) throw error;
      }
      await pause(clock, RETRY_MS);
    }
  }

  private async ask(asked: AskedTake): Promise<boolean> {
    const answer = await this.link.takeSlot(asked);
    if (answer.taken) return true;
    const { last } = answer;
    if (last - this.clock.wall() <= AHEAD_MAX_MS) return false;
    // No run would come until then: a month, or for ever.
    const { cluster } = this;
    const text = `the job '${asked.job}' of '${cluster.name}' had its last run for ${new Date(last).toISOString()}, so the clock of a member was ahead: it goes on by the clock of this one`;
    cluster.emit('error', new FailoverError('ERR_CLOCK_JUMPED', text));
    return (await this.link.takeSlot({ ...asked, replaces: last })).taken;
  }
}

/** @throws InvalidOptionError */
function readKey(key: unknown): { readonly job: string; readonly slot: number } {
  const [, job, time = ''] =
    (typeof key === 'string' && /^(.+):(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/s.exec(key)) || [];
  const slot = Date.parse(time);
  if (job === undefined || Number.isNaN(slot)) {
    const text = `the key of a run is the name of its job, a colon and its time, as node-cron 4 makes it, not ${showValue(key)}`;
    throw new InvalidOptionError(text);
  }
  if (Buffer.byteLength(job) > JOB_BYTES_MAX || !isWellFormed(job)) {
    const text = `the name of a job has at most ${JOB_BYTES_MAX} bytes of well-formed text, unlike ${showValue(job)}`;
    throw new InvalidOptionError(text);
  }
  return { job, slot };
}
