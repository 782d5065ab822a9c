/**
 * A state of the search: the members, the store, and the calls under way between them. A world is never changed once it
 * has been handed out; `copyOf` makes the next one, which shares everything that stays as it was.
 */
import assert from 'node:assert/strict';
import type { News, StoreRequest } from '../../../src/election/effects.ts';
import {
  type Answer,
  type ElectionConfig,
  type ElectionEvent,
  type ElectionState,
  initialState,
} from '../../../src/election/state.ts';
import { timeToLive } from '../../../src/options/leaseTimes.ts';
import type { Lease } from '../../../src/store/store.ts';
import { configOf, deferenceOf, type Setting } from './setting.ts';

/** Longer than any wait. */
const SETTLED = 1_000_000;

/** What must not happen has happened. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** One member: the real core's state, and what its host makes of the news. */
export interface Seat {
  readonly config: ElectionConfig;
  readonly state: ElectionState;
  /** By its own clock, which stops while it is asleep. */
  readonly now: number;
  readonly mode: 'awake' | 'paused' | 'asleep';
  /** What its clock missed in a sleep, and the core has not been told of yet. */
  readonly missed: number;
  /** Until then it counts itself holder of the lease, by the news; null: it does not. */
  readonly validUntil: number | null;
  readonly working: boolean;
  /** Work of a mastership that was resigned may run until then. */
  readonly lingersUntil: number | null;
  /** It was told to claim nothing. */
  readonly rests: boolean;
  /** When it last handed over, by its own clock; null: never, or it may claim again since. */
  readonly handedOver: { readonly at: number; readonly term: number } | null;
  /** Others are to go first. */
  readonly defers: boolean;
  /** How many members have had this seat. */
  readonly incarnation: number;
}

/**
 * Where a call is. `asked`: it gets to the store, and its answer back, before time goes on. `held`: on its way for as long as
 * the search likes. `gap`: the store has read, and will write. `back`: the answer is on its way for as long as the search likes.
 * `arrived`: the answer lies before a member that is held up. `copy`: the second of a doubled answer. `look`: the sum of a
 * command with more than one beat does not tell which matched, and the store will look at the leases.
 */
export type Stage = 'asked' | 'held' | 'gap' | 'back' | 'arrived' | 'copy' | 'look';

export interface Call {
  readonly seat: number;
  readonly holder: string;
  readonly request: StoreRequest;
  readonly stage: Stage;
  /** Whether the caller has not been told anything yet. */
  readonly waiting: boolean;
  /** In a gap: what will be written. */
  readonly document: Lease | null;
  /** In the gap of a look: whether the next record was there. Before the look at a batch: whether the other beat matched. */
  readonly newer: boolean;
  readonly answer: Answer | null;
}

export interface World {
  seats: readonly Seat[];
  calls: readonly Call[];
  lease: Lease | null;
  /** Term → claim; the highest is the tip. There is no term 0. */
  claims: readonly string[];
  /** Term → time to live. */
  ttls: readonly number[];
  /** The highest term that anybody ever won in this epoch. */
  won: number;
  /** It rises with each loss of the store. */
  epoch: number;
  /** The longest wait that the store was settled for in this epoch. */
  settledFor: number;
  /** The term that is to be handed over, as the store says; the master of it, or of a later one, reads it at any time. */
  order: number | null;
}

export function tipOf(world: World): number {
  return world.claims.length - 1;
}

export function copyOf({ seats, calls, lease, claims, ttls, won, epoch, settledFor, order }: World): World {
  return { seats, calls, lease, claims, ttls, won, epoch, settledFor, order };
}

/** The store loses everything, as when its database is dropped. */
export function wipe(world: World): void {
  const epoch = world.epoch + 1;
  Object.assign(world, { lease: null, claims: [''], ttls: [0], won: 0, epoch, settledFor: 0, order: null });
}

export function firstWorld(setting: Setting): World {
  const seats = setting.members.map((_, index) => freshSeat(setting, index, 1, 0));
  // Where nothing is lost, it is a store that others use, too.
  const settledFor = setting.kinds.has('wiped') ? 0 : SETTLED;
  return { seats, calls: [], lease: null, claims: [''], ttls: [0], won: 0, epoch: 1, settledFor, order: null };
}

/** A member that has not run yet; a new one is another holder. */
export function freshSeat(setting: Setting, index: number, incarnation: number, now: number): Seat {
  const member = setting.members[index];
  assert.ok(member !== undefined);
  const holder = `${String.fromCharCode(65 + index)}${incarnation}`;
  return {
    config: configOf(member, holder),
    state: initialState,
    now,
    mode: 'awake',
    missed: 0,
    validUntil: null,
    working: false,
    lingersUntil: null,
    rests: false,
    handedOver: null,
    defers: false,
    incarnation,
  };
}

export function seatAt(world: World, index: number): Seat {
  const seat = world.seats[index];
  assert.ok(seat !== undefined);
  return seat;
}

export function callAt(world: World, index: number): Call {
  const call = world.calls[index];
  assert.ok(call !== undefined);
  return call;
}

export function putSeat(world: World, index: number, seat: Seat): void {
  const seats = world.seats.slice();
  seats[index] = seat;
  world.seats = seats;
}

export function putCall(world: World, index: number, call: Call): void {
  const calls = world.calls.slice();
  calls[index] = call;
  world.calls = calls;
}

export function dropCall(world: World, index: number): void {
  const calls = world.calls.slice();
  calls.splice(index, 1);
  world.calls = calls;
}

/** Whether its timer, or the elector's look at the clocks after a sleep, is due. */
export function isDue({ state: { wakeAt, mastership }, now, missed }: Seat): boolean {
  return (wakeAt !== null && wakeAt <= now) || (missed > 0 && mastership !== null);
}

/** An event reaches a member, as the elector would bring it: a sleep that shows is told first. */
export function happen(setting: Setting, world: World, index: number, event: ElectionEvent): void {
  const seat = seatAt(world, index);
  let next = seat;
  if (seat.missed > 0) {
    // Work that was left behind looks at the clocks, too.
    const lingersUntil = seat.lingersUntil === null ? null : seat.lingersUntil - seat.missed;
    const told = { ...seat, missed: 0, lingersUntil };
    next = stepSeat(setting, world, index, told, { type: 'clockJump', ahead: seat.missed });
  }
  putSeat(world, index, stepSeat(setting, world, index, next, deferring(seat, witnessed(setting, world, event))));
}

/** What is seen of the holder, by a member of its machine, when the answer to a look comes. */
function witnessed({ siblings }: Setting, { seats }: World, event: ElectionEvent): ElectionEvent {
  if (!siblings || event.type !== 'observed') return event;
  const { lease } = event.observation;
  if (lease === null || lease.holder === null) return event;
  return { ...event, holderIsGone: seats.every(({ config }) => config.holder !== lease.holder) };
}

function deferring({ defers, config }: Seat, event: ElectionEvent): ElectionEvent {
  return defers && event.type === 'observed' ? { ...event, deference: deferenceOf(config) } : event;
}

function stepSeat(setting: Setting, world: World, index: number, seat: Seat, event: ElectionEvent): Seat {
  const [state, effects] = setting.core(seat.config, seat.state, event, seat.now);
  let next: Seat = { ...seat, state };
  if (isRested(next)) next = { ...next, handedOver: null };
  let calls: Call[] | null = null;
  for (const effect of effects) {
    if ('request' in effect) {
      const looks = effect.type === 'readTip' || effect.type === 'observe' || effect.type === 'releaseDead';
      const yields =
        effect.type === 'release' && ((event.type === 'resign' && event.nothingRuns) || state.parting !== null);
      if (effect.type === 'release' && next.working) {
        throw new Violation(`${seat.config.holder} releases though it works`);
      }
      if (effect.type === 'writeLease' && seat.state.claim === null) next = claims(next, effect.expected);
      if (state.unfit && !looks && !yields && state.stopping === 'no') {
        throw new Violation(`${seat.config.holder} asks ${effect.type} though it resigned`);
      }
      calls ??= world.calls.slice();
      calls.push({
        seat: index,
        holder: seat.config.holder,
        request: effect,
        stage: 'asked',
        waiting: true,
        document: null,
        newer: false,
        answer: null,
      });
    } else {
      if (effect.type === 'drain' && event.type === 'handOver' && state.mastership?.term !== event.term) {
        throw new Violation(`${seat.config.holder} obeys the order of another term`);
      }
      next = heard(world, next, effect);
    }
  }
  if (calls !== null) world.calls = calls;
  return next;
}

/** The rest after a hand-over is over once another member is known to have won. */
function isRested({ handedOver, state }: Seat): boolean {
  return handedOver !== null && state.tip !== null && state.tip.term > handedOver.term;
}

/** @throws Violation when it should rest: in the first half of a rest after a hand-over, and later if the lease is held. */
function claims(seat: Seat, expected: Lease | null): Seat {
  const { rests, handedOver, now, config } = seat;
  if (rests) throw new Violation(`${config.holder} claims though it was told to rest`);
  if (handedOver === null) return seat;
  const rest = timeToLive(config.intervals) * (expected !== null && expected.holder === null ? 1 : 2);
  if (now < handedOver.at + rest) throw new Violation(`${config.holder} claims though it rests after a hand-over`);
  return { ...seat, handedOver: null };
}

function heard(world: World, seat: Seat, news: News): Seat {
  switch (news.type) {
    case 'lease':
      // A term that was won just before the loss is none of this epoch.
      if (seat.validUntil === null && seat.state.epoch === `${world.epoch}`) {
        if (news.term <= world.won) throw new Violation(`term ${news.term} is won after term ${world.won}`);
        world.won = news.term;
      }
      return { ...seat, validUntil: news.validUntil };
    case 'settle':
      if (news.epoch === `${world.epoch}`) world.settledFor = Math.max(world.settledFor, news.wait);
      return seat;
    case 'noLease':
      return { ...seat, validUntil: null };
    case 'elected':
      if (seat.working || seat.lingersUntil !== null) {
        throw new Violation(`${seat.config.holder} is elected beside work of its own that runs`);
      }
      if (seat.rests) throw new Violation(`${seat.config.holder} is elected though it was told to rest`);
      return { ...seat, working: true };
    case 'fence':
      return { ...seat, working: false };
    case 'resume':
      if (seat.state.mastership?.handOver) {
        throw new Violation(`${seat.config.holder} goes on with work that is to end for a hand-over`);
      }
      return { ...seat, working: true };
    case 'handedOver':
      return { ...seat, handedOver: { at: seat.now, term: news.term } };
    case 'deposed':
      // Only who resigned is told while the lease still lasts, and has work that may not have ended.
      return { ...seat, working: false, lingersUntil: seat.validUntil ?? seat.lingersUntil };
    case 'stopped':
      return { ...seat, working: false };
    default:
      return seat;
  }
}

/** @throws Violation */
export function check(world: World): void {
  let holder: Seat | null = null;
  for (const seat of world.seats) {
    const { state, now, missed, mode, validUntil, working, lingersUntil, config } = seat;
    const valid = validUntil !== null && now + missed < validUntil;
    const lingers = lingersUntil !== null && now + missed < lingersUntil;
    if (valid || lingers) {
      if (holder !== null) {
        throw new Violation(`${holder.config.holder} and ${config.holder} hold the lease, or work under it, at once`);
      }
      holder = seat;
    }
    if (!working || mode !== 'awake' || isDue(seat)) continue;
    if (validUntil === null || now >= validUntil - config.grace) {
      throw new Violation(`${config.holder} works without a lease, or past the grace (phase ${state.phase})`);
    }
  }
}
