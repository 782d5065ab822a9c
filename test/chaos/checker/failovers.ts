/**
 * How long no member held the lease, after each mastership that ended otherwise than by a release, against the bound of
 * docs/explain/protocol.md: SLAVE + TICKING + POLL and the round trips of a look and a claim, from the last acknowledged beat.
 *
 * Where the beat cannot be seen, it is told from what the lease was last promised to last: 0.95 of SLAVE + TICKING from
 * its sending. The count begins again with what takes the wait away from everybody: a server that is back, all cores that
 * are free again. Each other member that a fault meets in that time, and each term that was claimed by no member that came to
 * hold it, may cost one more wait: it may have died, or been cut off, with its claim half done. How late the machine was
 * in that time, by a timer of the runner, is added once for each call of a claim.
 *
 * A death that a standby notices costs no wait at all: POLL and the same round trips, and the time that the killed process
 * took to end, because no standby is told before that. And what the others cannot have noticed must cost one: SLAVE + TICKING
 * from the beat (deaths.ts says which is which).
 */
import { deathOf, dyingFor, hasWitness, mustWaitFor } from './deaths.ts';
import type { Mastership } from './masterships.ts';
import type { Fault, Records } from './records.ts';

/** What the validity is of SLAVE + TICKING. */
const VALIDITY = 0.95;
/** For round trips, and the steps of timers, in ms. */
const ALLOWANCE = 500;
/** A look, and the three calls of a claim: each waits for the machine as the runner's timer did, more than once. */
const CALLS = 4;
/** The longest that members leave a store alone of which one of the two files is missing, and their attempts at it, in ms. */
const HALF_STORE = 2000 + 300;
/** By which a proxy holds up what a member sends, in ms. */
const DELAY_MAX_MS = 620;

export interface Failover {
  readonly from: Mastership;
  readonly to: Mastership;
  readonly at: number;
  /** From where it counts to the next mastership, in ms. */
  readonly took: number;
  readonly bound: number;
  /** When no member may have followed before that. */
  readonly earliest: number;
  /** The fault that alone ended the mastership before, else `other`; `unseen` of a death that no standby had to notice. */
  readonly cause: string;
  /** Whether nothing else happened in that time. */
  readonly isPlain: boolean;
}

export function failoversOf(masterships: readonly Mastership[], records: Records): Failover[] {
  const { faults, late } = records;
  const { server, intervals } = records.settings;
  const { SLAVE, TICKING, POLL, ERROR } = intervals;
  const lease = SLAVE + TICKING;
  return masterships.flatMap((to, index) => {
    const from = masterships[index - 1];
    // A new epoch of the store begins with other waits: for its files, for who has the old ones open, and of rule 11.
    if (from === undefined || from.released || from.epoch !== to.epoch) return [];
    const beat = from.promise - VALIDITY * lease;
    // The death of a guard costs nothing.
    const costly = faults.filter(({ kind }) => kind !== 'kill-guard');
    const meanwhile = costly.filter((fault) => backAt(fault) > beat && fault.from < to.start);
    const ofAll = meanwhile.filter((fault) => isOfAll(fault, server));
    const death = deathOf(from, faults);
    const stops = meanwhile.filter(({ member, kind }) => member === from.member && kind === 'stop');
    const own = death === undefined ? stops : [...stops, death];
    const landed = meanwhile.filter(({ member }) => member === from.member).map((fault) => landedUntil(fault, from));
    const others = meanwhile.filter(
      ({ member, from: began }) => member !== from.member && member !== 'all' && began > beat,
    );
    const back = Math.max(...ofAll.map((fault) => Math.min(backAt(fault), to.start) + ERROR), 0);
    const began = Math.max(
      beat,
      ...own.map((fault) => fault.from),
      ...landed.map((at) => Math.min(at, to.start)),
      Math.min(back, to.start),
    );
    const more = others.length + Math.max(0, to.term - from.term - 1);
    const isPlain = more === 0 && ofAll.length === 0;
    const isSeen = death !== undefined && ofAll.length === 0 && hasWitness(death, from, to.start, records);
    const waits = more + (isSeen ? 0 : 1);
    const held = mustWaitFor(from, to, records);
    const earliest = held === undefined ? 0 : beat + lease;
    const alone = isSeen || death === undefined ? (death ?? held)?.kind : `${death.kind}, unseen`;
    const cause = (more === 0 ? alone : undefined) ?? 'other';
    const lateness = late.filter(({ at }) => at > began && at < to.start).reduce((sum, { ms }) => sum + ms, 0);
    const dying = isSeen ? dyingFor(death, to.start, records) : 0;
    const bound = Math.round(waits * lease + dying + POLL + ALLOWANCE + CALLS * lateness);
    return [{ from, to, at: to.start, took: to.start - began, bound, earliest, cause, isPlain }];
  });
}

/**
 * Until when beats of a master may have come to the store whose answers never came back: each of them makes the others
 * wait again.
 */
function landedUntil({ kind, to }: Fault, { promise, lost, died }: Mastership): number {
  if (kind === 'drop-answers') return Math.min(to, promise);
  // A clock that jumps ahead takes the validity from a master, and may do so amid a beat.
  if (kind === 'wall-clock') return lost < Math.min(promise, died) ? lost : 0;
  return kind === 'delay' ? Math.min(to, promise) + DELAY_MAX_MS : 0;
}

/** Whether all members have to wait for its end. */
function isOfAll({ kind, member }: Fault, server: string): boolean {
  if (member === 'all') return true;
  // A process that is stopped while it writes to the embedded store keeps the store's lock; one whose disk is slow, for long.
  return server === 'embedded' && (kind === 'stop' || kind === 'slow-disk');
}

/** When all that the members need is there again. */
function backAt({ kind, to }: Fault): number {
  return kind === 'store-removed' ? to + HALF_STORE : to;
}
