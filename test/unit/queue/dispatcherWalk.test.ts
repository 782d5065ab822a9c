/**
 * The dispatcher under random events, as far as an election can send them, against the promises of its head. Each seed
 * is one walk; a failure names its seed. Together the walks make every move of the transition table.
 */
import { expect, test, vi } from 'vitest';
import { Dispatcher } from '../../../src/queue/dispatcher.ts';
import { MemoryQueue } from '../../../src/queue/memory/memoryQueue.ts';
import { transitions } from '../../../src/queue/modes.ts';
import type { QueuedTask } from '../../../src/queue/runner.ts';
import type { TaskId } from '../../../src/task/task.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { type Chance, random } from './random.ts';
import { type Ending, notRun, ScriptedRunner, upTo } from './scriptedRunner.ts';

const WALKS = 150;
const STEPS = 120;
const GRACE = 40;
const STOP_TIMEOUT = 200;
const ATTEMPTS = 4;

class Walk {
  readonly clock = new VirtualClock();
  readonly queue = new MemoryQueue();
  readonly runner = new ScriptedRunner();
  readonly dispatcher: Dispatcher;
  /** What the election has said last. */
  mastership: 'none' | 'standing' | 'fenced' | 'draining' = 'none';
  term = 0;
  /** Calls of `drain` that have not resolved; until then no election is won. */
  drains = 0;
  fed = 0;
  panics = 0;
  unloadable = 0;
  /** Whether the work did not load under this mastership, which is not given up yet. */
  givenUp = false;
  dropped = 0;
  /** The term under which the run that goes on began. */
  runTerm = 0;
  /** What the mastership was when the last run ended. */
  endedIn = '';
  /** How often each task that is still queued has failed. */
  readonly failures = new Map<TaskId, number>();
  /** The tasks of the last run. */
  given: readonly QueuedTask[] = [];
  failure: unknown;
  readonly doneIds: TaskId[] = [];

  constructor(private readonly chance: Chance) {
    this.runner.mostTasks = 5;
    this.runner.lazy = chance.below(2) === 0;
    this.runner.onRun = this.guard((tasks: readonly QueuedTask[]) => {
      expect(this.mastership, 'runs begin only under a mastership that lasts').toBe('standing');
      expect(this.givenUp, 'nothing is begun where the work did not load').toBe(false);
      expect(tasks, 'the oldest tasks run').toEqual(this.queue.tasks.first(tasks.length));
      for (const { id, failed } of tasks) {
        expect(failed, 'failures of this task are counted').toBe(this.failures.get(id) ?? 0);
        expect(failed, 'attempts end').toBeLessThan(ATTEMPTS);
      }
      this.given = tasks;
      this.runTerm = this.term;
    });
    this.dispatcher = new Dispatcher({
      ...{ queue: this.queue, runner: this.runner, clock: this.clock, grace: GRACE, stopTimeout: STOP_TIMEOUT },
      retry: { minDelay: 10, maxDelay: 40, attempts: ATTEMPTS },
      random: () => this.chance.below(1000) / 1000,
      ...{ chunk: { budget: 10, mostTasks: 8 }, cancelTimeout: 10 },
      killProcess: this.chance.below(2) === 0 ? null : this.guard(() => this.killed()),
      callbacks: {
        done: this.guard((tasks: readonly QueuedTask[]) => {
          expect(this.mastership, 'nothing is done after the mastership').not.toBe('none');
          expect(this.runTerm, 'nothing is done for another mastership').toBe(this.term);
          expect(tasks, 'the first of the run are done').toEqual(this.given.slice(0, tasks.length));
          for (const { id } of tasks) {
            expect(this.queue.tasks.has(id)).toBe(false);
            this.failures.delete(id);
            this.doneIds.push(id);
          }
          if (this.chance.below(8) === 0) this.feed();
          if (this.chance.below(20) === 0) this.elect();
        }),
        postponed: () => {},
        failed: this.guard(({ id }: QueuedTask, _error: Error, attempt: number) => {
          expect(['standing', 'draining'], 'an abort is no failure').toContain(this.endedIn);
          const count = (this.failures.get(id) ?? 0) + 1;
          this.failures.set(id, count);
          expect(attempt).toBe(count);
          expect(this.queue.tasks.head()?.id).toBe(id);
          if (this.chance.below(8) === 0) this.feed();
          if (this.chance.below(20) === 0) this.elect();
        }),
        exhausted: this.guard((task: QueuedTask) => {
          expect(task.failed).toBe(ATTEMPTS);
          this.queue.hold();
          // Dropped now, or later.
          if (this.chance.below(2) === 0) this.drop();
        }),
        loaded: this.guard(() => {
          expect(this.mastership, 'work is loaded under a mastership that lasts').toBe('standing');
        }),
        unloadable: this.guard(() => {
          expect(this.mastership, 'only a mastership that lasts is given up').toBe('standing');
          this.unloadable += 1;
          // The owner may first wait for the store, and hear of fences in that time.
          this.givenUp = this.chance.below(4) > 0;
          if (this.givenUp) return;
          this.mastership = 'none';
          this.dispatcher.halt('the work does not load');
        }),
        panic: this.guard(() => {
          this.panics += 1;
          expect(this.dispatcher.stopped).toBe(false);
        }),
      },
    });
  }

  /** What fails inside a callback is kept for the walk to end with, so its seed is known. */
  guard<T extends unknown[]>(check: (...args: T) => void): (...args: T) => void {
    return (...args) => {
      try {
        check(...args);
      } catch (error) {
        this.failure ??= error;
      }
    };
  }

  feed(): void {
    this.fed += 1;
    this.queue.push(this.fed, new Uint8Array(0), 0);
    this.dispatcher.poke();
  }

  /** A task whose attempts are used up leaves the queue. */
  drop(): void {
    const head = this.queue.tasks.head();
    if (this.queue.blocked === null || head === undefined) return;
    this.queue.drop(head);
    this.failures.delete(head.id);
    this.dropped += 1;
    this.dispatcher.poke();
  }

  /** In truth nothing comes after it; here the walk goes on. */
  killed(): void {
    this.panics += 1;
    expect(this.dispatcher.stopped).toBe(false);
    expect(this.mastership, 'no process is killed while its lease lasts').not.toBe('standing');
  }

  leave(id: TaskId): void {
    this.queue.tasks.delete(id);
    this.failures.delete(id);
  }

  /** How a run ends, by chance. */
  ending(): Ending {
    return (given) => {
      this.endedIn = this.mastership;
      const count = this.chance.below(given + 1);
      const took = count * (this.chance.below(4) === 0 ? 4 : 0.5);
      if (count === given || this.chance.below(4) === 0) return upTo(given, 'late', took)(given);
      // A run is only cut short by its time when something of it is done.
      const kinds = count === 0 ? (['refused', 'thrown', 'notRun'] as const) : (['refused', 'thrown', 'late'] as const);
      return upTo(count, kinds[this.chance.below(3)] ?? 'notRun', took)(given);
    };
  }

  /** One thing that an election may say now. */
  elect(): void {
    const { chance, dispatcher } = this;
    if (this.mastership === 'none') {
      if (chance.below(8) === 0) this.drain();
      else if (this.drains === 0) {
        this.term += 1;
        this.mastership = 'standing';
        this.givenUp = false;
        dispatcher.start(this.term);
      }
      return;
    }
    switch (chance.below(5)) {
      case 0:
        this.mastership = 'none';
        return dispatcher.halt('lost');
      case 1:
        return this.drain();
      default:
        if (this.mastership === 'fenced') {
          this.mastership = 'standing';
          dispatcher.resume();
        } else {
          if (this.mastership === 'standing') this.mastership = 'fenced';
          dispatcher.fence('about to end');
        }
    }
  }

  drain(): void {
    if (this.mastership !== 'none') this.mastership = 'draining';
    this.drains += 1;
    const settled = this.guard((how: 'drained' | 'stuck') => {
      this.drains -= 1;
      this.mastership = 'none';
      expect(this.dispatcher.stopped, how).toBe(how === 'drained');
      if (how === 'stuck') {
        expect(this.panics, 'stuck comes with a panic').toBeGreaterThan(0);
        this.dispatcher.halt('abandoned');
      }
    });
    void this.dispatcher.drain().then(settled);
  }

  async step(): Promise<void> {
    const { chance, runner } = this;
    runner.endsAtOnce = chance.below(4) > 0;
    // The owner gives it up soon, so what may come before that comes more often.
    if (this.givenUp) {
      if (runner.state === 'ending' && chance.below(2) === 0) runner.finishEnd(this.ending());
      else if (chance.below(2) === 0) this.elect();
    }
    switch (chance.below(8)) {
      case 0:
      case 1:
        this.feed();
        break;
      case 2:
        this.elect();
        break;
      case 3:
        if (runner.state === 'ending') runner.finishEnd(this.ending());
        break;
      case 4:
        // A standby follows: any task may leave its queue.
        if (this.mastership === 'none') this.leave(chance.below(this.fed + 1));
        break;
      case 5:
        if (runner.loading)
          runner.settleLoad(chance.below(4) > 0 ? 'loaded' : chance.below(4) > 0 ? 'failed' : 'ended');
        // The thread has been idle for long enough.
        else if (runner.lazy && runner.state === 'ready' && runner.running === undefined) runner.loaded = false;
        break;
      default:
        if (runner.running !== undefined) runner.settle(this.ending());
    }
    if (chance.below(3) === 0) await this.clock.advance(chance.below(60));
    else if (chance.below(2) === 0) await this.clock.advance(0);
    if (this.failure !== undefined) throw this.failure;
    const { stopped, running } = this.dispatcher;
    if (stopped) expect([runner.state, runner.running, running]).toEqual(['absent', undefined, null]);
    if (this.givenUp) expect([runner.loading, runner.running], 'nothing is begun').toEqual([false, undefined]);
    if (runner.running !== undefined) expect(running).toBe(runner.running);
  }

  /** Whatever came before: once there is a mastership and work ends, every task is done. */
  async finish(): Promise<void> {
    const { runner, dispatcher } = this;
    this.mastership = 'none';
    dispatcher.halt('the end of the walk');
    if (runner.state === 'ending') runner.finishEnd(notRun);
    else if (runner.running !== undefined) runner.settle(notRun);
    runner.endsAtOnce = true;
    await this.clock.advance(GRACE);
    if (runner.state === 'ending') runner.finishEnd(notRun);
    await this.clock.advance(0);
    expect([dispatcher.stopped, this.clock.pending], 'stopped, and no timer is left').toEqual([true, 0]);
    runner.lazy = false;
    runner.answer = (tasks) => upTo(tasks.length, 'late')(tasks.length);
    this.drop();
    const rest = [...this.queue.tasks.ids()];
    const before = this.doneIds.length;
    this.term += 1;
    this.mastership = 'standing';
    this.givenUp = false;
    this.chance.below = () => 1;
    dispatcher.start(this.term);
    await this.clock.advance(1000);
    expect(this.doneIds.slice(before)).toEqual(rest);
    expect(new Set(this.doneIds).size, 'no task is done twice').toBe(this.doneIds.length);
  }
}

test('keeps its promises whatever happens, and makes every move of its table', async () => {
  const moves = new Set<string>();
  for (const [from, targets] of Object.entries(transitions)) {
    const includes = targets.includes.bind(targets);
    vi.spyOn(targets, 'includes').mockImplementation((to) => {
      moves.add(`${from} → ${to}`);
      return includes(to);
    });
  }
  for (let seed = 1; seed <= WALKS; seed++) {
    try {
      const walk = new Walk(random(seed));
      for (let step = 0; step < STEPS; step++) await walk.step();
      await walk.finish();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  const table = Object.entries(transitions).flatMap(([from, targets]) => targets.map((to) => `${from} → ${to}`));
  expect([...moves].sort()).toEqual(table.sort());
});
