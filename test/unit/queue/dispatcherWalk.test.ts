/**
 * The dispatcher under random events, as far as an election can send them, against the promises of its head. Each seed
 * is one walk; a failure names its seed. Together the walks make every move of the transition table.
 */
import { expect, test, vi } from 'vitest';
import { Dispatcher, transitions } from '../../../src/queue/dispatcher.ts';
import type { QueuedTask } from '../../../src/queue/runner.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { type Chance, random } from './random.ts';
import { done, notRun, refused, ScriptedRunner, thrown } from './scriptedRunner.ts';
import { TestQueue } from './testQueue.ts';

const WALKS = 150;
const STEPS = 120;
const GRACE = 40;
const STOP_TIMEOUT = 200;
const outcomes = [done, done, done, refused, thrown, notRun];

class Walk {
  readonly clock = new VirtualClock();
  readonly queue = new TestQueue();
  readonly runner = new ScriptedRunner();
  readonly dispatcher: Dispatcher;
  /** What the election has said last. */
  mastership: 'none' | 'standing' | 'fenced' | 'draining' = 'none';
  term = 0;
  /** Calls of `drain` that have not resolved; until then no election is won. */
  drains = 0;
  fed = 0;
  panics = 0;
  /** The term under which the run that goes on began. */
  runTerm = 0;
  failures: { task: unknown; count: number } = { task: undefined, count: 0 };
  failure: unknown;
  readonly doneIds: QueuedTask['id'][] = [];

  constructor(private readonly chance: Chance) {
    this.runner.onRun = this.guard((task: QueuedTask, attempt: number) => {
      expect(this.mastership, 'runs begin only under a mastership that stands').toBe('standing');
      expect(task, 'the oldest task runs').toBe(this.queue.head());
      if (this.failures.task !== task) this.failures = { task, count: 0 };
      expect(attempt, 'attempts count failures of this task').toBe(this.failures.count + 1);
      this.runTerm = this.term;
    });
    this.dispatcher = new Dispatcher({
      ...{ queue: this.queue, runner: this.runner, clock: this.clock, grace: GRACE, stopTimeout: STOP_TIMEOUT },
      retry: { minDelay: 10, maxDelay: 40, attempts: Number.POSITIVE_INFINITY },
      random: () => chance.below(100) / 100,
      chunk: { budget: 10, mostTasks: 256 },
      killProcess: null,
      host: {
        done: this.guard((tasks: readonly QueuedTask[]) => {
          expect(this.mastership, 'nothing is done after the mastership').not.toBe('none');
          expect(this.runTerm, 'nothing is done for another mastership').toBe(this.term);
          expect(tasks.filter(({ id }) => this.queue.has(id))).toEqual([]);
          this.doneIds.push(...tasks.map(({ id }) => id));
          if (this.chance.below(8) === 0) this.feed();
          if (this.chance.below(20) === 0) this.elect();
        }),
        failed: this.guard(({ id }: QueuedTask, _error: Error, attempt: number) => {
          expect(['standing', 'draining'], 'an abort is no failure').toContain(this.mastership);
          this.failures.count += 1;
          expect(attempt).toBe(this.failures.count);
          expect(this.queue.head()?.id).toBe(id);
          if (this.chance.below(20) === 0) this.elect();
        }),
        exhausted: this.guard(() => expect.unreachable('attempts are without end')),
        panic: this.guard(() => {
          this.panics += 1;
          expect(this.dispatcher.stopped).toBe(false);
        }),
      },
    });
  }

  /** What fails inside a callback is kept for the walk to end with, so that its seed is known. */
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
    this.queue.add(this.fed);
    this.dispatcher.poke();
  }

  /** One thing that an election may say now. */
  elect(): void {
    const { chance, dispatcher } = this;
    if (this.mastership === 'none') {
      if (chance.below(8) === 0) this.drain();
      else if (this.drains === 0) {
        this.term += 1;
        this.mastership = 'standing';
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
    switch (chance.below(8)) {
      case 0:
      case 1:
        this.feed();
        break;
      case 2:
        this.elect();
        break;
      case 3:
        if (runner.state === 'ending') runner.finishEnd(outcomes[chance.below(outcomes.length)] ?? done);
        break;
      case 4:
        // A standby follows: any task may leave its queue.
        if (this.mastership === 'none') this.queue.delete(chance.below(this.fed + 1));
        break;
      default:
        if (runner.running !== undefined) runner.settle(outcomes[chance.below(outcomes.length)] ?? done);
    }
    if (chance.below(3) === 0) await this.clock.advance(chance.below(60));
    else if (chance.below(2) === 0) await this.clock.advance(0);
    if (this.failure !== undefined) throw this.failure;
    const { stopped, running } = this.dispatcher;
    if (stopped) expect([runner.state, runner.running, running]).toEqual(['absent', undefined, null]);
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
    runner.answer = () => done;
    const rest = [...this.queue.ids()];
    const before = this.doneIds.length;
    this.term += 1;
    this.mastership = 'standing';
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
