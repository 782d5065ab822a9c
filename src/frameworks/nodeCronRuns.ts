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
/** For how long a clock must have run evenly that no server's confirms, and by how much it may drift between two looks, in ms. */
const EVEN_MS = 180_000;
const DRIFT_MS = 30_000;
/** The names that node-cron gives to jobs without one. */
const RANDOM_NAME = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

export class Runs {
  /** What was told last of the last run of a job. */
  private readonly told = new Map<string, string>();
  private toldNames = false;
  /** The wall clock less the one that runs evenly, at the last look, and since when it has been about that. */
  private offset: number;
  private evenSince: number;

  constructor(
    private readonly cluster: Pick<Cluster, 'name' | 'term' | 'emit'>,
    private readonly link: ClusterLink,
    private readonly clock: Clock,
  ) {
    this.evenSince = clock.sinceBoot();
    this.offset = clock.wall() - this.evenSince;
  }

  async take(key: string, ttlMs: number): Promise<boolean> {
    const { cluster, clock } = this;
    const { job, slot } = readKey(key);
    const { term } = cluster;
    if (term === null) return false;
    this.noteName(job);
    this.lookAtClock();
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
    const { last, serverAhead } = answer;
    const wall = this.clock.wall();
    if (last - wall <= AHEAD_MAX_MS) return false;
    // No run would come until then: a month, or for ever. But the clock here may be the one that is wrong.
    const isAhead = serverAhead === 'none' ? this.lookAtClock() : this.isBehind(last, serverAhead);
    const had = `the job '${asked.job}' of '${this.cluster.name}' had its last run for ${shown(last)}`;
    if (!isAhead) {
      const why = `the clock here shows ${shown(wall)}, and may be behind: its runs are left out`;
      this.tell(
        asked.job,
        `left out until ${last}`,
        `${had}, ${why} until it is known that the clock of a member was ahead`,
      );
      return false;
    }
    const { taken } = await this.link.takeSlot({ ...asked, replaces: last });
    const what = 'so the clock of a member was ahead: it goes on by the clock of this one';
    if (taken) this.tell(asked.job, `goes on from ${last}`, `${had}, ${what}`);
    return taken;
  }

  /** Returns whether the clock of the server shows as well that nothing can have been due then. */
  private isBehind(last: number, serverAhead: number | null): boolean {
    return serverAhead !== null && last - (this.clock.wall() + serverAhead) > AHEAD_MAX_MS;
  }

  /** Returns whether the clock here has run evenly for a while. One that is set after a boot has not. */
  private lookAtClock(): boolean {
    const sinceBoot = this.clock.sinceBoot();
    const offset = this.clock.wall() - sinceBoot;
    if (Math.abs(offset - this.offset) > DRIFT_MS) this.evenSince = sinceBoot;
    this.offset = offset;
    return sinceBoot - this.evenSince >= EVEN_MS;
  }

  /** Once for all that is the same: a run may be asked for each second. */
  private tell(job: string, about: string, text: string): void {
    if (this.told.get(job) === about) return;
    this.told.set(job, about);
    this.cluster.emit('error', new FailoverError('ERR_CLOCK_JUMPED', text));
  }

  /** Without a name the same job has another key on each instance. */
  private noteName(job: string): void {
    if (this.toldNames || !RANDOM_NAME.test(job)) return;
    this.toldNames = true;
    const text = `a job of node-cron has no name, so its runs under '${this.cluster.name}' have other keys on each instance, and nothing keeps two masters from the same run; give it a name that stays`;
    this.cluster.emit('info', text);
  }
}

function shown(time: number): string {
  return new Date(time).toISOString();
}

/** @throws InvalidOptionError */
function readKey(key: unknown): { readonly job: string; readonly slot: number } {
  const [, job, time = ''] =
    (typeof key === 'string' && /^(.+):(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/s.exec(key)) || [];
  const slot = Date.parse(time);
  // Years before 1970 have no slots.
  if (job === undefined || !(slot >= 0)) {
    const text = `the key of a run is the name of its job, a colon and its time, as node-cron 4 makes it, not ${showValue(key)}`;
    throw new InvalidOptionError(text);
  }
  if (Buffer.byteLength(job) > JOB_BYTES_MAX || !isWellFormed(job)) {
    const text = `the name of a job has at most ${JOB_BYTES_MAX} bytes of well-formed text, unlike ${showValue(job)}`;
    throw new InvalidOptionError(text);
  }
  return { job, slot };
}
