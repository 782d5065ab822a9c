/**
 * The coordinator: every cluster of one `failover(options)`, and the one store they share. It runs on a thread of its
 * own, where no user code ever does.
 */
import assert from 'node:assert/strict';
import { FailoverError, toWire } from '../errors.js';
import { memberStarts, StartGate, threadStarts } from '../execution/startGate.js';
import type { ResolvedOptions } from '../options/options.js';
import { ReadLimit } from '../queue/readLimit.js';
import type { WorkOutcome } from '../queue/runner.js';
import { createStore } from '../store/createStore.js';
import type { Gate } from '../store/embedded/gate.js';
import { openOnUse } from '../store/openOnUse.js';
import { processTable, thisProcess } from '../surroundings/processIdentity.js';
import type { TaskId } from '../task/task.js';
import { systemClock } from '../time/systemClock.js';
import type { ClusterSpec, CoordinatorApi, MemberEvent, SubmitResult, TaskBatch } from '../wire/messages.js';
import type { MemberStatus } from '../wire/status.js';
import type { TakenLetter } from '../wire/takenLetter.js';
import { DeathWatch } from './deathWatch.js';
import { HostedCluster, type SharedParts } from './hostedCluster.js';
import { makePoolProbe } from './makePoolProbe.js';
import { PaceWatch } from './paceWatch.js';
import { storeLimits } from './storeLimits.js';
import { storeText } from './storeText.js';

export class CoordinatorHost implements CoordinatorApi {
  private readonly hosted = new Map<number, HostedCluster>();
  private readonly farewells = new Set<Promise<unknown>>();
  private readonly shared: SharedParts;
  private readonly pace: PaceWatch;

  constructor(
    options: ResolvedOptions,
    gate: Gate,
    private readonly send: (cluster: number, event: MemberEvent) => void,
  ) {
    const limits = storeLimits(options.intervals);
    const sendAll = (event: MemberEvent): void => {
      for (const cluster of this.hosted.keys()) send(cluster, event);
    };
    this.pace = new PaceWatch({
      intervals: options.intervals,
      storeText: storeText(options.store),
      slow: (error) => sendAll({ type: 'error', error: toWire(error) }),
      recovered: (text) => sendAll({ type: 'info', text }),
    });
    const me = thisProcess();
    const measured = (ms: number): void => this.pace.took(ms);
    this.shared = {
      options,
      limits,
      store: openOnUse(createStore(options.store, limits, systemClock, gate, measured)),
      reads: new ReadLimit(),
      pool: makePoolProbe(sendAll),
      process: me,
      deaths: new DeathWatch({ me, table: processTable, clock: systemClock }),
      threadStarts: new StartGate(systemClock, threadStarts),
      joining: new StartGate(systemClock, memberStarts),
    };
    this.shared.store.onAvailable(() => {
      for (const cluster of this.hosted.values()) cluster.storeIsBack();
    });
  }

  async open(spec: ClusterSpec): Promise<void> {
    const { cluster } = spec;
    assert.ok(!this.hosted.has(cluster), 'a cluster is opened once');
    const emit = (event: MemberEvent): void => this.send(cluster, event);
    const hosted = new HostedCluster({
      ...this.shared,
      spec,
      emit,
      ended: (farewell) => this.ended(cluster, farewell),
    });
    for (const name of this.shared.options.ignored) {
      emit({ type: 'info', text: `connect option ${name} ${whyIgnored(name)} and was ignored` });
    }
    if (this.pace.error !== undefined) emit({ type: 'error', error: toWire(this.pace.error) });
    this.shared.pool.start();
    this.hosted.set(cluster, hosted);
  }

  private ended(cluster: number, farewell: Promise<unknown>): void {
    this.hosted.delete(cluster);
    this.farewells.add(farewell);
    void farewell.then(() => this.farewells.delete(farewell));
  }

  async run(cluster: number): Promise<void> {
    await this.find(cluster).run();
  }

  async stop(cluster: number): Promise<void> {
    await this.hosted.get(cluster)?.stop();
  }

  async submit(cluster: number, batch: TaskBatch): Promise<SubmitResult[]> {
    return this.find(cluster).submit(batch);
  }

  async requeue(cluster: number, id: TaskId): Promise<boolean | 'full'> {
    return this.find(cluster).requeue(id);
  }

  async takeDeadLetter(cluster: number, id: TaskId): Promise<TakenLetter | 'none' | 'elsewhere'> {
    return this.find(cluster).takeDeadLetter(id);
  }

  async finishDeadLetter(cluster: number, letter: TakenLetter, how: 'queued' | 'stays'): Promise<void> {
    await this.find(cluster).finishDeadLetter(letter, how);
  }

  async unblock(cluster: number, id: TaskId): Promise<boolean> {
    return this.find(cluster).unblock(id);
  }

  async synchronize(cluster: number, id: TaskId): Promise<boolean> {
    return this.find(cluster).synchronize(id);
  }

  async status(cluster: number): Promise<MemberStatus> {
    return this.find(cluster).status();
  }

  async worked(cluster: number, run: number, outcome: WorkOutcome): Promise<void> {
    await this.hosted.get(cluster)?.worked(run, outcome);
  }

  async exit(): Promise<void> {
    await Promise.all([...this.hosted.values()].map((cluster) => cluster.exit()));
    await Promise.all(this.farewells);
  }

  /** Ends what is left without a release; `stop` each cluster first. */
  async close(): Promise<void> {
    this.shared.pool.stop();
    await Promise.all(this.farewells);
    await this.shared.store.close();
  }

  private find(cluster: number): HostedCluster {
    const found = this.hosted.get(cluster);
    if (found === undefined) throw new FailoverError('ERR_STOPPED', 'the cluster has stopped');
    return found;
  }
}

function whyIgnored(option: string): string {
  return option === 'compressors' ? "would need libuv's thread pool for each command" : 'is of an older driver';
}
