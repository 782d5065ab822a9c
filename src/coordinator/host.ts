/**
 * The coordinator: every cluster of one `failover(options)`, and the one store they share. It runs on a thread of its
 * own, where no user code ever does.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { LeaseView } from '../election/leaseView.js';
import { FailoverError, toWire } from '../errors.js';
import type { ResolvedManagedOptions, ResolvedOptions } from '../options.js';
import type { Runner, WorkOutcome } from '../queue/runner.js';
import { createStore } from '../store/createStore.js';
import { openOnUse } from '../store/openOnUse.js';
import type { Store } from '../store/store.js';
import { systemClock } from '../systemClock.js';
import type { TaskId } from '../task.js';
import { MainRunner } from '../tasks/mainRunner.js';
import { ThreadRunner } from '../tasks/threadRunner.js';
import { ManagedWork } from './managedWork.js';
import { ClusterMember } from './member.js';
import type { MemberWork } from './memberWork.js';
import type { ClusterSpec, CoordinatorApi, MemberEvent, MemberStatus, SubmitResult, TaskBatch } from './messages.js';
import { type StoreLimits, storeLimits } from './storeLimits.js';
import { storeText } from './storeText.js';
import { UnmanagedWork } from './unmanagedWork.js';

const taskEntry = fileURLToPath(new URL('../../workers/task.js', import.meta.url));

interface Hosted {
  readonly member: ClusterMember;
  readonly managed: ManagedWork | null;
  readonly unmanaged: UnmanagedWork | null;
  readonly mainRunner: MainRunner | null;
}

export class CoordinatorHost implements CoordinatorApi {
  private readonly hosted = new Map<number, Hosted>();
  private readonly farewells = new Set<Promise<void>>();
  private readonly limits: StoreLimits;
  private readonly store: Store;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly send: (cluster: number, event: MemberEvent) => void,
  ) {
    this.limits = storeLimits(options.intervals);
    this.store = openOnUse(createStore(options.store, this.limits));
    this.store.onAvailable(() => {
      for (const { member } of this.hosted.values()) member.available();
    });
  }

  async open(spec: ClusterSpec): Promise<void> {
    assert.ok(!this.hosted.has(spec.cluster), 'a cluster is opened once');
    const lease = new LeaseView(spec.lease);
    const emit = (event: MemberEvent): void => this.send(spec.cluster, event);
    const main = makeMainRunner(lease, emit);
    const mainRunner = spec.managed?.module === null ? main : null;
    let managed: ManagedWork | null = null;
    let unmanaged: UnmanagedWork | null = null;
    const { intervals } = this.options;
    const member = new ClusterMember({
      name: spec.name,
      holder: spec.holder,
      host: hostname(),
      pid: process.pid,
      storeText: storeText(this.options.store),
      intervals,
      grace: spec.managed?.options.grace ?? 0,
      // Only should the store break its promise: its own limits are tighter.
      requestTimeout: this.limits.connectTimeout + 2 * this.limits.commandTimeout,
      store: this.store,
      clock: systemClock,
      lease,
      emit,
      ended: (farewell) => {
        this.hosted.delete(spec.cluster);
        this.farewells.add(farewell);
        void farewell.then(() => this.farewells.delete(farewell));
      },
      makeWork: (progressed): MemberWork => {
        if (spec.managed === null) {
          unmanaged = new UnmanagedWork(spec.identifier, progressed);
          return unmanaged;
        }
        const { module, options } = spec.managed;
        const runner: Runner = module === null ? main : makeThreadRunner(module, options, lease, emit);
        managed = new ManagedWork({ name: spec.name, options, runner, clock: systemClock, emit, progressed });
        return managed;
      },
    });
    for (const name of this.options.ignored) {
      emit({ type: 'info', text: `connect option ${name} is of an older driver and was ignored` });
    }
    this.hosted.set(spec.cluster, { member, managed, unmanaged, mainRunner });
  }

  async run(cluster: number): Promise<void> {
    this.find(cluster).member.run();
  }

  async stop(cluster: number): Promise<void> {
    this.hosted.get(cluster)?.member.stop();
  }

  async submit(cluster: number, batch: TaskBatch): Promise<SubmitResult[]> {
    const { managed } = this.find(cluster);
    assert.ok(managed !== null, 'only managed clusters have a queue');
    return managed.submit(batch);
  }

  async synchronize(cluster: number, id: TaskId): Promise<boolean> {
    return this.find(cluster).unmanaged?.synchronize(id) ?? false;
  }

  async status(cluster: number): Promise<MemberStatus> {
    return this.find(cluster).member.status();
  }

  async worked(cluster: number, run: number, outcome: WorkOutcome): Promise<void> {
    this.hosted.get(cluster)?.mainRunner?.settled(run, outcome);
  }

  /** Ends what is left without a release; `stop` each cluster first. */
  async close(): Promise<void> {
    await Promise.all(this.farewells);
    await this.store.close();
  }

  private find(cluster: number): Hosted {
    const found = this.hosted.get(cluster);
    if (found === undefined) throw new FailoverError('ERR_STOPPED', 'the cluster has stopped');
    return found;
  }
}

function makeMainRunner(lease: LeaseView, emit: (event: MemberEvent) => void): MainRunner {
  return new MainRunner({
    lease,
    ask: (run) => emit({ type: 'work', ...run }),
    abort: (reason) => emit({ type: 'abortWork', reason }),
  });
}

function makeThreadRunner(
  work: string,
  options: ResolvedManagedOptions,
  lease: LeaseView,
  emit: (event: MemberEvent) => void,
): ThreadRunner {
  const { resourceLimits } = options;
  const data = { work, lease: lease.buffer, abortChannel: `mongo-failover/${randomUUID()}` };
  return new ThreadRunner({
    pool: { filename: taskEntry, data, resourceLimits },
    lease,
    trouble: (error) => emit({ type: 'error', error: toWire(error) }),
  });
}
