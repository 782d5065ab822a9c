/**
 * The coordinator: every cluster of one `failover(options)`, and the one store they share. It runs on a thread of its
 * own, where no user code ever does.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Suspensions } from '../election/suspensions.js';
import { FailoverError, toWire } from '../errors.js';
import { memberStarts, StartGate, threadStarts } from '../execution/startGate.js';
import { ThreadPlaces } from '../execution/threadPlaces.js';
import { Guard } from '../guard/guard.js';
import { startGuard } from '../guard/startGuard.js';
import { timeToLive } from '../options/leaseTimes.js';
import type { ResolvedOptions } from '../options/options.js';
import type { ResolvedRebalance } from '../options/rebalance.js';
import { ReadLimit } from '../queue/readLimit.js';
import { OutboxWatch } from '../relay/outboxWatch.js';
import type { Gate } from '../store/embedded/gate.js';
import type { StoreLimits } from '../store/limits.js';
import { openOnUse } from '../store/openOnUse.js';
import { hostDrain, processDrain } from '../store/orders.js';
import type { Store } from '../store/store.js';
import type { StoreMaker } from '../store/storeMaker.js';
import type { StoreWatcher } from '../store/storeWatcher.js';
import type { FullStore } from '../store/taskStore.js';
import { SocketLifelines } from '../surroundings/lifelines.js';
import { type ProcessIdentity, processTable, thisProcess } from '../surroundings/processIdentity.js';
import { realTime } from '../time/realTime.js';
import { sharingBoot } from '../time/sharedBoot.js';
import { sharingTimers } from '../time/sharedTimers.js';
import { systemClock } from '../time/systemClock.js';
import { inTurns } from '../values/chunks.js';
import type {
  CallAnswer,
  CallArgs,
  CallName,
  CallsByName,
  ClusterSpec,
  MemberEvent,
  WatchedService,
} from '../wire/messages.js';
import { MemberCounts, ServiceCounts } from '../wire/sharedCounts.js';
import type { MemberStatus } from '../wire/status.js';
import { DeathWatch } from './deathWatch.js';
import { HintWishes, wishesOf } from './hintWishes.js';
import { HostedCluster } from './hostedCluster.js';
import { makePoolProbe } from './makePoolProbe.js';
import { MemberMetrics } from './memberMetrics.js';
import { ReadTogether } from './orders/readTogether.js';
import { Turns } from './orders/turns.js';
import { PaceWatch } from './paceWatch.js';
import { answerMeasures, QueueMeasures } from './queueMeasures.js';
import { SentBeats } from './sentBeats.js';
import type { SharedParts } from './sharedParts.js';
import { Neighbourhood } from './spread/neighbourhood.js';
import { Rebalancer } from './spread/rebalancer.js';
import { storeLimits } from './storeLimits.js';
import { countErrors } from './storeMetrics.js';
import { storeText } from './storeText.js';
import { togetherStore } from './together/togetherStore.js';

/** How often the thread says that it turns its loop, in ms. Less often where only `health()` may ask, because it wakes an idle one. */
const TICK_MS = { observed: 500, else: 1000 };
/** So many members are asked for their status at once. */
const STATUS_MAX = 32;

export class CoordinatorHost {
  private readonly hosted = new Map<number, HostedCluster>();
  private readonly farewells = new Set<Promise<unknown>>();
  private readonly shared: SharedParts;
  private readonly pace: PaceWatch;
  private readonly guard: Guard | null;
  private readonly counts: ServiceCounts;
  private readonly stopMeasures: () => void;
  private readonly ticking: NodeJS.Timeout;
  private readonly lifelines: SocketLifelines;
  private readonly rebalancer: Rebalancer | null;
  private readonly wishes: HintWishes;
  private readonly sentBeats: SentBeats;

  constructor(
    options: ResolvedOptions,
    makeStore: StoreMaker,
    gate: Gate,
    watched: WatchedService,
    private readonly send: (cluster: number, event: MemberEvent) => void,
  ) {
    const limits = storeLimits(options.intervals);
    this.sentBeats = new SentBeats(systemClock, options.intervals);
    this.counts = new ServiceCounts(watched.counts);
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
    this.lifelines = new SocketLifelines(me);
    const watcher: StoreWatcher = {
      measured: (ms) => this.pace.took(ms),
      info: (text) => sendAll({ type: 'info', text }),
    };
    const opened = openOnUse(makeStore(options.store, limits, systemClock, gate, watcher));
    const store = this.together(opened, options, limits);
    const drains = drainsOf(hostname(), me);
    this.shared = {
      ...{ options, limits, store, sentBeats: this.sentBeats },
      // Of its own, or the coordinators of a machine would all ask the store at once.
      phase: Math.random() * options.intervals.MASTER,
      ...memberTimes(),
      reads: new ReadLimit(),
      outboxes: new OutboxWatch({ outbox: store.outbox, clock: systemClock, poll: options.intervals.POLL }),
      pool: makePoolProbe(sendAll),
      process: me,
      deaths: new DeathWatch({ me, table: processTable, lifelines: this.lifelines, clock: systemClock }),
      drains,
      neighbourhood: this.makeNeighbourhood(options, store, drains.process),
      orders: new ReadTogether(store),
      turns: new Turns(),
      threadStarts: new StartGate(systemClock, threadStarts),
      threadPlaces: new ThreadPlaces(systemClock, options.taskThreads.most, this.counts.threads),
      joining: new StartGate(systemClock, memberStarts),
    };
    this.rebalancer = this.makeRebalancer(options.rebalance);
    this.wishes = new HintWishes(systemClock, () => store.wantHints(wishesOf(this.hosted.values())));
    this.guard = options.guard ? this.makeGuard(sendAll) : null;
    const all = () => [...this.hosted.values()].map((cluster) => () => cluster.measure());
    this.stopMeasures = answerMeasures(watched.channel, new QueueMeasures({ clock: systemClock, all }));
    const tick = (): void => this.counts.coordinatorTicks(systemClock.now());
    tick();
    this.ticking = realTime.setInterval(tick, options.observe === null ? TICK_MS.else : TICK_MS.observed);
    this.ticking.unref();
    this.shared.store.onAvailable(() => {
      for (const cluster of this.hosted.values()) cluster.storeIsBack();
    });
    this.shared.store.onHint((hint) => {
      for (const cluster of this.hosted.values()) cluster.hinted(hint);
    });
  }

  private together(opened: FullStore, { store }: ResolvedOptions, { commandTimeout: limit }: StoreLimits): FullStore {
    const isLocal = store.kind === 'embedded';
    const decided = (holder: string, term: number) => this.sentBeats.decided(holder, term);
    return countErrors(togetherStore(opened, { clock: systemClock, limit, isLocal, decided }), this.counts);
  }

  /** One for each coordinator: a process may have several. */
  private makeNeighbourhood({ intervals }: ResolvedOptions, store: Store, process: string): Neighbourhood {
    return new Neighbourhood({
      ...{ key: `${process}/${randomUUID()}`, process, holders: holdersOf(hostname()), store },
      ...{ clock: systemClock, master: intervals.MASTER },
      members: () => [...this.hosted.values()].map(({ member }) => member.candidacy),
    });
  }

  private makeRebalancer(rules: ResolvedRebalance | null): Rebalancer | null {
    if (rules === null) return null;
    const { neighbourhood, store } = this.shared;
    const members = () => [...this.hosted.values()].map(({ member }) => member);
    const rebalancer = new Rebalancer({ rules, clock: systemClock, store, neighbourhood, members });
    rebalancer.start();
    return rebalancer;
  }

  private makeGuard(sendAll: (event: MemberEvent) => void): Guard {
    const { options, limits, process: ward } = this.shared;
    return new Guard({
      charter: { ward, store: options.store, limits, ttl: timeToLive(options.intervals) },
      clock: systemClock,
      start: startGuard,
      died: (error) => sendAll({ type: 'error', error: toWire(error) }),
    });
  }

  async open(spec: ClusterSpec): Promise<void> {
    const { cluster } = spec;
    assert.ok(!this.hosted.has(cluster), 'a cluster is opened once');
    const metrics = new MemberMetrics(new MemberCounts(spec.counts), this.counts, systemClock);
    const emit = (event: MemberEvent): void => {
      metrics.emitted(event);
      this.send(cluster, event);
    };
    const hosted = new HostedCluster({
      ...this.shared,
      spec,
      metrics,
      guard: this.guard,
      emit,
      stored: () => this.stored(hosted),
      ended: (farewell) => this.ended(spec, farewell),
    });
    // Before it can claim.
    this.guard?.addMember(spec.holder, spec.name);
    for (const name of this.shared.options.ignored) {
      emit({ type: 'info', text: `connect option ${name} ${whyIgnored(name)} and was ignored` });
    }
    if (this.pace.error !== undefined) emit({ type: 'error', error: toWire(this.pace.error) });
    this.shared.pool.start();
    this.hosted.set(cluster, hosted);
    this.wishes.changed();
    this.shared.neighbourhood.changed();
  }

  /** Hints at what one of the clusters has stored: of that the store tells others only. */
  private stored(by: HostedCluster): void {
    for (const cluster of this.hosted.values()) {
      if (cluster !== by) cluster.hinted({ topic: 'tasks', concerns: (name) => name === by.name });
    }
  }

  private ended({ cluster, holder }: ClusterSpec, farewell: Promise<unknown>): void {
    this.hosted.delete(cluster);
    this.wishes.changed();
    const left = farewell.then(() => this.guard?.removeMember(holder));
    this.farewells.add(left);
    void left.then(() => this.farewells.delete(left));
  }

  async call<N extends CallName>(cluster: number, name: N, args: CallArgs<N>): Promise<CallAnswer<N>> {
    const hosted: CallsByName | undefined = this.hosted.get(cluster);
    if (hosted === undefined) throw new FailoverError('ERR_STOPPED', 'the cluster has stopped');
    return hosted[name](...args);
  }

  /** Drains this process: its members claim nothing, and hand over what they have. */
  async drain(reason: string | null): Promise<void> {
    const { store, drains } = this.shared;
    const key = drains.process;
    const at = new Date(systemClock.wall());
    await store.putDrain({ key, by: key, ...(reason === null ? {} : { reason }), at });
    this.orderAll();
  }

  /** Asks all members, in the order in which they came, and few at once: each reads the store. */
  async status(): Promise<MemberStatus[]> {
    return inTurns([...this.hosted.values()], STATUS_MAX, (cluster) => cluster.status());
  }

  async undrain(): Promise<void> {
    await this.shared.store.removeDrain(this.shared.drains.process);
    this.orderAll();
  }

  private orderAll(): void {
    for (const cluster of this.hosted.values()) cluster.ordered();
  }

  async exit(): Promise<void> {
    await Promise.all([...this.hosted.values()].map((cluster) => cluster.exit()));
    await Promise.all([...this.farewells, this.shared.neighbourhood.close()]);
  }

  /** Ends what is left without a release; `stop` each cluster first. */
  async close(undrain: boolean): Promise<void> {
    this.shared.pool.stop();
    this.stopMeasures();
    realTime.clearInterval(this.ticking);
    this.rebalancer?.close();
    this.wishes.close();
    await Promise.all([...this.farewells, this.shared.neighbourhood.close()]);
    this.lifelines.close();
    // One that a crash leaves behind concerns no other process.
    if (undrain) await this.undrain().catch(() => {});
    await Promise.all([this.guard?.close(), this.shared.store.close()]);
  }
}

/** Of a process without a known start another one may have the same number later. */
function drainsOf(host: string, { pid, start }: ProcessIdentity): SharedParts['drains'] {
  const drains = { host: hostDrain(host), process: processDrain(host, pid, start || randomUUID()) };
  return { ...drains, all: [drains.host, drains.process] };
}

/** A thousand members read the clocks and set timers, so they share both. */
function memberTimes(): Pick<SharedParts, 'memberClock' | 'suspensions'> {
  const memberClock = sharingTimers(sharingBoot(systemClock));
  return { memberClock, suspensions: new Suspensions(memberClock) };
}

/** What the ids of the members of this process begin with: facade/cluster.ts makes them. */
function holdersOf(host: string): string {
  return `${host}:${process.pid}:`;
}

function whyIgnored(option: string): string {
  return option === 'compressors' ? "would need libuv's thread pool for each command" : 'is of an older driver';
}
