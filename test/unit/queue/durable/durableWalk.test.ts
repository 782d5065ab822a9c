/**
 * The durable queue under random events, against the promises of its head: masterships one after another, that end by
 * a crash, a loss or a release at any moment; tasks that fail and that kill their process; a store that is slow and
 * loses calls and answers. Each seed is one walk; a failure names its seed.
 *
 * Longer than other files, because what happens and what must hold then belong together.
 */
import { expect, test } from 'vitest';
import { UNACKNOWLEDGED_MAX } from '../../../../src/queue/durable/reignParts.ts';
import type { QueuedTask } from '../../../../src/queue/runner.ts';
import { askChangeTask } from '../../../../src/requests/changeTask.ts';
import { noOrders } from '../../../../src/store/orders.ts';
import type { TaskId } from '../../../../src/task/task.ts';
import { atOnce, MemoryTasks, type TaskFate } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { type Chance, random } from '../random.ts';
import { type Fortune, type MemberCallbacks, WalkMember } from '../walkMember.ts';
import { NAME, POLL } from './durableMaster.ts';

const WALKS = 60;
const STEPS = 150;
/** Longer than any call is under way, so what a dead member has sent has arrived before the next is master. */
const TAKEOVER = 60;
const SLOWEST = 25;

type Nature = 'good' | 'moody' | 'bad' | 'killer';

class Walk {
  readonly clock = new VirtualClock();
  readonly store = new MemoryTasks(this.clock);
  readonly retry: { attempts: number; exhausted: 'block' | 'dead-letter' };
  current: WalkMember | null = null;
  /** One that was deposed, and lives. */
  idle: WalkMember | null = null;
  ended: 'crash' | 'loss' | 'release' | 'never' = 'never';
  term = 0;
  members = 0;
  fed = 0;
  calm = false;
  releasing = false;
  failure: unknown;
  /** The number under which each task was stored last. */
  readonly numbers = new Map<TaskId, number>();
  frontier = 0;
  readonly natures = new Map<TaskId, Nature>();
  readonly completed = new Set<number>();
  /** How many processes each killer took down, and how many masterships ended uncleanly with a task at risk. */
  readonly kills = new Map<number, number>();
  readonly risks = new Map<number, number>();
  /** How often a hand-over made each killer's first death forgotten. */
  readonly pardons = new Map<number, number>();
  /** What was answered to be removed. */
  readonly removed = new Set<number>();
  changes = 0;
  crashes = 0;
  repeats = 0;
  /** Letters that were taken. */
  readonly taken = new Set<number>();
  /** What began under the present mastership. */
  readonly begun = new Set<number>();
  readonly completedNow = new Set<number>();
  /** How often each task was refused under it. */
  readonly refusals = new Map<number, number>();
  /** Tasks take no time, so they are done faster than they can be acknowledged. */
  readonly quick: boolean;
  /** So many calls more may be lost although all is calm. */
  hiccups = 0;
  /** The deaths that were on record when it began. */
  readonly charges = new Map<number, number>();

  constructor(private readonly chance: Chance) {
    const attempts = [1, 2, 3, Number.POSITIVE_INFINITY][chance.below(4)] ?? 1;
    this.quick = chance.below(3) === 0;
    this.retry = { attempts, exhausted: chance.below(3) === 0 ? 'block' : 'dead-letter' };
  }

  get budget(): number {
    return Number.isFinite(this.retry.attempts) ? Math.max(2, this.retry.attempts) : 3;
  }

  guard<T extends unknown[], R>(fallback: R, check: (...args: T) => R): (...args: T) => R {
    return (...args) => {
      try {
        return check(...args);
      } catch (error) {
        this.failure ??= error;
        return fallback;
      }
    };
  }

  seqOf({ id }: QueuedTask): number {
    return this.numbers.get(id) ?? 0;
  }

  /** Up to this number every task is done, or given up. */
  over(): number {
    const isOver = (seq: number): boolean =>
      this.completed.has(seq) || this.isGivenUp(seq) || this.store.cancelled.has(seq);
    while (isOver(this.frontier + 1)) this.frontier += 1;
    return this.frontier;
  }

  callbacks(): MemberCallbacks {
    return {
      runs: this.guard(undefined, (tasks: readonly QueuedTask[]) => {
        const [first, last] = [tasks[0], tasks.at(-1)];
        expect(first !== undefined && last !== undefined && this.current !== null, 'only a master runs').toBe(true);
        if (first === undefined || last === undefined) return;
        expect(this.seqOf(last) - this.store.done, 'unacknowledged').toBeLessThanOrEqual(UNACKNOWLEDGED_MAX);
        expect(this.over(), 'in order').toBeGreaterThanOrEqual(this.seqOf(first) - 1);
      }),
      begins: this.guard({ fortune: 'done', takes: 0 }, (task: QueuedTask) => {
        const seq = this.seqOf(task);
        expect(this.isGivenUp(seq), `task ${seq} was given up`).toBe(false);
        this.begun.add(seq);
        expect(this.removed.has(seq), `task ${seq} begins, and was said to be removed`).toBe(false);
        if (this.completed.has(seq)) this.repeats += 1;
        const refusals = this.refusals.get(seq) ?? 0;
        expect(this.store.tasks.get(seq)?.attempts, 'failures on record').toBeGreaterThanOrEqual(refusals);
        const fortune = this.fortune(task.id);
        if (fortune === 'refused') this.refusals.set(seq, refusals + 1);
        const takes = !this.quick && this.chance.below(5) === 0 ? this.chance.below(8) : 0;
        return { fortune, takes };
      }),
      completed: this.guard(undefined, (task: QueuedTask) => {
        this.completed.add(this.seqOf(task));
        this.completedNow.add(this.seqOf(task));
      }),
      died: this.guard(undefined, () => {
        const seq = Math.max(...this.begun);
        this.kills.set(seq, (this.kills.get(seq) ?? 0) + 1);
        const most = this.budget + (this.pardons.get(seq) ?? 0);
        expect(this.kills.get(seq), `processes that task ${seq} took down`).toBeLessThanOrEqual(most);
        this.chargedAlone(seq);
        this.crash();
      }),
    };
  }

  /** No task but the one that killed the process is on record as having been at it. */
  chargedAlone(killer: number): void {
    for (const { seq, deaths } of this.store.tasks.values()) {
      if (seq === killer || seq <= this.store.done || deaths <= (this.charges.get(seq) ?? 0)) continue;
      expect.fail(`task ${seq} is charged with what ${killer} did`);
    }
  }

  fortune(id: TaskId): Fortune {
    const nature = this.calm ? 'good' : this.natures.get(id);
    if (nature === 'killer') return 'kill';
    return nature === 'bad' || (nature === 'moody' && this.chance.below(2) === 0) ? 'refused' : 'done';
  }

  isGivenUp(seq: number): boolean {
    return (
      this.store.letters.some((letter) => letter.seq === seq) || this.taken.has(seq) || this.store.burial?.seq === seq
    );
  }

  fate(): TaskFate {
    if (this.calm) {
      if (this.hiccups === 0) return atOnce;
      this.hiccups -= 1;
      return this.chance.below(3) === 0 ? { ...atOnce, lost: 'call' } : atOnce;
    }
    if (this.chance.below(3) === 0) return atOnce;
    const [there, back] = [this.chance.below(SLOWEST), this.chance.below(SLOWEST)];
    const fails = this.chance.below(12);
    return { there, back, ...(fails < 2 && { lost: fails === 0 ? ('call' as const) : ('answer' as const) }) };
  }

  feed(): void {
    const count = this.chance.below(12) === 0 ? 400 : 1 + this.chance.below(30);
    const offered = [];
    for (let index = 0; index < count; index++) {
      this.fed += 1;
      const dice = this.chance.below(60);
      const natures: Nature[] = ['killer', 'bad', 'moody'];
      this.natures.set(this.fed, natures[dice] ?? 'good');
      const task = this.store.add({ id: this.fed, bytes: new Uint8Array(0) });
      this.numbers.set(this.fed, task.seq);
      if (this.chance.below(20) === 0) this.store.late.add(task.seq);
      if (this.chance.below(4) > 0) offered.push(task);
    }
    this.current?.master.queue.offer(offered);
  }

  elect(): void {
    const again = this.idle !== null && this.chance.below(2) === 0 ? this.idle : null;
    const continued = again !== null && this.ended === 'loss';
    const clean = continued || this.ended === 'release' || this.ended === 'never';
    this.members += 1;
    const member =
      again ?? new WalkMember(this.store, this.clock, `m${this.members}`, this.retry, this.chance, this.callbacks());
    member.master.fate = () => this.fate();
    member.master.onBuried = this.guard(undefined, (id: TaskId) => {
      expect(this.store.burial?.seq, 'a burial that is told of is over').not.toBe(this.numbers.get(id));
    });
    this.term += 1;
    if (clean) for (const seq of this.kills.keys()) this.pardons.set(seq, (this.pardons.get(seq) ?? 0) + 1);
    // Now that all has arrived which was under way when the last one ended.
    if (this.ended === 'crash' || this.ended === 'loss') this.atRisk();
    this.begun.clear();
    this.completedNow.clear();
    this.refusals.clear();
    this.charges.clear();
    for (const { seq, deaths } of this.store.tasks.values()) if (deaths > 0) this.charges.set(seq, deaths);
    this.current = member;
    this.idle = null;
    member.elect(this.term, clean);
  }

  /** The tasks that the next master may find on record of this one, though they did no harm. */
  atRisk(): void {
    for (const { seq, deaths } of this.store.tasks.values()) {
      if (deaths > 0 || (this.begun.has(seq) && seq > this.store.done)) {
        this.risks.set(seq, (this.risks.get(seq) ?? 0) + 1);
      }
    }
  }

  crash(): void {
    if (this.current === null) return;
    this.crashes += 1;
    this.current.die();
    this.current = null;
    this.ended = 'crash';
  }

  lose(): void {
    if (this.current === null) return;
    this.crashes += 1;
    this.current.depose();
    this.idle = this.current;
    this.current = null;
    this.ended = 'loss';
  }

  release(): void {
    const { current } = this;
    if (current === null || this.releasing) return;
    this.releasing = true;
    const settled = this.guard(undefined, (how: 'drained' | 'stuck') => {
      this.releasing = false;
      if (this.current !== current) return;
      if (how === 'stuck') return this.lose();
      current.depose();
      this.idle = current;
      this.current = null;
      this.ended = 'release';
      expect(Math.max(0, ...this.completedNow), 'a release comes after the acknowledgement').toBeLessThanOrEqual(
        this.store.done,
      );
      for (const { seq, deaths } of this.store.tasks.values()) {
        const before = this.charges.get(seq) ?? 0;
        if (seq > this.store.done && deaths > before) expect.fail(`task ${seq} is charged by a release`);
      }
    });
    void current.release().then(settled);
  }

  requeue(): void {
    const [letter] = this.store.letters;
    if (letter === undefined || this.store.burial?.seq === letter.seq) return;
    this.natures.set(letter.id, 'good');
    this.numbers.set(letter.id, this.store.add({ id: letter.id, bytes: letter.bytes }).seq);
    this.store.removeLetter(letter.seq);
    this.taken.add(letter.seq);
  }

  unblock(): void {
    const blocked = this.current?.master.queue.blocked ?? null;
    const seq = this.store.done + 1;
    if (blocked === null || this.store.tasks.get(seq)?.id !== blocked) return;
    this.store.record(seq, 0, 0);
    this.refusals.delete(seq);
    this.natures.set(blocked, 'good');
  }

  /** Another member asks for a task to be cancelled, or for another payload. */
  change(): void {
    const waiting = this.store.queued;
    const key = waiting[this.chance.below(waiting.length)];
    if (key === undefined) return;
    const [bytes, running] = [this.chance.below(3) === 0 ? new Uint8Array(8) : null, this.chance.below(2) === 0];
    const seq = this.numbers.get(key) ?? 0;
    const { store, clock } = this;
    const ring = async (): Promise<boolean> => {
      this.current?.master.queue.changesAsked();
      return true;
    };
    this.changes += 1;
    void askChangeTask(
      { name: NAME, unique: String(this.changes), by: 'an operator', key, running, bytes },
      {
        store: store.connect(() => this.fate()),
        desk: { orders: async () => noOrders, writeOrders: ring },
        ...{ clock, poll: POLL, timeout: this.chance.below(200) },
      },
    ).then(
      (outcome) => {
        if (outcome === 'removed') this.removed.add(seq);
      },
      () => {},
    );
  }

  async step(): Promise<void> {
    this.store.late.clear();
    switch (this.chance.below(16)) {
      case 7:
      case 8:
        this.change();
        break;
      case 0:
      case 1:
        this.feed();
        break;
      case 2:
        this.crash();
        break;
      case 3:
        if (this.chance.below(2) === 0) this.lose();
        break;
      case 4:
        if (this.chance.below(2) === 0) this.release();
        break;
      case 5:
        this.requeue();
        break;
      case 6:
        this.unblock();
        break;
      default:
        if (this.current === null) {
          await this.clock.advance(TAKEOVER);
          this.elect();
        }
    }
    await this.clock.advance(this.chance.below(60));
    this.check();
  }

  check(): void {
    if (this.failure !== undefined) throw this.failure;
    const seqs = this.store.letters.map(({ seq }) => seq);
    expect(new Set(seqs).size, 'one letter for a task').toBe(seqs.length);
    expect(this.store.trimmedTooFar, 'only what is acknowledged, and buried, is trimmed').toBe(0);
    for (const { seq, id } of this.store.letters) {
      expect(this.taken.has(seq), `the letter of ${seq} was taken, and is back`).toBe(false);
      if (this.natures.get(id) !== 'good') continue;
      expect(this.risks.get(seq) ?? 0, `task ${seq} is good, and was given up`).toBeGreaterThanOrEqual(this.budget - 1);
    }
    expect(this.repeats).toBeLessThanOrEqual(UNACKNOWLEDGED_MAX * this.crashes);
  }

  /** Whatever came before: once nothing fails any more, every task is done or a dead letter. */
  async finish(): Promise<void> {
    this.store.late.clear();
    this.crash();
    await this.clock.advance(10 * TAKEOVER);
    this.calm = true;
    this.ended = 'crash';
    this.hiccups = 40;
    this.elect();
    for (let round = 0; round < 200 && this.store.queued.length > 0; round++) {
      this.unblock();
      await this.clock.advance(200);
    }
    this.check();
    expect(this.store.queued, 'all is worked off').toEqual([]);
    // Stored by a member that does not tell this one.
    this.fed += 1;
    this.numbers.set(this.fed, this.store.add({ id: this.fed, bytes: new Uint8Array(0) }).seq);
    await this.clock.advance(1000);
    expect(this.store.queued, 'what others store is found').toEqual([]);
    expect(this.over(), 'nothing is lost').toBe(this.store.next - 1);
    this.current?.depose();
    await this.clock.advance(1000);
    expect(this.clock.pending, 'timers that are left').toBe(0);
  }
}

test('loses nothing, keeps the order and bounds the repeats, whatever happens', async () => {
  let [crashes, repeats, letters, kills, removed] = [0, 0, 0, 0, 0];
  for (let seed = 1; seed <= WALKS; seed++) {
    try {
      const walk = new Walk(random(seed));
      for (let step = 0; step < STEPS; step++) await walk.step();
      await walk.finish();
      crashes += walk.crashes;
      repeats += walk.repeats;
      letters += walk.store.letters.length + walk.taken.size;
      kills += walk.kills.size;
      removed += walk.removed.size;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  // Else the walks went nowhere.
  for (const count of [crashes, repeats, letters, kills, removed]) expect(count).toBeGreaterThan(WALKS / 10);
}, 60_000);
