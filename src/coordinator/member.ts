/**
 * One cluster on the coordinator thread: its elector, what it does with a mastership, and the news of both for the main
 * thread, in order.
 */

import { logFor } from '../diagnostics/log.js';
import type { Drain, News, StoreRequest } from '../election/effects.js';
import { Elector, type ElectorCallbacks } from '../election/elector.js';
import type { Phase } from '../election/transitions.js';
import { FailoverError, type FailoverErrorCode, toWire } from '../errors.js';
import { timeToLive } from '../options/leaseTimes.js';
import { SIGN_PERIOD_MS } from '../requests/members.js';
import { shownAhead } from '../store/serverAhead.js';
import type { Lease, Member, Observation, Progress } from '../store/store.js';
import type { Cancel } from '../time/clock.js';
import { nextOnGrid } from '../time/grid.js';
import type { MemberStatus } from '../wire/status.js';
import { BeatStatistics } from './beatStatistics.js';
import { ConfigurationWatch } from './configurationWatch.js';
import type { HolderWatch } from './deathWatch.js';
import type { Duty } from './duties/duty.js';
import type { MemberParts } from './memberParts.js';
import { OrdersWatch } from './orders/ordersWatch.js';
import { withOrders } from './orders/withOrders.js';
import { inWords } from './requestText.js';
import type { Candidacy } from './spread/neighbourhood.js';
import type { Giver } from './spread/rebalancer.js';

/** How many term records are kept behind the newest one. */
const TERMS_KEPT_MAX = 1000;

const resumedBy = { fence: 'the lease was saved', handOver: 'its hand-over was cancelled' };

const log = logFor('failover');
const logTests = logFor('failover:tests');
const logStates = logFor('failover:states');

export class ClusterMember implements ElectorCallbacks, Giver {
  readonly duty: Duty;
  private readonly elector: Elector;
  private readonly configurations: ConfigurationWatch;
  private readonly orders: OrdersWatch;
  private readonly holder: HolderWatch;
  private readonly statistics: BeatStatistics;
  /** How many masterships were given up. */
  private resignations = 0;
  private seenLease: Lease | null = null;
  /** Whether a hint came since the last look went out: if that leads to a claim, it may show orders of before. */
  private wasHinted = false;
  private connected = false;
  private ran = false;
  private joined: () => void = () => {};
  private hasStopped: () => void = () => {};
  readonly whenStopped = new Promise<void>((resolve) => {
    this.hasStopped = resolve;
  });
  private cancelSign: Cancel = () => {};
  /** Whether a line of this member was ever sent to the store. */
  private signed = false;
  /** The last line of this member in the store, on its way. */
  private signing: Promise<void> = Promise.resolve();

  constructor(private readonly parts: MemberParts) {
    const { name, holder, intervals, configuration, grace, store, clock, requestTimeout } = parts;
    const phase = parts.phase === undefined ? {} : { phase: parts.phase };
    const config = { holder, intervals, grace, configuration, process: parts.process, ...phase };
    this.statistics = new BeatStatistics(parts.metrics);
    const { sentBeats } = parts;
    const beats = sentBeats?.add(holder, this.statistics) ?? this.statistics;
    this.holder = parts.deaths.add(() => this.elector.holderGone());
    const watched = withOrders(store, () => this.orders);
    this.elector = new Elector({
      name,
      config,
      store: watched,
      clock,
      callbacks: this,
      beats,
      requestTimeout,
      suspensions: parts.suspensions,
      lead: sentBeats && (() => sentBeats.lead),
    });
    this.duty = parts.makeDuty(() => this.elector.progressed());
    this.orders = new OrdersWatch({
      ...parts,
      ...{ duty: this.duty, election: this.elector, poll: intervals.POLL, master: intervals.MASTER },
      isFit: () => this.elector.isFit,
      drainChanged: () => this.sign(this.elector.phase),
    });
    this.configurations = new ConfigurationWatch({
      ...{ name, holder, configuration, store, clock, ...phase },
      ttl: timeToLive(intervals),
      isFit: () => this.elector.isFit,
      waiting: async () => (await this.duty.load()).queued,
      differs: (error) => parts.emit({ type: 'error', error: toWire(error) }),
      info: (text) => parts.emit({ type: 'info', text }),
      standBack: (reason) => parts.standBack(reason),
      comeForward: () => parts.comeForward(),
    });
  }

  /** Joins the election. `joined` is called when it has had its first answer, or has got none. */
  run(joined: () => void = () => {}): void {
    this.joined = joined;
    this.ran = true;
    this.orders.start();
    this.elector.run();
    this.signOfLife();
    this.configurations.start();
  }

  /** Emits `stopped` when it is done. */
  stop(): void {
    if (this.ran) this.elector.stop();
    else this.stopped();
  }

  /** This process ends by an error while it works: what it releases counts as the lease of a member that died (rule 12). */
  dying(): void {
    this.elector.dying();
  }

  /** The store hints that the lease may have changed. */
  hinted(): void {
    this.wasHinted = true;
    this.elector.hinted();
    this.orders.hinted();
  }

  /** What operators ask for has changed. */
  ordered(): void {
    void this.orders.read();
  }

  storeIsBack(): void {
    this.elector.storeIsBack();
  }

  /**
   * The work hangs, or does not load (rule 10): a mastership is given up, with an `error` event of this code, and none is
   * claimed before `fit`. `nothingRuns`: the lease is released. Returns whether a mastership was given up.
   * Rule 10: docs/explain/protocol.md#rule-10-a-lease-proves-that-work-is-alive
   */
  resign(reason: string, code: FailoverErrorCode, nothingRuns: boolean): boolean {
    log('%s: claims nothing until its work is fit: %s', this.parts.name, reason);
    const { resignations } = this;
    this.elector.resign(reason, code, nothingRuns);
    return this.resignations > resignations;
  }

  /** Says that nothing of the work runs any more and nothing holds it up, whatever it resigned for. */
  fit(): void {
    log('%s: its work is fit, so it may claim', this.parts.name);
    this.elector.fit();
  }

  /** What its process says of it to the others. */
  get candidacy(): Candidacy {
    const { name, priority, isMaster } = this;
    const { phase, isFit } = this.elector;
    const isThere = isMaster || phase === 'slave' || phase === 'ticking';
    return { name, priority, isMaster, isCandidate: isThere && isFit && this.orders.isFree };
  }

  get name(): string {
    return this.parts.name;
  }

  get priority(): number {
    return this.parts.priority;
  }

  get isMaster(): boolean {
    return this.elector.phase === 'master';
  }

  get giving(): Giver['giving'] {
    return this.orders.giving;
  }

  async status(): Promise<Omit<MemberStatus, 'pool' | 'threadWait'>> {
    const { name, holder, store } = this.parts;
    const lease = this.seenLease;
    const { identifier, count } = this.progress();
    const [load, members, clockAhead] = await Promise.all([
      this.duty.load(),
      store.listMembers(name).catch((): Member[] => []),
      shownAhead(store),
    ]);
    return {
      name,
      id: holder,
      state: this.elector.phase,
      term: this.elector.term ?? null,
      unfit: this.parts.unfit(),
      seen: lease === null ? null : { holder: lease.holder, term: lease.term, beat: lease.beat },
      ...load,
      identifier: this.elector.term === undefined && lease !== null ? lease.identifier : identifier,
      done: this.elector.term === undefined && lease !== null ? lease.count : count,
      heartbeat: this.statistics.report(),
      configuration: { ...this.parts.configuration, differing: this.configurations.differing },
      ...this.orders.status,
      clockAhead,
      members,
    };
  }

  // ---- what the elector asks for ----

  progress(): Progress {
    return this.duty.progress();
  }

  isHolderGone(lease: Lease | null): boolean {
    return this.holder.isGone(lease);
  }

  deference(observation: Observation): number {
    return this.orders.deference(observation);
  }

  asked(request: StoreRequest): void {
    if (request.type === 'beat') this.orders.beat();
    if (request.type === 'observe') this.wasHinted = false;
    if (logTests.enabled) logTests('%s: %s, %s', this.parts.name, this.elector.phase, inWords(request));
  }

  notify(news: News): void {
    const { emit, lease, name } = this.parts;
    this.parts.metrics?.notified(news);
    switch (news.type) {
      case 'phase':
        return this.phase(news.from, news.to);
      case 'lease':
        lease.hold(news.term, news.validUntil);
        return this.duty.held?.(news.validUntil);
      case 'noLease':
        return lease.drop();
      case 'elected':
        this.seenLease = null;
        this.configurations.elected();
        this.trim(news.term);
        this.duty.elected(news);
        this.orders.elected(news.term);
        return this.wasHinted ? this.ordered() : undefined;
      case 'fence':
        log('%s: work must stop: %s', name, news.reason);
        return this.duty.fence(news.reason);
      case 'resume':
        log('%s: %s, work goes on', name, resumedBy[news.after]);
        return this.duty.resume();
      case 'deposed':
        if (news.code !== 'ERR_LEASE_LOST') this.resignations += 1;
        this.orders.left();
        this.duty.deposed(news.reason, lease.remaining());
        return emit({ type: 'error', error: toWire(new FailoverError(news.code, news.reason)) });
      case 'settle':
        return this.settle(news.epoch, news.wait);
      case 'seen':
        return this.seen(news.lease);
      case 'storeFailed':
        this.connected = false;
        log('%s: the store failed: %s', name, news.error.message);
        return emit({ type: 'error', error: toWire(news.error) });
      case 'beatFailed':
        log('%s: a beat failed: %s', name, news.error.message);
        return emit({ type: 'error', error: toWire(news.error) });
      case 'drain':
        return this.drain(news);
      case 'handedOver':
        log('%s: hands over term %d', name, news.term);
        this.duty.deposed('the mastership was handed over', 0);
        return this.orders.handedOver();
      case 'stopped':
        return this.stopped();
    }
  }

  private phase(from: Phase, to: Phase): void {
    const { emit, name, storeText } = this.parts;
    logStates('%s: %s -> %s', name, from, to);
    if (!this.connected && (to === 'slave' || to === 'master')) {
      this.connected = true;
      emit({ type: 'info', text: `connected to ${storeText}` });
    }
    if (to !== 'init') this.joined();
    emit({ type: 'statechange', from, to });
    this.sign(to);
  }

  private seen(lease: Lease | null): void {
    this.configurations.seen(lease);
    const before = this.seenLease;
    if (lease === null) {
      this.seenLease = null;
      return this.duty.seenNothing();
    }
    // Two beats that were under way at once may land in the other order; the higher one had all that the lower one has.
    if (before !== null && before.claim === lease.claim && lease.beat < before.beat) return;
    this.seenLease = lease;
    const { name, emit, configuration } = this.parts;
    logTests('%s: slave, sees term %d, beat %d of %s', name, lease.term, lease.beat, lease.holder ?? 'no holder');
    // What it says is done is not done in a queue of another kind. Listeners still hear of it.
    const isOurKind = lease.configuration === undefined || lease.configuration.kind === configuration.kind;
    if (isOurKind) this.duty.seen(lease);
    else this.duty.seenOtherKind();
    if (lease.identifier !== null && (before === null || before.identifier !== lease.identifier)) {
      emit({ type: 'synchronize', id: lease.identifier });
    }
  }

  private drain(drain: Drain): void {
    if (drain.for === 'handOver') return this.orders.drain(() => this.elector.drained(drain));
    this.orders.stops();
    void this.duty.drain().then((how) => {
      if (how === 'drained') this.elector.drained(drain);
      else this.elector.abandon();
    });
  }

  private stopped(): void {
    this.cancelSign();
    this.configurations.stop();
    this.orders.stop();
    this.holder.stop();
    this.parts.sentBeats?.remove(this.parts.holder);
    this.parts.lease.drop();
    this.parts.emit({ type: 'stopped' });
    this.hasStopped();
    this.parts.ended(this.ran ? this.signOff() : Promise.resolve());
  }

  private async signOff(): Promise<void> {
    // Not beside the last line, which could land after this.
    await this.signing;
    // A store that was never reached has no line of this member, and would be waited for.
    if (!this.signed) return;
    // Of no use to the protocol, so a store that fails here matters to no caller.
    await this.parts.store.removeMember(this.parts.holder).catch(() => {});
  }

  // ---- what people look at ----

  private signOfLife(): void {
    const { clock, phase = clock.now() } = this.parts;
    this.cancelSign = clock.at(nextOnGrid(clock.now(), SIGN_PERIOD_MS, phase), () => {
      this.sign(this.elector.phase);
      this.signOfLife();
    });
  }

  private sign(state: Phase): void {
    // A store that fails would only fail again, and a member that has stopped is taken out.
    if (state === 'error' || state === 'init' || state === 'stopped') return;
    this.signed = true;
    const { holder, name, host, pid, version, store, clock, priority, drain } = this.parts;
    const { drained } = this.orders.status;
    const line = { id: holder, name, host, pid, state, at: new Date(clock.wall()), version, priority, drained, drain };
    const signed = store.putMember(line).catch((error: Error) => {
      log('%s: the line of this member was not written: %s', name, error.message);
    });
    this.signing = Promise.all([this.signing, signed]).then(() => {});
  }

  /** Marks the store as settled. If that fails, the next member waits for its full time, and marks it then. */
  private settle(epoch: string, wait: number): void {
    const { store, name } = this.parts;
    store.settle(epoch, wait).catch((error: Error) => {
      log('%s: the store was not marked as settled: %s', name, error.message);
    });
  }

  private trim(term: number): void {
    const { store, name } = this.parts;
    if (term <= TERMS_KEPT_MAX) return;
    store.trimTerms(name, term - TERMS_KEPT_MAX).catch((error: Error) => {
      log('%s: old terms were not trimmed: %s', name, error.message);
    });
  }
}
