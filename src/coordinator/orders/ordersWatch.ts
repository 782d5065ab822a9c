/**
 * Obeys what operators ask of one member: holds the queue while the subsystem is paused, hands the mastership over, and claims
 * nothing while it is drained, paused to standby, or of priority 0.
 *
 * A standby is brought the orders by its looks, a master reads them beside its beats. A store that fails here is asked again
 * the next time, and what was last read counts until then. Answers are written by compare-and-set, and only to the very
 * request that was read. None of it is part of the election, which only hears `rest`, `rested`, `handOver` and how that ends.
 */
import { logFor } from '../../diagnostics/log.js';
import { type HandOver, isOpen, noOrders, type Orders, type OrdersAsked, type SeenOrders } from '../../store/orders.js';
import type { Lease, Observation, Store } from '../../store/store.js';
import type { MemberEvent } from '../../wire/messages.js';
import { handOverInfo, pauseInfo } from '../../wire/orderInfo.js';
import type { HandOverInfo, PauseInfo } from '../../wire/status.js';
import { Giving } from './giving.js';
import { HandingOver, type HandingOverParts } from './handingOver.js';
import { Preference } from './preference.js';

/** A hand-over may be asked for again and again, so an answer is tried only so often at once. */
const ANSWER_ATTEMPTS_MAX = 5;
/** How many POLL a member lets another one claim first. */
const DEFERENCE_POLLS = 2;

export interface OrdersWatchParts extends Omit<HandingOverParts, 'hold' | 'answer'> {
  readonly name: string;
  readonly holder: string;
  /** From 0 to 100; 0: never master. */
  readonly priority: number;
  /** The keys of the drains that concern this member. */
  readonly drains: readonly string[];
  /** In ms. */
  readonly poll: number;
  readonly master: number;
  readonly store: Pick<Store, 'writeOrders' | 'putPreferred'>;
  /** Reads the orders, perhaps together with those of other members. */
  readOrders(asked: OrdersAsked): Promise<SeenOrders>;
  /** Calls back when the beats that members decide on in this turn have gone out, or wait for their turn; at once by default. */
  afterBeats?(callback: () => void): void;
  /** Returns how much later than the first standby this one claims, in POLL: so each process gets its share of the leases. */
  pollsOfRank(lease: Lease | null): number;
  /** Returns whether this member could take a mastership, as far as its work goes. */
  isFit(): boolean;
  /** Called when the member is drained, or is drained no more. */
  drainChanged(): void;
  emit(event: MemberEvent): void;
}

interface Answer {
  readonly id: string;
  readonly state: HandOver['state'];
  readonly why?: string;
}

const log = logFor('failover');

export class OrdersWatch {
  private readonly preference: Preference;
  private readonly handing: HandingOver;
  /** Gives the mastership away where this process has more than its share. */
  readonly giving: Giving;
  private seen: SeenOrders = noOrders;
  /** The term of the present mastership. */
  private term: number | null = null;
  private paused: PauseInfo | null = null;
  private held = false;
  private rests = false;
  private stopped = false;
  /** Whether it stops, and drains what it has. */
  private drains = false;
  /** Counts reads and looks, because their answers may overtake each other. */
  private asked = 0;
  private taken = 0;
  private readAt = Number.NEGATIVE_INFINITY;
  private toldUnreadable: string | null = null;
  /** The request that is being accepted. */
  private accepting: string | null = null;
  /** The last request to change a task that the duty was told of. */
  private changesSeen: string | undefined;
  /** The last request that named this member. */
  private succeeds: string | null = null;
  /** How the last request ended, until that is on record. */
  private owed: Answer | null = null;
  /** How the last request ended here: an old answer of the store may still show it as open, or a late write may open it again. */
  private ended: Answer | null = null;

  constructor(private readonly parts: OrdersWatchParts) {
    const { holder, priority, master } = parts;
    this.preference = new Preference(holder, priority, master);
    this.giving = new Giving({
      ...parts,
      free: (own) => this.freeToGive(own),
      read: () => this.read(),
      begin: (order, patience) => this.handing.beginOrdered(order.term, order, patience),
      refuse: (order, why) => this.answer(order, 'refused', why),
    });
    this.handing = new HandingOver({
      ...parts,
      hold: () => this.applyHold(),
      answer: (order, state, why) => this.answer(order, state, why),
    });
  }

  /** Before the first look. */
  start(): void {
    this.obey();
  }

  stop(): void {
    this.stopped = true;
    this.handing.forget();
    this.giving.ended(null);
  }

  // ---- how it learns of orders ----

  /** Returns what a look or a read asks about beside the lease. */
  get question(): OrdersAsked {
    return { name: this.parts.name, drains: this.parts.drains };
  }

  /** Takes what a look of the election brings, before the election does. */
  async look<T extends SeenOrders>(observe: () => Promise<T[]>): Promise<T[]> {
    this.asked += 1;
    const number = this.asked;
    const answers = await observe();
    const [seen] = answers;
    if (seen !== undefined) this.take(number, seen);
    return answers;
  }

  /** A beat goes out. */
  beat(): void {
    const { clock, master, afterBeats = (read) => read() } = this.parts;
    // There are early beats, too, for news of the work.
    if (clock.now() - this.readAt < master / 2) return;
    this.readAt = clock.now();
    afterBeats(() => void this.read());
  }

  /** The orders may have changed: a standby looks at them soon anyway. */
  hinted(): void {
    if (this.term !== null) void this.read();
  }

  /** Reads the orders now, unless the member has stopped. Never rejects. */
  async read(): Promise<void> {
    if (this.stopped) return;
    const { clock, name, readOrders } = this.parts;
    this.readAt = clock.now();
    this.asked += 1;
    const number = this.asked;
    try {
      this.take(number, await readOrders(this.question));
    } catch (error) {
      log('%s: the orders were not read: %s', name, String(error));
    }
  }

  private take(number: number, seen: SeenOrders): void {
    if (number < this.taken || this.stopped) return;
    this.taken = number;
    const { clock, emit } = this.parts;
    const { unreadable } = seen;
    if (unreadable !== undefined && unreadable.message !== this.toldUnreadable)
      emit({ type: 'error', error: unreadable });
    this.toldUnreadable = unreadable?.message ?? null;
    const { drained } = this.seen;
    this.seen = seen;
    if (seen.drained !== drained) this.parts.drainChanged();
    this.preference.observe(seen.preferred, clock.now());
    this.endPause(seen.orders);
    this.obey();
    this.sign();
  }

  // ---- what the election says ----

  elected(term: number): void {
    this.giving.saw(term, this.seen.orders?.handOver);
    this.term = term;
    this.obey();
  }

  /** The mastership is lost, or was given up. */
  left(): void {
    this.term = null;
    this.handing.forget();
    this.applyHold();
  }

  /** The member stops, which drains what it has. */
  stops(): void {
    this.drains = true;
    this.handing.forget();
    this.giving.ended(null);
  }

  /** The news `drain` of a hand-over. `drained` answers it. */
  drain(drained: () => void): void {
    this.handing.drain(drained);
  }

  /** The mastership was handed over: the release goes out now. */
  handedOver(): void {
    this.term = null;
    this.handing.handedOver();
    this.applyHold();
  }

  /** Returns how much later than it might this member claims, in ms: for who goes first. */
  deference({ lease }: Pick<Observation, 'lease'>): number {
    const { holder, poll, clock } = this.parts;
    if (lease !== null) this.giving.saw(lease.term, this.seen.orders?.handOver);
    const to = this.successorOf(lease);
    if (to === holder) return 0;
    if (to !== null) return DEFERENCE_POLLS * poll;
    const polls = this.preference.defers(clock.now()) ? DEFERENCE_POLLS : 0;
    return Math.max(polls, this.parts.pollsOfRank(lease)) * poll;
  }

  /** Returns the member that this lease was handed over to. */
  private successorOf(lease: Lease | null): string | null {
    const handOver = this.seen.orders?.handOver;
    if (lease === null || lease.holder !== null || handOver?.term !== lease.term) return null;
    return handOver.state === 'refused' ? null : (handOver.to ?? null);
  }

  // ---- what it does ----

  /** Does what the orders say that were last read. Whatever has been done already changes nothing. */
  private obey(): void {
    const { emit, election } = this.parts;
    const pause = this.seen.orders?.pause;
    const paused = pause === undefined ? null : pauseInfo(pause);
    const before = this.paused;
    this.paused = paused;
    if (paused !== null && JSON.stringify(paused) !== JSON.stringify(before)) emit({ type: 'paused', info: paused });
    if (paused === null && before !== null) emit({ type: 'resumed' });
    this.applyHold();
    const barred = this.barred;
    if ((barred !== null) !== this.rests) {
      this.rests = barred !== null;
      if (barred === null) election.rested();
      else election.rest(null);
    }
    if (this.term !== null) this.obeyAsMaster(this.term, barred);
    else if (barred === null) this.obeyAsSuccessor(this.seen.orders?.handOver);
  }

  /** A member that is named rests no longer from a hand-over of its own. */
  private obeyAsSuccessor(handOver: HandOver | undefined): void {
    if (handOver?.to !== this.parts.holder || handOver.id === this.succeeds || handOver.state === 'refused') return;
    this.succeeds = handOver.id;
    this.parts.election.rested();
  }

  private obeyAsMaster(term: number, barred: string | null): void {
    const { handOver, changes } = this.seen.orders ?? {};
    if (changes !== undefined && changes.id !== this.changesSeen) this.parts.duty.changesAsked?.();
    this.changesSeen = changes?.id;
    this.payAnswer(handOver);
    const isOurs = handOver?.term === term;
    this.handing.wantedBy(isOurs && isOpen(handOver) ? handOver : null, barred !== null);
    if (barred !== null) return this.handing.beginBarred(term);
    if (isOurs && isOpen(handOver)) void this.accept(handOver);
  }

  /** Returns why this member claims nothing, and gives a mastership away; null: it may. */
  private get barred(): string | null {
    const { priority } = this.parts;
    if (priority === 0) return 'its priority is 0';
    if (this.seen.drained) return 'it is drained';
    return this.paused?.standby ? 'the subsystem is paused to standby' : null;
  }

  /** Whether nothing that operators ask for keeps it from being master. */
  get isFree(): boolean {
    return this.barred === null;
  }

  /** What may be given away now: nothing that is paused, or for which another request is open. */
  private freeToGive(own?: HandOver): { readonly term: number; readonly version: number | null } | null {
    const { term, seen } = this;
    const handOver = seen.orders?.handOver;
    const open = handOver?.term === term && isOpen(handOver) ? handOver.id : undefined;
    const isBusy = this.handing.isUnderWay || this.accepting !== null || this.owed !== null;
    const mayGive = !this.stopped && !this.drains && this.paused === null && this.isFree;
    if (term === null || !mayGive || isBusy || open !== own?.id) return null;
    return { term, version: seen.orders?.version ?? null };
  }

  private applyHold(): void {
    if (!this.handing.isUnderWay) this.giving.ended(null);
    const hold = this.paused !== null || this.handing.holds;
    if (hold === this.held) return;
    this.held = hold;
    if (hold) this.parts.duty.hold();
    else this.parts.duty.unhold();
  }

  private async accept(order: HandOver): Promise<void> {
    const { holder, name, store } = this.parts;
    if (this.accepting !== null || this.handing.isUnderWay || this.owed !== null) return;
    if (order.id === this.ended?.id) return this.answerAgain(this.ended);
    if (this.drains || this.giving.prepares(order)) return;
    // Only the master of its term accepts a request: this one did, and was not told that it was written.
    if (order.state === 'accepted') return this.handing.beginOrdered(order.term, order);
    if (order.to === holder) return this.answer(order, 'refused', 'the member that it names is the master');
    this.accepting = order.id;
    try {
      const version = this.seen.orders?.version ?? null;
      const accepted = await store.writeOrders(name, version, { handOver: { ...order, state: 'accepted' } });
      // With the orders as they were when it was accepted: newer ones may take it back.
      if (accepted && this.term === order.term && !this.stopped) this.handing.beginOrdered(order.term, order);
    } catch (error) {
      log('%s: the request to hand over was not accepted: %s', name, String(error));
    } finally {
      this.accepting = null;
    }
    void this.read();
  }

  // ---- answers ----

  private answer({ id }: HandOver, state: HandOver['state'], why?: string): void {
    this.giving.ended({ id, isDone: state === 'done' });
    this.ended = { id, state, ...(why === undefined ? {} : { why }) };
    this.answerAgain(this.ended);
  }

  private answerAgain(answer: Answer): void {
    this.owed = answer;
    void this.writeAnswer(answer);
  }

  /** Tries again what could not be written. */
  private payAnswer(handOver: HandOver | undefined): void {
    if (this.owed === null) return;
    if (handOver?.id === this.owed.id && isOpen(handOver)) void this.writeAnswer(this.owed);
    else this.owed = null;
  }

  private async writeAnswer(answer: Answer): Promise<void> {
    const { name, store, readOrders } = this.parts;
    const { id, ...fields } = answer;
    try {
      for (let attempt = 0; attempt < ANSWER_ATTEMPTS_MAX; attempt += 1) {
        const { orders } = await readOrders(this.question);
        // Taken back, or another request has taken its place.
        if (orders?.handOver?.id !== id || !isOpen(orders.handOver)) break;
        if (this.stopped) break;
        if (await store.writeOrders(name, orders.version, { handOver: { ...orders.handOver, ...fields } })) break;
      }
      if (this.owed === answer) this.owed = null;
    } catch (error) {
      log('%s: the answer to a request to hand over was not written: %s', name, String(error));
    }
  }

  // ---- pauses that end by themselves ----

  /** The master ends a pause whose time is over; any member does if there is to be no master. */
  private endPause(orders: Orders | null): void {
    const { clock, name, store } = this.parts;
    const pause = orders?.pause;
    if (orders === null || pause?.until === undefined || clock.wall() < pause.until) return;
    if (this.term === null && !pause.standby) return;
    store.writeOrders(name, orders.version, { pause: null }).then(
      (ended) => void (ended && this.read()),
      (error: unknown) => log('%s: the pause was not ended: %s', name, String(error)),
    );
  }

  // ---- who goes first ----

  private sign(): void {
    const { name, clock, store, isFit } = this.parts;
    if (this.term !== null || this.barred !== null || !isFit()) return;
    const sign = this.preference.next(name, clock.now());
    if (sign === null) return;
    store.putPreferred(sign).catch((error: unknown) => {
      log('%s: the sign of its priority was not written: %s', name, String(error));
    });
  }

  // ---- for people ----

  get status(): {
    readonly paused: PauseInfo | null;
    readonly handOver: HandOverInfo | null;
    readonly drained: boolean;
    readonly priority: number;
  } {
    const { orders, drained } = this.seen;
    const handOver = orders?.handOver === undefined ? null : handOverInfo(orders.handOver);
    return { paused: this.paused, handOver, drained, priority: this.parts.priority };
  }
}
