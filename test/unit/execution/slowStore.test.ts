/** Few task threads, for more stored queues, on a store that takes its time to answer: how often a thread is made. */
import { expect, test } from 'vitest';
import { type Place, ThreadPlaces } from '../../../src/execution/threadPlaces.ts';
import { Dispatcher } from '../../../src/queue/dispatcher.ts';
import type { ChunkOutcome, LoadOutcome, QueuedTask, Runner } from '../../../src/queue/runner.ts';
import { MemoryTasks, type TaskFate } from '../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { addAll, Master, only } from '../queue/durable/durableMaster.ts';

const EXIT_MS = 10;

/** A task thread as its cluster sees it: it has a place, takes its time to load, and leaves between two runs. */
class PlacedRunner implements Runner {
  readonly mostTasks = 1024;
  readonly doneSoFar = 0;
  loaded = false;
  loads = 0;
  /** How many tasks have run. */
  ran = 0;
  private place: Place | undefined;
  private exited = Promise.resolve();

  constructor(
    private readonly clock: VirtualClock,
    private readonly places: ThreadPlaces,
    private readonly times: Pick<Case, 'load' | 'task'>,
  ) {}

  start(): void {}

  async load(awaitsStore: () => boolean): Promise<LoadOutcome> {
    await this.exited;
    const place = this.places.ask(() => this.leave(), { awaitsStore });
    await place.granted;
    this.place = place;
    this.loads += 1;
    await this.wait(this.times.load);
    this.loaded = true;
    place.loaded(this.times.load);
    return { type: 'loaded' };
  }

  private leave(): void {
    this.loaded = false;
    this.exited = this.wait(EXIT_MS).then(() => this.place?.free());
  }

  async run(tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    if (!this.loaded) return { done: 0, failure: { type: 'not-run' }, took: 0 };
    this.place?.begins();
    const took = this.times.task * tasks.length;
    await this.wait(took);
    this.ran += tasks.length;
    this.place?.ends();
    return { done: tasks.length, failure: null, took };
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.at(this.clock.now() + ms, resolve));
  }

  finishCurrent(): void {}
  abort(): void {}
  cancelCurrent(): void {}
  async terminate(): Promise<void> {}
}

class Cluster {
  readonly runner: PlacedRunner;
  readonly store: MemoryTasks;
  readonly master: Master;
  endedAt = Number.NaN;

  constructor(clock: VirtualClock, places: ThreadPlaces, { tasks, clean, ...times }: Case) {
    this.runner = new PlacedRunner(clock, places, times);
    this.store = new MemoryTasks(clock);
    addAll(this.store, 1, tasks);
    this.master = new Master(this.store, clock, 'a');
    const dispatcher = new Dispatcher({
      ...{ queue: this.master.queue, runner: this.runner, clock, random: () => 1, killProcess: null },
      retry: { minDelay: 100, maxDelay: 300, attempts: Number.POSITIVE_INFINITY },
      chunk: { budget: 5, mostTasks: 128 },
      ...{ grace: 400, stopTimeout: 5000, cancelTimeout: 1000 },
      callbacks: {
        ...{ done: () => {}, failed: () => {}, postponed: () => {}, exhausted: () => {} },
        ...{ loaded: () => {}, unloadable: () => {} },
        panic: (error) => {
          throw error;
        },
      },
    });
    this.master.onWake = () => dispatcher.poke();
    this.master.onAcknowledged = () => {
      if (this.store.done === tasks) this.endedAt = clock.now();
    };
    dispatcher.start(1);
    this.master.elect(1, clean);
  }
}

interface Case {
  readonly load: number;
  /** How long each takes. */
  readonly task: number;
  /** Of each cluster. */
  readonly tasks: number;
  /** Whether the last master handed its queue over: else its next tasks are suspects. */
  readonly clean: boolean;
}

function world(count: number, most: number, each: Case, fate: TaskFate) {
  const clock = new VirtualClock();
  const places = new ThreadPlaces(clock, most);
  const clusters = Array.from({ length: count }, () => {
    const cluster = new Cluster(clock, places, each);
    cluster.master.fate = (call) => (call === 'setAttempts' || call === 'acknowledge' ? fate : { there: 0, back: 0 });
    return cluster;
  });
  const loads = () => clusters.reduce((sum, { runner }) => sum + runner.loads, 0);
  return { clock, clusters, loads };
}

const slow: TaskFate = { there: 30, back: 30 };

test('after an unclean takeover a thread is not made for each suspect', async () => {
  const { clock, clusters, loads } = world(8, 2, { load: 500, task: 5, tasks: 30, clean: false }, slow);
  await clock.advance(120_000);
  expect(clusters.map(({ store }) => store.done)).toEqual(Array(8).fill(30));
  // A turn of 2 s has room for 16 tasks, each with two answers.
  expect(loads()).toBe(16);
  expect(Math.max(...clusters.map(({ endedAt }) => endedAt))).toBeLessThan((8 / 2) * 30 * 125 + (16 / 2) * 700);
});

test('nor whenever so many tasks wait for their acknowledgement as may', async () => {
  const late: TaskFate = { there: 200, back: 200 };
  const { clock, clusters, loads } = world(2, 1, { load: 500, task: 1, tasks: 1500, clean: true }, late);
  await clock.advance(120_000);
  expect(clusters.map(({ store }) => store.done)).toEqual([1500, 1500]);
  // Each turn of 2 s has room for five times as many as may wait for that.
  expect(loads()).toBeLessThanOrEqual(4);
});

test('a queue whose store hangs leaves its thread to the next', async () => {
  const { clock, clusters } = world(2, 1, { load: 50, task: 5, tasks: 5, clean: false }, slow);
  const [first, second] = clusters;
  if (first === undefined || second === undefined) throw new Error('there are two');
  first.master.fate = only('acknowledge', { there: 1e9, back: 0 });
  await clock.advance(1000);
  expect([first.runner.loads, second.runner.loads]).toEqual([1, 0]);
  await clock.advance(1500);
  expect([first.store.done, second.store.done]).toEqual([0, 5]);
});

test('no suspect that is on record as if it ran waits in line for a thread', async () => {
  const { clock, clusters } = world(6, 2, { load: 200, task: 5, tasks: 40, clean: false }, slow);
  for (let step = 0; step < 4000; step += 1) {
    await clock.advance(10);
    for (const { runner, store } of clusters) {
      const isOnRecord = (store.tasks.get(runner.ran + 1)?.attempts ?? 0) > 0;
      if (isOnRecord) expect(runner.loaded).toBe(true);
    }
  }
  expect(clusters.map(({ store }) => store.done)).toEqual(Array(6).fill(40));
});
