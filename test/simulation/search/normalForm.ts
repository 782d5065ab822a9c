/**
 * What makes two worlds one state: their normal form, a row of whole numbers, and its hash.
 *
 * Left out is what cannot make a difference to what follows. Times are counted from the member's own present, and not
 * beyond the point where more would change nothing. Terms are counted down from the tip, but for 0, which is no record at
 * all, and epochs from the present one. Claims and versions of the lease are only ever compared for equality, so they are numbered in the order in which
 * they are met; so are holders who are gone. A member's beats only ever rise, so the next is always new. Members with the same clock and intervals
 * are put in the order of what they know, so worlds which differ by their names alone are mostly one.
 */
import type { StoreRequest } from '../../../src/election/effects.ts';
import type { ElectionState } from '../../../src/election/state.ts';
import { timeToLive, validity } from '../../../src/options/leaseTimes.ts';
import type { Lease } from '../../../src/store/store.ts';
import { Row } from './row.ts';
import type { Setting } from './setting.ts';
import { type Call, type Seat, type Stage, seatAt, tipOf, type World } from './world.ts';

const NONE = -1_000_000;
const phases: Readonly<Record<ElectionState['phase'], number>> = {
  stopped: 0,
  init: 1,
  slave: 2,
  ticking: 3,
  master: 4,
  error: 5,
};
const stages: Readonly<Record<Stage, number>> = { asked: 0, held: 1, gap: 2, back: 3, arrived: 4, copy: 5, look: 6 };
const modes: Readonly<Record<Seat['mode'], number>> = { awake: 0, paused: 1, asleep: 2 };
const steps = { lease: 0, prove: 1, record: 2, verify: 3 } as const;
const stops = { no: 0, draining: 1, drained: 2 } as const;
const types: Readonly<Record<StoreRequest['type'], number>> = {
  readTip: 0,
  observe: 1,
  writeLease: 2,
  insertTerm: 3,
  beat: 4,
  release: 5,
  releaseDead: 6,
};

export class NormalForm {
  private readonly row = new Row();
  private readonly siblings: boolean;
  private readonly longestWait: number;
  private readonly groups: readonly number[];
  private readonly parts: Int32Array[];
  private readonly lengths: number[];
  private readonly order: number[];
  private world: World;
  private claims: string[] = [];
  private beats: number[] = [];
  private gone: string[] = [];

  constructor({ members, siblings }: Setting, world: World) {
    this.siblings = siblings;
    this.world = world;
    this.longestWait = Math.max(...members.map(({ intervals }) => timeToLive(intervals)));
    const kinds = members.map(({ rate, intervals }) => `${rate} ${timeToLive(intervals)}`);
    this.groups = kinds.map((kind) => kinds.indexOf(kind));
    this.parts = members.map(() => new Int32Array(64));
    this.lengths = members.map(() => 0);
    this.order = members.map((_, index) => index);
  }

  /** The hash of the world that was last given. */
  get high(): number {
    return this.row.high;
  }

  get low(): number {
    return this.row.low;
  }

  /** Sets `high` and `low`. */
  hash(world: World): void {
    this.world = world;
    this.claims = [];
    this.beats = [];
    this.gone = [];
    this.row.clear();
    for (let index = 0; index < this.order.length; index++) this.writePart(index);
    this.sort();
    for (const index of this.order) {
      const part = this.parts[index];
      const length = this.lengths[index] ?? 0;
      this.put(length);
      for (let at = 0; at < length; at++) this.put(part?.[at] ?? 0);
    }
    this.putLease(world.lease);
    this.put(tipOf(world) === 0 ? 0 : (world.ttls[tipOf(world)] ?? 0));
    this.putTerm(world.won);
    this.put(world.settledFor);
    this.put(world.order === null ? NONE - 1 : this.term(world.order));
    this.putRecord(world.claims[tipOf(world)]);
    for (const index of this.order) this.putShared(seatAt(world, index));
    for (const index of this.order) {
      for (const call of world.calls) if (call.seat === index) this.putCall(call);
    }
    // Last, because a claim that is nowhere else can never be met again.
    for (const index of this.order) {
      const { heldClaim, workedClaim } = seatAt(world, index).state;
      this.put(heldClaim === null ? -1 : this.claims.indexOf(heldClaim));
      this.put(workedClaim === null ? -1 : this.claims.indexOf(workedClaim));
    }
    this.row.hash();
  }

  /** Insertion, and only among equals; stable, so ties keep their order. */
  private sort(): void {
    const { order, groups } = this;
    for (let index = 0; index < order.length; index++) order[index] = index;
    for (let from = 1; from < order.length; from++) {
      for (let at = from; at > 0; at--) {
        const [left, right] = [order[at - 1] ?? 0, order[at] ?? 0];
        if (groups[left] !== groups[right] || this.compare(left, right) <= 0) break;
        order[at - 1] = right;
        order[at] = left;
      }
    }
  }

  private compare(a: number, b: number): number {
    const [left, right] = [this.parts[a], this.parts[b]];
    const lengths = (this.lengths[a] ?? 0) - (this.lengths[b] ?? 0);
    if (lengths !== 0) return lengths;
    for (let at = 0; at < (this.lengths[a] ?? 0); at++) {
      const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** What a member knows that names no member. */
  private writePart(index: number): void {
    const seat = seatAt(this.world, index);
    const { state, now, mode, missed, validUntil, working, lingersUntil, config } = seat;
    const { intervals } = config;
    const part = this.parts[index];
    if (part === undefined) return;
    let length = 0;
    const push = (value: number): void => {
      part[length++] = value;
    };
    const after = (time: number | null, least: number): void =>
      push(time === null ? NONE : Math.max(time - now, -least));
    push(
      phases[state.phase] * 64 +
        modes[mode] * 16 +
        stops[state.stopping] * 4 +
        (state.unfit ? 2 : 0) +
        (working ? 1 : 0),
    );
    const { rests, parting } = state;
    const handOver = state.mastership?.handOver ?? null;
    push(
      (state.looksFirst ? 1 : 0) * 256 +
        (handOver === null ? 0 : handOver.drained ? 1 : 2) * 64 +
        (rests === null ? 0 : rests.until === null ? 1 : 2) * 16 +
        (parting === null ? 0 : parting.request === null ? 1 : 2) * 4 +
        (seat.rests ? 2 : 0) +
        (seat.defers ? 1 : 0),
    );
    after(seat.handedOver?.at ?? null, 2 * this.longestWait);
    if (seat.handedOver !== null) push(this.term(seat.handedOver.term));
    if (rests !== null && rests.until !== null) after(rests.until, 0);
    if (rests !== null && rests.early !== null) after(rests.early.from, 0);
    if (parting !== null) {
      after(parting.until, 0);
      if (parting.request === null) after(parting.retryAt, 0);
      push(Math.min(parting.beat, 1));
      push(this.term(parting.term));
    }
    // Longer than any validity makes no difference.
    push(Math.min(missed, this.longestWait));
    after(validUntil, 0);
    after(lingersUntil, 0);
    push((state.pending === null ? 0 : 1) + (state.looked === null ? 0 : 2) + Math.min(state.failedLooks, 2) * 4);
    after(state.nextLookAt, 0);
    push(state.tip === null ? NONE : this.term(state.tip.term));
    push(state.tip?.ttl ?? 0);
    push(this.epoch(state.tip?.epoch ?? null));
    push(this.epoch(state.epoch));
    push(state.longestTtl);
    if (state.seen !== null) {
      after(state.seen.since, this.longestWait);
      push(this.epoch(state.seen.tip.epoch) * 2 + (state.seen.settled ? 1 : 0));
      push(state.seen.deference);
      push(this.term(state.seen.tip.term));
      push(state.seen.tip.ttl);
    }
    const { claim, mastership } = state;
    if (claim !== null) {
      push(steps[claim.step] * 4 + (claim.continued ? 1 : 0) + (claim.failures > 0 ? 2 : 0));
      push(this.term(claim.term));
      after(claim.sentAt, validity(intervals));
      push(this.epoch(claim.epoch));
      push(claim.waited ?? NONE);
    }
    if (mastership !== null) {
      const { release } = mastership;
      push(
        (release === 'no' ? 0 : release === 'due' ? 1 : 2) * 4 +
          (mastership.fenced ? 1 : 0) +
          (mastership.dirty ? 2 : 0),
      );
      push(Math.min(mastership.beat, 1));
      push(this.term(mastership.term));
      after(mastership.validUntil, 0);
      after(mastership.nextBeatAt, intervals.MASTER);
      after(mastership.gridAt, intervals.MASTER);
      after(mastership.lastSentAt, Math.max(intervals.POLL, intervals.SYNC));
      for (const sentAt of mastership.inFlight.values()) after(sentAt, validity(intervals));
    }
    this.lengths[index] = length;
  }

  /** What it knows of what others may know, too. */
  private putShared({ state: { tip, seen, looked, claim, mastership, rests } }: Seat): void {
    this.putRecord(tip?.claim);
    if (seen !== null) this.putLease(seen.lease);
    if (looked !== null) {
      this.putLease(looked.lease);
      this.put(this.epoch(looked.epoch) * 4 + (looked.settled ? 1 : 0) + (looked.holderIsGone ? 2 : 0));
      this.put(looked.deference);
    }
    if (claim !== null) {
      this.put(this.claim(claim.id));
      this.putLease(claim.expected);
      // Of all records below the tip only this can still be asked for: whether it is the claim's own.
      this.put(this.world.claims[claim.term] === claim.id ? 1 : 0);
    }
    if (mastership !== null) this.put(this.claim(mastership.claim));
    if (rests !== null && rests.early !== null) this.put(this.claim(rests.early.claim));
  }

  private putCall({ seat, holder, request, stage, waiting, document, newer, answer }: Call): void {
    const { state, config } = seatAt(this.world, seat);
    this.put(stages[stage] * 32 + types[request.type] * 4 + (waiting ? 1 : 0) + (newer ? 2 : 0));
    this.putHolder(holder);
    let role = 0;
    if (holder === config.holder) {
      if (state.pending === request.request) role = 1;
      else if (state.mastership?.release === request.request) role = 2;
      else if (state.parting?.request === request.request) role = 16;
      else if (state.mastership?.inFlight.has(request.request)) {
        role = 3 + [...state.mastership.inFlight.keys()].indexOf(request.request);
      }
    }
    this.put(role);
    switch (request.type) {
      case 'observe':
        this.putTerm(request.tip);
        this.put(request.wait);
        break;
      case 'writeLease':
        this.putLease(request.expected);
        this.putLease(request.next);
        break;
      case 'insertTerm':
        this.putTerm(request.term);
        this.put(this.claim(request.claim));
        break;
      case 'releaseDead':
        this.putTerm(request.term);
        this.put(this.claim(request.claim));
        break;
      case 'beat':
      case 'release':
        this.putTerm(request.term);
        this.putBeat(request.term, request.beat);
        break;
    }
    if (stage === 'gap') this.putLease(document);
    if (answer === null) return;
    switch (answer.type) {
      case 'tip':
        this.putTerm(answer.tip.term);
        this.put(answer.tip.ttl);
        this.put(this.epoch(answer.tip.epoch));
        this.putRecord(answer.tip.claim);
        break;
      case 'observed':
        this.putLease(answer.observation.lease);
        this.put((answer.observation.newer ? 1 : 0) + (answer.observation.settled ? 2 : 0));
        this.put(this.epoch(answer.observation.epoch));
        break;
      case 'termInserted':
        this.put(answer.inserted ? 1 : 0);
        this.put(this.claim(answer.claim));
        break;
      case 'leaseWritten':
        this.put(answer.written ? 1 : 0);
        break;
      case 'beaten':
      case 'released':
      case 'deadReleased':
        this.put(answer.matched ? 1 : 0);
        break;
      case 'failed':
        break;
    }
  }

  private putLease(lease: Lease | null): void {
    if (lease === null) return this.put(NONE);
    this.putTerm(lease.term);
    this.put(this.claim(lease.claim));
    this.putBeat(lease.term, lease.beat);
    if (lease.holder === null) this.put(NONE);
    else this.putHolder(lease.holder);
    this.put(lease.ttl);
  }

  /** Whose claim a record has is asked only where members see each other die. */
  private putRecord(claim: string | undefined): void {
    if (this.siblings) this.put(claim === undefined || claim === '' ? NONE : this.claim(claim));
  }

  private putHolder(holder: string): void {
    const { order, world } = this;
    for (let rank = 0; rank < order.length; rank++) {
      if (seatAt(world, order[rank] ?? 0).config.holder === holder) return this.put(rank);
    }
    this.put(order.length + numberOf(this.gone, holder));
  }

  private claim(id: string): number {
    return numberOf(this.claims, id);
  }

  /** 0 and 1 stand for themselves: two claims of one term may both use them. */
  private putBeat(term: number, beat: number): void {
    this.put(beat < 2 ? beat : 2 + numberOf(this.beats, term * 1_000_000 + beat));
  }

  /** How many losses ago it was. */
  private epoch(epoch: string | null): number {
    return epoch === null ? NONE : this.world.epoch - Number(epoch);
  }

  private term(term: number): number {
    return term === 0 ? NONE : tipOf(this.world) - term;
  }

  private putTerm(term: number): void {
    this.put(this.term(term));
  }

  private put(value: number): void {
    this.row.put(value);
  }
}

/** The place of a name in the list, at the end of which it is put when it was not there. */
function numberOf<T>(list: T[], name: T): number {
  const at = list.indexOf(name);
  return at >= 0 ? at : list.push(name) - 1;
}
