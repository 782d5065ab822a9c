/**
 * A hand-over, from the request to the mastership that follows. All of it is documents of the store, so it works for any
 * process that reaches the store, and the members need not know of the asker.
 */
import { StoreError } from '../errors.js';
import { type HandOver, isOpen, REBALANCE, type SeenOrders } from '../store/orders.js';
import type { Lease } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import { type Asked, change, type Refused, refused } from './change.js';
import type { Desk, Seen } from './desk.js';
import { successorAmong } from './members.js';

/**
 * A request that no master has seen for so long may be replaced, in ms, by the wall clocks: its asker may have died before
 * it could be taken back.
 */
const UNSEEN_MAX_MS = 60_000;

export interface HandOverAsked {
  /** Unique per request. */
  readonly id: string;
  readonly name: string;
  /** The id of a member, or a beginning that no other has; undefined: any. */
  readonly to: string | undefined;
  /** Only in this term; undefined: in any. */
  readonly ifTerm: number | undefined;
  readonly by: string;
  readonly reason: string | undefined;
}

/** A request that was written, and whom it is to. */
export interface HandOverWritten extends HandOver {
  /** The id of the member that is to give its mastership away. It is not stored. */
  readonly master: string;
}

/** Asks the master of the present term to hand over. Refused at once is what could not end well. */
export function writeHandOver(
  desk: Desk,
  { id, name, to, ifTerm, by, reason }: HandOverAsked,
  clock: Pick<Clock, 'wall'>,
): Promise<Asked<HandOverWritten>> {
  return change<Seen, HandOverWritten>(desk, name, desk.look, async ({ lease, orders }) => {
    if (orders?.pause?.standby) return refused('it is paused to standby, so no member is to be master');
    if (lease === null || lease.holder === null) return refused('it has no master that could hand over');
    const { term, holder: master } = lease;
    if (ifTerm !== undefined && term !== ifTerm) return refused(`its term is ${term}, and not ${ifTerm}`);
    const now = clock.wall();
    const open = openIn(orders?.handOver, lease, now);
    if (open !== null) return refused(`${open.by} has asked for a hand-over already, at ${open.at.toISOString()}`);
    const next = successorAmong(await desk.members(name), { master, to, now });
    if ('why' in next) return next;
    const request: HandOver = {
      ...{ id, term, by, at: new Date(now), state: 'asked' },
      ...(next.id === null ? {} : { to: next.id }),
      ...(reason === undefined ? {} : { reason }),
    };
    return { change: { handOver: request }, request: { ...request, master } };
  });
}

/** Returns the request that another one has to wait for. What a master gives away by itself waits for what is asked for. */
function openIn(handOver: HandOver | undefined, { term, holder }: Lease, now: number): HandOver | null {
  if (handOver?.term !== term || !isOpen(handOver)) return null;
  if (handOver.by === holder && handOver.reason === REBALANCE) return null;
  return handOver.state === 'asked' && now - handOver.at.getTime() > UNSEEN_MAX_MS ? null : handOver;
}

/**
 * `done`: `holder` is master of `term`. `late`: it was not done in time, and is not asked for any more, unless `state` is
 * `done` (the lease is released, and the next member may claim) or `unknown` (the store failed).
 */
export type HandOverOutcome =
  | { readonly type: 'done'; readonly term: number; readonly holder: string }
  | Refused
  | LateHandOver;

export interface LateHandOver {
  readonly type: 'late';
  readonly wasAccepted: boolean;
  readonly state: 'asked' | 'accepted' | 'done' | 'gone' | 'unknown';
  /** How the store failed last; null if it answers. */
  readonly trouble: string | null;
}

const lateTexts: Readonly<Record<LateHandOver['state'], string>> = {
  asked: 'the request was taken back: the master has not seen it, so it hangs, or its version knows no requests',
  accepted: 'the request was taken back: the master had accepted, and its work has not ended',
  done: 'the master has released the lease, and no other member has claimed it yet',
  gone: 'the request is gone',
  unknown: 'the request may still be there, because the store failed',
};

/** Says in words how far a late hand-over is. */
export function lateText({ state, trouble }: LateHandOver): string {
  return trouble === null ? lateTexts[state] : `${lateTexts[state]} (${trouble})`;
}

export interface Following {
  readonly name: string;
  readonly request: Pick<HandOver, 'id' | 'term'>;
  /** The id of the member that was asked. */
  readonly master: string;
  /** In ms; then the request is taken back. */
  readonly timeout: number;
  readonly clock: Pick<Clock, 'now'>;
  /** Resolves when it is time to look again, by `until` at the latest; rejects to end the following, with the request left as it is. */
  nextLook(until: number): Promise<void>;
}

/** Waits until another mastership has begun, or the request was refused. A store that fails is asked again. */
export async function follow(desk: Desk, following: Following): Promise<HandOverOutcome> {
  const { clock, timeout, nextLook } = following;
  for (const until = clock.now() + timeout; ; ) {
    let trouble: string | null = null;
    try {
      const outcome = await outcomeNow(desk, following);
      if (outcome !== null) return outcome;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      trouble = error.message;
    }
    if (clock.now() >= until) return takeBack(desk, following, trouble);
    await nextLook(until);
  }
}

/** Returns null while nothing is decided. */
async function outcomeNow(desk: Desk, following: Following): Promise<HandOverOutcome | null> {
  const { name, request, master } = following;
  const { lease, orders, unreadable } = await desk.look(name);
  if (lease !== null && lease.term > request.term) return nextMastership(desk, name, lease, master);
  if (lease?.holder === null && orders?.pause?.standby) return refused('it was paused to standby');
  const present = orders?.handOver;
  if (present?.id === request.id) return present.state === 'refused' ? refused(answerOf(present)) : null;
  if (unreadable !== undefined) return null;
  return refused(present === undefined ? 'it was taken back' : `another request has taken its place, of ${present.by}`);
}

async function nextMastership(desk: Desk, name: string, lease: Lease, master: string): Promise<HandOverOutcome | null> {
  const { term, holder, claim } = lease;
  // A claim is won with its record, not before.
  if (holder === null || (await desk.lastWonClaim(name)) !== claim) return null;
  if (holder !== master) return { type: 'done', term, holder };
  return refused(`no other member took over, so ${master} is master again, under term ${term}`);
}

function answerOf({ why }: HandOver): string {
  return why ?? 'the master gave no reason';
}

async function takeBack(desk: Desk, following: Following, trouble: string | null): Promise<HandOverOutcome> {
  const { name, request } = following;
  const late = (state: LateHandOver['state']): LateHandOver => {
    return { type: 'late', wasAccepted: state === 'accepted' || state === 'done', state, trouble };
  };
  try {
    const back = await change<SeenOrders, HandOverOutcome>(desk, name, desk.orders, ({ orders }) => {
      const present = orders?.handOver;
      if (present?.id !== request.id) return { change: null, request: late('gone') };
      if (present.state === 'refused') return refused(answerOf(present));
      // The next member is to see whom it was for.
      const isReleased = present.state === 'done';
      return { change: isReleased ? null : { handOver: null }, request: late(present.state) };
    });
    return back.type === 'asked' ? back.request : back;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return late('unknown');
  }
}
