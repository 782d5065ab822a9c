/**
 * The coordinator: every cluster of one `failover(options)`, and the one store they share. It runs on a thread of its
 * own, where no user code ever does.
 */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { writeLine } from '../diagnostics/log.js';
import { FailoverError, toWire } from '../errors.js';
import type { MainRunner } from '../execution/mainRunner.js';
import { type Begin, memberStarts, StartGate, threadStarts } from '../execution/startGate.js';
import { configurationOf } from '../options/configuration.js';
import type { ResolvedOptions } from '../options/options.js';
import { ReadLimit } from '../queue/readLimit.js';
import type { Runner, WorkOutcome } from '../queue/runner.js';
import { createStore } from '../store/createStore.js';
import type { Gate } from '../store/embedded/gate.js';
import { openOnUse } from '../store/openOnUse.js';
import type { FullStore } from '../store/taskStore.js';
import { endProcess, lastResorts } from '../surroundings/lastResorts.js';
import { processTable, thisProcess } from '../surroundings/processIdentity.js';
import type { TaskId } from '../task/task.js';
import { systemClock } from '../time/systemClock.js';
import type { ClusterSpec, CoordinatorApi, MemberEvent, SubmitResult, TaskBatch } from '../wire/messages.js';
import { SharedLease } from '../wire/sharedLease.js';
import type { MemberStatus } from '../wire/status.js';
import type { TakenLetter } from '../wire/takenLetter.js';
import { DeadLetters } from './deadLetters.js';
import { DeathWatch } from './deathWatch.js';
import { DurableDuty } from './duties/durableDuty.js';
import type { Duty } from './duties/duty.js';
import { MemoryDuty } from './duties/memoryDuty.js';
import type { QueueDuty, QueueDutyParts } from './duties/queueDuty.js';
import { UnmanagedDuty } from './duties/unmanagedDuty.js';
import { Fitness } from './fitness.js';
import type { MainWatch } from './mainWatch.js';
import { makePoolProbe } from './makePoolProbe.js';
import { makeMainRunner, makeMainWatch, makeThreadRunner } from './makeRunners.js';
import { ClusterMember } from './member.js';
import { PaceWatch } from './paceWatch.js';
import type { PoolProbe } from './poolProbe.js';
import { type StoreLimits, storeLimits } from './storeLimits.js';
import { storeText } from './storeText.js';
import { probeDelays, WorkLoading } from './workLoading.js';

/** How long the embedded store may take to open, in ms: see embeddedStore.ts. */
const OPENING_MAX_MS = 6000;

/** What is handed to everything that decides. */
const system = {
  clock: systemClock,
  random: Math.random,
};

/** Ends this process; emits a `panic` if it is still alive afterwards. */
function killProcess(emit: (event: MemberEvent) => void): void {
  writeLine('mongo-failover: work would not stop before its lease ended, so this process is killed (fencing: process)');
  try {
    endProcess(lastResorts(process.pid));
  } catch (error) {
    emit({ type: 'panic', error: toWire(error) });
  }
}

interface Hosted {
  readonly member: ClusterMember;
  readonly managed: QueueDuty | null;
  readonly letters: DeadLetters;
  readonly unmanaged: UnmanagedDuty | null;
  readonly mainRunner: MainRunner | null;
  readonly watch: MainWatch | null;
}

export class CoordinatorHost implements CoordinatorApi {
  private readonly hosted = new Map<number, Hosted>();
  private readonly farewells = new Set<Promise<unknown>>();
  private readonly limits: StoreLimits;
  private readonly store: FullStore;
  private readonly probe: PoolProbe;
  private readonly process = thisProcess();
  private readonly deaths = new DeathWatch({ me: this.process, table: processTable, clock: systemClock });
  private readonly pace: PaceWatch;
  /** One for all task threads of this coordinator. */
  private readonly gate = new StartGate(systemClock, threadStarts);
  /** One for all members that join their elections. */
  private readonly joining = new StartGate(systemClock, memberStarts);
  /** Those whose turn has not come. */
  private readonly joins = new Map<number, Begin>();
  private readonly reads = new ReadLimit();

  constructor(
    private readonly options: ResolvedOptions,
    gate: Gate,
    private readonly send: (cluster: number, event: MemberEvent) => void,
  ) {
    this.limits = storeLimits(options.intervals);
    const sendAll = (event: MemberEvent): void => {
      for (const cluster of this.hosted.keys()) send(cluster, event);
    };
    this.pace = new PaceWatch({
      intervals: options.intervals,
      storeText: storeText(options.store),
      slow: (error) => sendAll({ type: 'error', error: toWire(error) }),
      recovered: (text) => sendAll({ type: 'info', text }),
    });
    const measured = (ms: number): void => this.pace.took(ms);
    this.store = openOnUse(createStore(options.store, this.limits, systemClock, gate, measured));
    this.probe = makePoolProbe(sendAll);
    this.store.onAvailable(() => {
      for (const { member } of this.hosted.values()) member.storeIsBack();
    });
  }

  async open(spec: ClusterSpec): Promise<void> {
    assert.ok(!this.hosted.has(spec.cluster), 'a cluster is opened once');
    const lease = new SharedLease(spec.lease);
    const emit = (event: MemberEvent): void => this.send(spec.cluster, event);
    let mainRunner: MainRunner | null = null;
    let managed: QueueDuty | null = null;
    let unmanaged: UnmanagedDuty | null = null;
    let watch: MainWatch | null = null;
    let loading: WorkLoading | null = null;
    const { intervals } = this.options;
    const fitness = new Fitness(
      {
        resign: (reason, code, nothingRuns) => member.resign(reason, code, nothingRuns),
        fit: () => member.fit(),
      },
      systemClock,
    );
    let standsBack = false;
    const member = new ClusterMember({
      name: spec.name,
      holder: spec.holder,
      host: hostname(),
      pid: process.pid,
      process: this.process,
      deaths: this.deaths,
      storeText: storeText(this.options.store),
      intervals,
      configuration: configurationOf(spec.managed?.options ?? null, spec.managed?.key ?? null),
      grace: spec.managed?.options.grace ?? 0,
      // Only should the store break its promise: its own limits are tighter.
      requestTimeout: Math.max(OPENING_MAX_MS, this.limits.connectTimeout) + 2 * this.limits.commandTimeout,
      store: this.store,
      clock: systemClock,
      lease,
      emit,
      unfit: () => fitness.unfit,
      ended: (farewell) => {
        this.hosted.delete(spec.cluster);
        watch?.stop();
        // The thread must not end, and with it who would kill the process, before work that will not stop is dealt with.
        const all = Promise.all([farewell, managed?.whenEnded(), loading?.stop()]);
        this.farewells.add(all);
        void all.then(() => this.farewells.delete(all));
      },
      standBack: (reason) => {
        standsBack = true;
        fitness.complain('kind', 'ERR_CONFIGURATION_DIFFERS', reason);
      },
      comeForward: () => {
        standsBack = false;
        void (managed?.whenEnded() ?? Promise.resolve()).then(() => {
          if (!standsBack) fitness.withdraw('kind');
        });
      },
      makeDuty: (progressed): Duty => {
        if (spec.managed === null) {
          unmanaged = new UnmanagedDuty(spec.identifier, progressed);
          return unmanaged;
        }
        const { module, options } = spec.managed;
        let runner: Runner;
        if (module === null) {
          const main = makeMainRunner({ lease, options, fitness, emit });
          mainRunner = main;
          runner = main;
          watch = makeMainWatch(main, { lease, options, fitness });
        } else {
          const prober = makeThreadRunner(module, { lease, options, emit, gate: this.gate });
          runner = prober;
          const parts = { name: spec.name, prober, fitness, clock: systemClock, delays: probeDelays, emit };
          loading = new WorkLoading(parts);
        }
        managed = this.makeQueueDuty(spec, {
          ...{ name: spec.name, options, runner, ...system, emit, progressed },
          killProcess: () => killProcess(emit),
          loaded: () => loading?.succeeded(),
          unloadable: (error, settled) => loading?.failed(error, settled),
        });
        return managed;
      },
    });
    for (const name of this.options.ignored) {
      emit({ type: 'info', text: `connect option ${name} ${whyIgnored(name)} and was ignored` });
    }
    if (this.pace.error !== undefined) emit({ type: 'error', error: toWire(this.pace.error) });
    const { name, holder } = spec;
    const parts = { store: this.store.tasks, name, holder, clock: systemClock, poll: intervals.POLL };
    const letters = new DeadLetters(parts);
    this.probe.start();
    this.hosted.set(spec.cluster, { member, managed, letters, unmanaged, mainRunner, watch });
  }

  async run(cluster: number): Promise<void> {
    const { member, watch } = this.find(cluster);
    watch?.start();
    await new Promise<void>((resolve) => {
      const join = (leave: () => void): void => {
        if (this.joins.delete(cluster)) member.run(leave);
        else leave();
        resolve();
      };
      this.joins.set(cluster, join);
      this.joining.ask(join);
    });
  }

  async stop(cluster: number): Promise<void> {
    // One whose turn has not come joins first, so it tells the same as any other.
    this.joins.get(cluster)?.(() => {});
    this.hosted.get(cluster)?.member.stop();
  }

  async submit(cluster: number, batch: TaskBatch): Promise<SubmitResult[]> {
    const { managed } = this.find(cluster);
    assert.ok(managed !== null, 'only managed clusters have a queue');
    return managed.submit(batch);
  }

  async requeue(cluster: number, id: TaskId): Promise<boolean | 'full'> {
    const { managed, letters } = this.find(cluster);
    assert.ok(managed instanceof DurableDuty, 'a queue in memory is fed by the main thread');
    return managed.requeue(id, letters);
  }

  async takeDeadLetter(cluster: number, id: TaskId): Promise<TakenLetter | 'none' | 'elsewhere'> {
    return this.find(cluster).letters.take(id);
  }

  async finishDeadLetter(cluster: number, letter: TakenLetter, how: 'queued' | 'stays'): Promise<void> {
    await this.find(cluster).letters.finish(letter, how);
  }

  async unblock(cluster: number, id: TaskId): Promise<boolean> {
    return (await this.find(cluster).managed?.unblock(id)) ?? false;
  }

  async synchronize(cluster: number, id: TaskId): Promise<boolean> {
    return this.find(cluster).unmanaged?.synchronize(id) ?? false;
  }

  async status(cluster: number): Promise<MemberStatus> {
    const status = await this.find(cluster).member.status();
    return { ...status, pool: this.probe.report() };
  }

  async worked(cluster: number, run: number, outcome: WorkOutcome): Promise<void> {
    this.hosted.get(cluster)?.mainRunner?.settled(run, outcome);
  }

  /** Ends what is left without a release; `stop` each cluster first. */
  async close(): Promise<void> {
    this.probe.stop();
    await Promise.all(this.farewells);
    await this.store.close();
  }

  private makeQueueDuty({ holder }: ClusterSpec, parts: QueueDutyParts): QueueDuty {
    const store = this.store.tasks;
    const poll = this.options.intervals.POLL;
    if (parts.options.durable) return new DurableDuty({ ...parts, store, holder, poll, reads: this.reads });
    return new MemoryDuty({ ...parts, store, poll });
  }

  private find(cluster: number): Hosted {
    const found = this.hosted.get(cluster);
    if (found === undefined) throw new FailoverError('ERR_STOPPED', 'the cluster has stopped');
    return found;
  }
}

function whyIgnored(option: string): string {
  return option === 'compressors' ? "would need libuv's thread pool for each command" : 'is of an older driver';
}
