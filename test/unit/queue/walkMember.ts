/** A member of the walks over the durable queue: its queue, the real dispatcher, and work that takes virtual time. */
import { Dispatcher } from '../../../src/queue/dispatcher.ts';
import type { ChunkOutcome, LoadOutcome, QueuedTask, Runner } from '../../../src/queue/runner.ts';
import type { MemoryTasks } from '../../support/memoryTaskStore.ts';
import type { VirtualClock } from '../../support/virtualClock.ts';
import { Master } from './durable/durableMaster.ts';
import type { Chance } from './random.ts';

/** What one call of the work comes to; `kill` ends the process. */
export type Fortune = 'done' | 'refused' | 'kill';

export interface MemberCallbacks {
  /** A run is about to begin. */
  runs(tasks: readonly QueuedTask[]): void;
  /** A task begins: how it will end, after so many ms. */
  begins(task: QueuedTask): { fortune: Fortune; takes: number };
  completed(task: QueuedTask): void;
  /** The process of this member has died. */
  died(): void;
}

class WalkRunner implements Runner {
  readonly mostTasks = 256;
  readonly loaded = true;
  doneSoFar = 0;
  private stopped = false;
  private finishing = false;
  private cancelled = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly clock: VirtualClock,
    private readonly callbacks: MemberCallbacks,
  ) {}

  start(): void {
    this.stopped = false;
    this.finishing = false;
  }

  async load(): Promise<LoadOutcome> {
    return { type: 'loaded' };
  }

  run(tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    const outcome = this.runAll(tasks);
    this.last = outcome;
    return outcome;
  }

  private async runAll(tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    this.callbacks.runs(tasks);
    this.doneSoFar = 0;
    this.finishing = false;
    this.cancelled = false;
    let [done, took] = [0, 0];
    for (const task of tasks) {
      if (this.stopped) return { done, failure: { type: 'not-run' }, took };
      if (this.finishing) break;
      const { fortune, takes } = this.callbacks.begins(task);
      if (takes > 0) await new Promise<void>((resolve) => this.clock.at(this.clock.now() + takes, resolve));
      took += Math.max(takes, 0.01);
      if (this.stopped) return { done, failure: { type: 'not-run' }, took };
      if (this.cancelled) return { done, failure: { type: 'result', done: false }, took };
      if (fortune === 'refused') return { done, failure: { type: 'result', done: false }, took };
      if (fortune === 'kill') {
        this.callbacks.died();
        return new Promise(() => {});
      }
      this.callbacks.completed(task);
      done += 1;
      this.doneSoFar = done;
    }
    this.doneSoFar = 0;
    return { done, failure: null, took };
  }

  finishCurrent(): void {
    this.finishing = true;
  }

  abort(): void {
    this.stopped = true;
  }

  /** The work takes its time, and then fails. */
  cancelCurrent(): void {
    this.cancelled = true;
  }

  async terminate(): Promise<void> {
    this.stopped = true;
    await this.last;
  }
}

export class WalkMember {
  readonly master: Master;
  readonly dispatcher: Dispatcher;

  constructor(
    store: MemoryTasks,
    clock: VirtualClock,
    readonly name: string,
    retry: { readonly attempts: number; readonly exhausted: 'block' | 'dead-letter' },
    chance: Chance,
    callbacks: MemberCallbacks,
  ) {
    this.master = new Master(store, clock, name, retry);
    const { queue } = this.master;
    this.dispatcher = new Dispatcher({
      ...{
        queue,
        clock,
        grace: 20,
        stopTimeout: 40,
        cancelTimeout: 20,
        killProcess: null,
        chunk: { budget: 5, mostTasks: 128 },
      },
      runner: new WalkRunner(clock, callbacks),
      random: () => chance.below(1000) / 1000,
      retry: { minDelay: 1, maxDelay: 10, attempts: retry.attempts },
      callbacks: {
        done: () => {},
        failed: (task, _error, _attempt, isLast) => queue.failed(task, isLast),
        postponed: (task) => queue.postponed(task),
        exhausted: (task, error) => queue.exhausted(task, error),
        loaded: () => {},
        unloadable: () => {},
        panic: () => {},
      },
    });
    this.master.onWake = () => this.dispatcher.poke();
    this.master.onApart = (task, ends) => this.dispatcher.apart(task, ends);
  }

  elect(term: number, clean: boolean): void {
    this.master.elect(term, clean);
    this.dispatcher.start(term);
  }

  /** The mastership is lost, and it knows. */
  depose(): void {
    this.dispatcher.halt('lost');
    this.master.queue.endReign();
  }

  /** Its process is gone: what it has sent may still arrive, and nothing else of it. */
  die(): void {
    this.master.fate = () => ({ there: 0, back: 0, lost: 'call' });
    this.depose();
  }

  async release(): Promise<'drained' | 'stuck'> {
    const how = await this.dispatcher.drain();
    await this.master.queue.flush(how === 'drained');
    return how;
  }
}
