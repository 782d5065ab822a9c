/**
 * Members with a managed queue in memory, the lease that they share, and beside them the model: sets of what was fed,
 * what is finished (done, or a dead letter), and what each member was told of. The members run what ships
 * (`MemoryDuty`: FIFO, follower, window of what was done, dispatcher); the election is played by whoever calls.
 *
 * What is checked on every step, of docs/explain/protocol.md and of the plan's first rules about managed work:
 *
 *   - nothing begins to run at a member that was told that it is finished;
 *   - what a look takes out of a queue is exactly what was finished since the last look, as long as the lease can list
 *     it; when it cannot, everything up to the oldest that it lists, and then it is said;
 *   - the lease lists the end of what was finished, without gaps, within its limits.
 */
import { expect } from 'vitest';
import { MemoryDuty } from '../../../../src/coordinator/duties/memoryDuty.ts';
import { DONE_BYTES_MAX, DONE_IDS_MAX } from '../../../../src/queue/memory/doneWindow.ts';
import type { ChunkOutcome } from '../../../../src/queue/runner.ts';
import type { Lease, Progress } from '../../../../src/store/store.ts';
import type { TaskId } from '../../../../src/task/task.ts';
import type { MemberEvent } from '../../../../src/wire/messages.ts';
import { MemoryTasks } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { batchOf, Told } from '../../coordinator/duties/duties.ts';
import { upTo } from '../scriptedRunner.ts';

/** How often a task is tried before it becomes a dead letter. */
const ATTEMPTS = 3;
/** Longer than any drain, delay or end of a runner takes. */
const LONG = 1000;

/** How much of a run is done, and how it ends then. */
export interface Outcome {
  readonly done: number;
  readonly end: 'refused' | 'thrown' | 'late';
}

export interface Member {
  readonly index: number;
  /** Of this life of it. */
  readonly holder: string;
  readonly work: MemoryDuty;
  readonly told: Told;
  /** In which order it is fed, and how far that is. */
  readonly order: readonly TaskId[];
  fed: number;
  /** What it has in its queue. */
  readonly queued: Set<TaskId>;
  /** What it was told that is finished. */
  readonly knows: Set<TaskId>;
  /** Undefined: it does not know how many were finished at its last look. */
  count: number | undefined;
  seen: string | undefined;
  /** What it took for finished under a lease that it held. */
  log: readonly TaskId[];
  claim: string | undefined;
  /** What came of the last look. */
  removed: TaskId[];
  infos: number;
  /** Whether it fell back at its last look. */
  isFallingBack: boolean;
  gone: boolean;
}

export class QueueWorld {
  readonly clock = new VirtualClock();
  readonly finished = new Set<TaskId>();
  readonly members: Member[] = [];
  master: Member | undefined;
  isFenced = false;
  /** Looks at which more was finished than the lease lists. */
  fallbacks = 0;
  /** What was not finished when a fallback took it out of a queue. */
  readonly dropped = new Set<TaskId>();
  private lease: Lease | null = null;
  /** All that was ever finished under the lease, as it stands in the store. */
  private leaseLog: readonly TaskId[] = [];
  private claims = 0;
  private lives = 0;
  private failure: unknown;

  constructor(
    private readonly orders: readonly (readonly TaskId[])[],
    /** Whether all are fed in one order: then nothing is lost, whatever a lease can list. */
    private readonly oneOrder: boolean,
  ) {
    for (const index of orders.keys()) this.members.push(this.member(index));
  }

  private member(index: number): Member {
    const told = new Told();
    told.runner.mostTasks = 8;
    const retry = { minDelay: 10, maxDelay: 40, attempts: ATTEMPTS };
    const work = new MemoryDuty({
      ...told.parts(this.clock, retry),
      store: new MemoryTasks(this.clock).connect(),
      emit: (event) => this.guard(() => this.happened(member, event)),
    });
    const member: Member = {
      ...{
        index,
        holder: `member ${index}, life ${++this.lives}`,
        work,
        told,
        order: this.orders[index] ?? [],
        fed: 0,
        count: undefined,
        seen: undefined,
        log: [],
      },
      ...{
        queued: new Set(),
        knows: new Set(),
        claim: undefined,
        removed: [],
        infos: 0,
        isFallingBack: false,
        gone: false,
      },
    };
    told.runner.onRun = (tasks) =>
      this.guard(() => {
        expect(this.master, 'only the master runs tasks').toBe(member);
        const repeated = tasks.map(({ id }) => id).filter((id) => member.knows.has(id));
        expect(repeated, 'runs although this member was told that it is finished').toEqual([]);
      });
    return member;
  }

  private guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.failure ??= error;
    }
  }

  private happened(member: Member, event: MemberEvent): void {
    if (member.gone) return;
    if (event.type === 'removed') member.removed.push(...event.ids);
    if (event.type === 'info') member.infos += 1;
    const done = event.type === 'done' ? event.ids : event.type === 'deadletter' ? [event.id] : [];
    if (done.length > 0) expect(this.master, 'only what the master does counts').toBe(member);
    for (const id of done) {
      expect(member.queued.delete(id), 'only what is queued is done').toBe(true);
      this.finished.add(id);
      member.log = [...member.log, id];
    }
    expect(event.type, 'nothing is wrong').not.toBe('panic');
  }

  async settle(ms = 0): Promise<void> {
    await this.clock.advance(ms);
    if (this.failure !== undefined) throw this.failure;
  }

  // ---- what may happen ----

  async feed(member: Member, count: number): Promise<void> {
    const ids = member.order.slice(member.fed, member.fed + count);
    member.fed += ids.length;
    const results = await member.work.submit(batchOf(...ids));
    expect(results).toEqual(ids.map((id) => (member.knows.has(id) ? 'done' : 'queued')));
    for (const [index, id] of ids.entries()) if (results[index] === 'queued') member.queued.add(id);
    await this.settle();
  }

  /** The run under way, if there is one, ends so, and those that follow it. */
  async work(outcomes: readonly Outcome[]): Promise<void> {
    for (const { done, end } of outcomes) {
      const runner = this.master?.told.runner;
      if (runner?.running === undefined) return;
      const count = Math.min(done, runner.given);
      runner.settle(
        upTo(count, count === runner.given || (end === 'late' && count > 0) ? 'late' : failing(end), count / 8),
      );
      await this.settle();
    }
  }

  beat(isLast = false): void {
    if (this.master === undefined || this.lease === null) return;
    const holder = isLast ? null : this.master.holder;
    const progress = this.master.work.progress();
    checkProgress(progress, this.master.log);
    this.lease = { ...this.lease, ...progress, beat: this.lease.beat + 1, holder };
    this.leaseLog = this.master.log;
  }

  /** As a standby sees the lease: nothing when its version is no new one, or its own. */
  async look(member: Member): Promise<void> {
    const { lease } = this;
    const version = lease === null ? 'none' : `${lease.claim} ${lease.beat} ${lease.holder === null}`;
    if (member === this.master || member.gone || member.seen === version) return;
    member.seen = version;
    if (lease === null) {
      member.count = 0;
      member.work.seenNothing();
      return;
    }
    if (lease.holder === member.holder) return;
    const infos = member.infos;
    member.removed = [];
    member.work.seen(lease);
    this.checkLook(member, lease, infos);
    await this.settle();
  }

  private checkLook(member: Member, lease: Lease, infos: number): void {
    const { removed, queued, knows } = member;
    const from = member.count;
    member.count = lease.count;
    const isKnown = from !== undefined && from <= lease.count;
    const listed = lease.recent.length;
    const fellBack = isKnown && lease.count - from > Math.max(1, listed);
    const news = isKnown && !fellBack ? this.leaseLog.slice(from) : this.leaseLog.slice(this.leaseLog.length - listed);
    for (const id of removed) {
      expect(queued.delete(id), 'only what is queued leaves').toBe(true);
      if (!fellBack || this.oneOrder) expect(this.finished, 'lost').toContain(id);
      else if (!this.finished.has(id)) this.dropped.add(id);
    }
    expect(
      news.filter((id) => queued.has(id)),
      'what the lease tells leaves the queue',
    ).toEqual([]);
    if (fellBack) this.fallbacks += 1;
    else
      expect(
        removed.filter((id) => !news.includes(id)),
        'nothing else leaves',
      ).toEqual([]);
    const isNew = fellBack && !member.isFallingBack;
    member.isFallingBack = fellBack;
    expect(member.infos - infos, 'said once, when it begins to fall back').toBe(isNew ? 1 : 0);
    for (const id of isKnown ? [...news, ...removed] : removed) knows.add(id);
  }

  /** This member looks, and then claims: whoever was master is so no longer. */
  async elect(member: Member): Promise<void> {
    if (this.master !== undefined) await this.depose();
    await this.look(member);
    const { lease } = this;
    const progress = lease ?? { identifier: null, count: 0, recent: [] };
    const term = (lease?.term ?? 0) + 1;
    const continued = lease !== null && lease.claim === member.claim;
    const claim = `claim ${++this.claims}`;
    const { identifier, count, recent } = progress;
    this.lease = { term, beat: 0, ack: 0, holder: member.holder, claim, ttl: 1000, identifier, count, recent };
    if (!continued) member.log = this.leaseLog;
    Object.assign(member, { claim, seen: undefined });
    this.master = member;
    this.isFenced = false;
    member.work.elected({ term, progress: { identifier, count, recent }, continued });
    await this.settle();
  }

  /** What was done since the last beat, nobody else hears of. */
  async depose(): Promise<void> {
    const { master } = this;
    if (master === undefined) return;
    this.master = undefined;
    master.count = undefined;
    const { runner } = master.told;
    runner.endsAtOnce = false;
    master.work.deposed('the lease is lost', 0);
    // What is done too late counts for nothing.
    if (runner.state === 'ending') runner.finishEnd(doneTooLate);
    runner.endsAtOnce = true;
    await this.settle();
  }

  async fence(): Promise<void> {
    if (this.isFenced) this.master?.work.resume();
    else this.master?.work.fence('the lease ends soon');
    this.isFenced = !this.isFenced;
    await this.settle();
  }

  /** The member is gone at once, and comes again with nothing: it has to be fed again. */
  async crash(member: Member): Promise<void> {
    member.gone = true;
    // Its timers run on in the one clock of all; in truth they are gone with it.
    if (this.master === member) {
      this.master = undefined;
      member.work.deposed('the process is gone', 0);
    }
    this.members[member.index] = this.member(member.index);
    await this.settle();
  }

  /** `stop()`: what runs is finished and told, and the next may claim at once. The member comes again later. */
  async release(): Promise<void> {
    const { master } = this;
    if (master === undefined) return;
    const drained = master.work.drain();
    await this.work([{ done: 1, end: 'late' }]);
    await this.settle(LONG);
    expect(await drained).toBe('drained');
    this.beat(true);
    await this.crash(master);
  }

  /** Everybody is fed to the end, one member works all of it off; what is left of it is checked by the caller. */
  async finish(member: Member): Promise<void> {
    await this.elect(member);
    for (const each of this.members) await this.feed(each, each.order.length);
    for (let left = 10 * member.order.length; left > 0 && member.queued.size > 0; left -= 1) {
      await this.work([{ done: 8, end: 'late' }]);
      await this.settle(50);
    }
    expect(member.queued.size, 'all is worked off').toBe(0);
  }
}

function doneTooLate(given: number): ChunkOutcome {
  return given > 2 ? upTo(2, 'notRun')(given) : upTo(given, 'late')(given);
}

function failing(end: Outcome['end']): 'refused' | 'thrown' {
  return end === 'thrown' ? 'thrown' : 'refused';
}

function checkProgress({ identifier, count, recent }: Progress, log: readonly TaskId[]): void {
  expect({ identifier, count }).toEqual({ identifier: log.at(-1) ?? null, count: log.length });
  expect(recent, 'the end of what was finished').toEqual(log.slice(log.length - recent.length));
  expect(recent.length).toBeLessThanOrEqual(DONE_IDS_MAX);
  const bytes = recent.reduce((sum: number, id) => sum + Buffer.byteLength(String(id)), 0);
  expect(bytes).toBeLessThanOrEqual(DONE_BYTES_MAX);
}
