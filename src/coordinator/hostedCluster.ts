/** One cluster on the coordinator thread: its member, its duty, what runs its work, and what watches over that. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { CodedError } from '../errors.js';
import type { MainRunner } from '../execution/mainRunner.js';
import type { Begin } from '../execution/startGate.js';
import type { ThreadRunner } from '../execution/threadRunner.js';
import type { Guard } from '../guard/guard.js';
import { ProcessGroups } from '../guard/processGroups.js';
import { configurationOf } from '../options/configuration.js';
import type { ResolvedManagedOptions } from '../options/options.js';
import type { QueuedTask, Runner, WorkOutcome } from '../queue/runner.js';
import type { Hint } from '../store/store.js';
import type { LaterTask, OutcomeLook } from '../store/taskStore.js';
import { ownVersion } from '../surroundings/ownVersion.js';
import type { TaskId } from '../task/task.js';
import { systemClock } from '../time/systemClock.js';
import type { GroupEnd, OwnedGroup } from '../wire/groups.js';
import type {
  ClusterCalls,
  ClusterSpec,
  HandedOver,
  HandOverRequest,
  ManagedSpec,
  MemberEvent,
  PauseRequest,
  SubmitResult,
  TaskBatch,
} from '../wire/messages.js';
import type { ScheduleAnswer, ScheduleCall } from '../wire/schedules.js';
import { SharedLease } from '../wire/sharedLease.js';
import type { MemberStatus } from '../wire/status.js';
import type { TakenLetter } from '../wire/takenLetter.js';
import { DeadLetters } from './deadLetters.js';
import { DurableDuty } from './duties/durableDuty.js';
import { durableParts } from './duties/durableParts.js';
import type { Duty } from './duties/duty.js';
import { MemoryDuty } from './duties/memoryDuty.js';
import type { QueueDuty } from './duties/queueDuty.js';
import { UnmanagedDuty } from './duties/unmanagedDuty.js';
import { Fitness } from './fitness.js';
import { killProcess } from './killProcess.js';
import type { MainWatch } from './mainWatch.js';
import { makeMainRunner, makeMainWatch, makeThreadRunner } from './makeRunners.js';
import { ClusterMember } from './member.js';
import type { MemberMetrics } from './memberMetrics.js';
import { Asking } from './orders/asking.js';
import { OwnedGroups } from './ownedGroups.js';
import type { SharedParts } from './sharedParts.js';
import { takeSlot } from './slotTakes.js';
import { requestTimeout } from './storeLimits.js';
import { storeText } from './storeText.js';
import { TaskChanges } from './taskChanges.js';
import { probeDelays, WorkLoading } from './workLoading.js';

interface HostedClusterParts extends SharedParts {
  readonly spec: ClusterSpec;
  readonly metrics: MemberMetrics;
  readonly guard: Guard | null;
  emit(event: MemberEvent): void;
  /** Called when this cluster has stored tasks. */
  stored(): void;
  /** Called when the member has stopped; `farewell` resolves when nothing of the cluster is under way any more. */
  ended(farewell: Promise<unknown>): void;
}

export class HostedCluster implements ClusterCalls {
  private readonly lease: SharedLease;
  private readonly fitness: Fitness;
  readonly member: ClusterMember;
  private readonly letters: DeadLetters;
  // One of the kinds has been made when the constructor has made the member.
  private managed: QueueDuty | null = null;
  private unmanaged: UnmanagedDuty | null = null;
  /** Of an unmanaged one whose process has a guard. */
  private groups: OwnedGroups | null = null;
  /** Of work that is a function. */
  private mainRunner: MainRunner | null = null;
  private watch: MainWatch | null = null;
  /** Of work that is a module. */
  private threadRunner: ThreadRunner | null = null;
  private loading: WorkLoading | null = null;
  private readonly asking: Asking;
  private readonly changes: TaskChanges;
  readonly changeTask: ClusterCalls['changeTask'] = (request) => this.changes.change(request);
  readonly newestLetter: ClusterCalls['newestLetter'] = () => this.letters.newest();
  readonly listDeadLetters: ClusterCalls['listDeadLetters'] = (after) => this.letters.list(after);
  readonly requeueLetter: ClusterCalls['requeueLetter'] = (...letter) =>
    this.durable.requeueLetter(...letter, this.letters);
  readonly submitLater: ClusterCalls['submitLater'] = (...later) => this.durable.submitLater(...later);
  readonly takeSlot: ClusterCalls['takeSlot'] = (asked) => takeSlot(this.parts, asked);
  readonly outboxPlace: ClusterCalls['outboxPlace'] = () => this.parts.store.outbox.outboxPlace();
  private standsBack = false;
  /** Until its turn to join the election has come. */
  private join: Begin | null = null;

  constructor(private readonly parts: HostedClusterParts) {
    const { spec, store, options } = parts;
    this.lease = new SharedLease(spec.lease);
    this.fitness = new Fitness(
      {
        resign: (reason, code, nothingRuns) => this.member.resign(reason, code, nothingRuns),
        fit: () => this.member.fit(),
      },
      systemClock,
    );
    this.member = this.makeMember();
    const { name, holder } = spec;
    const poll = options.intervals.POLL;
    this.letters = new DeadLetters({ store: store.tasks, name, holder, clock: systemClock, poll });
    const shared = { name, by: holder, store, clock: systemClock, poll, newId: randomUUID };
    this.asking = new Asking(shared);
    this.changes = new TaskChanges({ ...shared, asked: () => this.member.ordered() });
  }

  get name(): string {
    return this.parts.spec.name;
  }

  get storesTasks(): boolean {
    return this.managed instanceof DurableDuty;
  }

  /** Another coordinator, or a cluster of this one, hints at a change. */
  hinted({ topic, concerns }: Hint): void {
    if (!concerns(this.name)) return;
    if (topic === 'lease') {
      this.member.hinted();
      this.asking.hinted();
    } else if (this.managed instanceof DurableDuty) this.managed.hinted();
  }

  storeIsBack(): void {
    this.member.storeIsBack();
  }

  /** The drain of this process has changed. */
  ordered(): void {
    this.member.ordered();
  }

  // ---- what the facade calls ----

  async run(): Promise<void> {
    this.watch?.start();
    await new Promise<void>((resolve) => {
      const join = (leave: () => void): void => {
        if (this.join === join) {
          this.join = null;
          this.member.run(leave);
        } else leave();
        resolve();
      };
      this.join = join;
      this.parts.joining.ask(join);
    });
  }

  async stop(): Promise<void> {
    // One whose turn has not come joins first, so it tells the same as any other.
    this.join?.(() => {});
    this.member.stop();
  }

  /**
   * The process exits: ends at once what runs, and releases the lease. Work that is a function is over, because the thread
   * that ran it does nothing else any more; it may be what the process dies of.
   */
  async exit(): Promise<void> {
    const isCutShort = this.mainRunner?.abandon() ?? false;
    this.managed?.exit(isCutShort);
    this.groups?.exit();
    if (isCutShort) this.member.dying();
    // One whose turn has not come never joins.
    this.join = null;
    this.member.stop();
    await this.member.whenStopped;
  }

  async submit(batch: TaskBatch): Promise<SubmitResult[]> {
    assert.ok(this.managed !== null, 'only managed clusters have a queue');
    return this.managed.submit(batch);
  }

  async requeue(id: TaskId): Promise<boolean | 'full'> {
    return this.durable.requeue(id, this.letters);
  }

  private get durable(): DurableDuty {
    assert.ok(this.managed instanceof DurableDuty, 'a queue in memory is fed by the main thread');
    return this.managed;
  }

  async takeDeadLetter(id: TaskId): Promise<TakenLetter | 'none' | 'elsewhere'> {
    return this.letters.take(id);
  }

  async finishDeadLetter(letter: TakenLetter, how: 'queued' | 'stays'): Promise<void> {
    await this.letters.finish(letter, how);
  }

  async unblock(id: TaskId): Promise<boolean> {
    return (await this.managed?.unblock(id)) ?? false;
  }

  async synchronize(id: TaskId): Promise<boolean> {
    return this.unmanaged?.synchronize(id) ?? false;
  }

  async ownGroup(group: OwnedGroup): Promise<boolean> {
    assert.ok(this.groups !== null, 'only an unmanaged cluster with a guard owns processes');
    return this.groups.add(group);
  }

  async endGroup(number: number, signal: NodeJS.Signals | null, patience: number | null): Promise<GroupEnd> {
    return this.groups?.end(number, signal, patience) ?? 'gone';
  }

  async hasSucceeded(key: string): Promise<boolean> {
    return (await this.parts.store.findSuccess(this.name, key)) !== null;
  }

  async recordSuccess(key: string, term: number): Promise<void> {
    await this.parts.store.putSuccess({ name: this.name, key, term, holder: this.parts.spec.holder });
  }

  async status(): Promise<MemberStatus> {
    const status = await this.member.status();
    return { ...status, pool: this.parts.pool.report(), threadWait: this.threadRunner?.threadWait ?? null };
  }

  /** Measures its queue for the metrics, on the master alone. Never rejects. */
  async measure(): Promise<void> {
    const { managed } = this;
    const { metrics } = this.parts;
    const load = managed !== null && this.lease.remaining() > 0 ? await managed.load().catch(() => null) : null;
    metrics.measured(this.lease.remaining() > 0 ? load : null, managed instanceof DurableDuty);
  }

  handOver(request: HandOverRequest): Promise<HandedOver> {
    return this.asking.handOver(request);
  }

  async pause(request: PauseRequest): Promise<void> {
    await this.asking.pause(request);
    this.member.ordered();
  }

  async resume(): Promise<void> {
    await this.asking.resume();
    this.member.ordered();
  }

  async schedules(call: ScheduleCall): Promise<ScheduleAnswer> {
    assert.ok(this.managed instanceof DurableDuty, 'only durable clusters have schedules');
    return this.managed.schedules.answer(call);
  }

  async checkpoint(run: number, bytes: Uint8Array): Promise<void> {
    await this.mainRunner?.putCheckpoint(run, bytes);
  }

  outcomes(ids: readonly TaskId[], later: readonly LaterTask[]): Promise<OutcomeLook> {
    return this.parts.store.tasks.readOutcomes(this.name, ids, later);
  }

  async worked(run: number, outcome: WorkOutcome): Promise<void> {
    this.mainRunner?.settled(run, outcome);
  }

  private readonly putCheckpoint = async (task: QueuedTask, bytes: Uint8Array): Promise<void> => {
    await this.managed?.putCheckpoint(task, bytes);
  };

  // ---- how it is put together ----

  private makeMember(): ClusterMember {
    const { spec, options, limits, store, emit, deaths, drains, orders, turns, neighbourhood } = this.parts;
    return new ClusterMember({
      name: spec.name,
      holder: spec.holder,
      host: hostname(),
      pid: process.pid,
      version: ownVersion(),
      priority: spec.priority,
      drain: drains.process,
      // One array for all members: it crosses to the thread of the store once.
      drains: drains.all,
      stopTimeout: spec.managed?.options.stopTimeout ?? 0,
      readOrders: (asked) => orders.read(asked),
      afterBeats: (callback) => orders.afterBeats(callback),
      turns,
      pollsOfRank: (lease) => neighbourhood.polls(spec.name, spec.priority, lease),
      stuck: (reason) => this.stuck(reason),
      process: this.parts.process,
      deaths,
      storeText: storeText(options.store),
      intervals: options.intervals,
      configuration: configurationOf(spec.managed?.options ?? null, spec.managed?.key ?? null),
      grace: spec.managed?.options.grace ?? 0,
      phase: this.parts.phase,
      requestTimeout: requestTimeout(limits),
      store,
      clock: this.parts.memberClock,
      suspensions: this.parts.suspensions,
      sentBeats: this.parts.sentBeats,
      lease: this.lease,
      metrics: this.parts.metrics,
      emit,
      unfit: () => this.fitness.unfit,
      ended: (farewell) => this.ended(farewell),
      standBack: (reason) => this.standBack(reason),
      comeForward: () => this.comeForward(),
      makeDuty: (progressed) => this.makeDuty(progressed),
    });
  }

  private makeDuty(progressed: () => void): Duty {
    const { managed, identifier } = this.parts.spec;
    if (managed === null) {
      const parts = { clock: systemClock, processes: new ProcessGroups(), emit: this.parts.emit };
      if (this.parts.guard !== null) this.groups = new OwnedGroups({ ...parts, guard: this.parts.guard });
      this.unmanaged = new UnmanagedDuty(identifier, progressed, this.groups);
      return this.unmanaged;
    }
    this.managed = this.makeQueueDuty(managed, progressed);
    return this.managed;
  }

  private makeQueueDuty({ module, key, options }: ManagedSpec, progressed: () => void): QueueDuty {
    const { spec, store, reads, emit, metrics } = this.parts;
    const { name, holder } = spec;
    const poll = this.parts.options.intervals.POLL;
    const parts = {
      ...{ name, options, poll, store: store.tasks },
      runner: module === null ? this.runOnMain(options) : this.runInThread(module, options),
      clock: systemClock,
      random: Math.random,
      emit,
      repeated: (count: number) => metrics.repeated(count),
      progressed,
      killProcess: () => killProcess(emit),
      loaded: () => this.loading?.succeeded(),
      unloadable: (error: CodedError, settled: boolean) => this.loading?.failed(error, settled),
    };
    const durable = { ...durableParts(this.parts), key, holder, reads, stored: () => this.parts.stored() };
    return options.durable ? new DurableDuty({ ...parts, ...durable }) : new MemoryDuty(parts);
  }

  private runOnMain(options: ResolvedManagedOptions): Runner {
    const { lease, fitness, putCheckpoint: checkpoint } = this;
    const { emit, spec } = this.parts;
    const runner = makeMainRunner({ lease, counts: spec.counts, options, fitness, emit, checkpoint });
    this.mainRunner = runner;
    this.watch = makeMainWatch(runner, { lease, options, fitness });
    return runner;
  }

  private runInThread(module: string, options: ResolvedManagedOptions): Runner {
    const { lease, fitness, putCheckpoint: checkpoint } = this;
    const { spec, emit, threadStarts: gate, threadPlaces: places } = this.parts;
    const runner = makeThreadRunner(module, { lease, counts: spec.counts, options, emit, checkpoint, gate, places });
    this.threadRunner = runner;
    const { name } = spec;
    this.loading = new WorkLoading({ name, prober: runner, fitness, clock: systemClock, delays: probeDelays, emit });
    return runner;
  }

  // ---- what the member tells ----

  private ended(farewell: Promise<void>): void {
    this.asking.stop();
    if (this.managed instanceof DurableDuty) this.managed.schedules.timetable.close();
    this.watch?.stop();
    // The thread must not end, and with it who would kill the process, before work that will not stop is dealt with.
    this.parts.ended(Promise.all([farewell, this.managed?.whenEnded(), this.loading?.stop()]));
  }

  /** Nothing ran, and yet the thread of the work did not end: the lease is left to expire. */
  private stuck(reason: string): void {
    this.fitness.complain('handOver', 'ERR_WORK_NOT_STOPPED', reason);
    void this.managed?.whenEnded().then(() => this.fitness.withdraw('handOver'));
  }

  private standBack(reason: string): void {
    this.standsBack = true;
    this.fitness.complain('kind', 'ERR_CONFIGURATION_DIFFERS', reason);
  }

  private comeForward(): void {
    this.standsBack = false;
    void (this.managed?.whenEnded() ?? Promise.resolve()).then(() => {
      if (!this.standsBack) this.fitness.withdraw('kind');
    });
  }
}
