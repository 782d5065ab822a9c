/**
 * Which deaths the others must notice at once, and what must wait for the end of the lease, whatever they saw.
 *
 * A process that ends by itself gives its lease back. The lease of one that was killed is released by any member of its
 * machine that has seen it live (rule 12), and here all members are of one machine. One that is only stopped, or cut off,
 * lives; and where all were killed, no member is left that could have seen it.
 */
import type { Mastership } from './masterships.ts';
import type { Fault, Happened, LeaseSight, Records } from './records.ts';

/** By which one process ends. Whether a standby had seen it live is another question. */
const deaths: ReadonlySet<string> = new Set(['kill', 'exit', 'throw', 'kill-with-sibling', 'pid-reused']);
/** In which a master lives on and can tell the store nothing. */
const silences: ReadonlySet<string> = new Set(['stop', 'cut', 'half-open', 'drop-requests']);
/** Which take nothing from a standby that it needs to follow a master. */
const harmless: ReadonlySet<string> = new Set(['block', 'wall-clock', 'kill-guard']);
/** After so long a standby has seen the master that it follows, in ms: by several looks. */
const SEEN = 500;

/** Returns the fault by which the process of this mastership ended while it held its lease. */
export function deathOf(from: Mastership, faults: readonly Fault[]): Fault | undefined {
  return faults.findLast(
    ({ member, kind, from: at }) => member === from.member && deaths.has(kind) && at >= from.start && at < from.lost,
  );
}

/** Returns how long the process took to end, up to a moment, in ms: on a busy machine a killed one takes long. */
export function dyingFor(death: Fault, until: number, { happened }: Records): number {
  const isEnd = ({ what, member, at }: Happened) => what === 'ended' && member === death.member && at >= death.from;
  return Math.min(happened.find(isEnd)?.at ?? death.from, until) - death.from;
}

/** Returns whether a standby had seen the master live, and no fault was on that standby since. */
export function hasWitness(
  death: Fault,
  from: Mastership,
  until: number,
  { sights, happened, faults }: Records,
): boolean {
  const since = death.from - SEEN;
  if (from.start > since) return false;
  const last = new Map<string, LeaseSight>();
  for (const sight of sights) {
    const known = last.get(sight.member);
    if (sight.to !== undefined && sight.seen < death.from && sight.seen > (known?.seen ?? 0))
      last.set(sight.member, sight);
  }
  const isStruck = (member: string): boolean =>
    faults.some((one) => one.member === member && !harmless.has(one.kind) && one.to > since && one.from < until);
  const isOver = (member: string): boolean =>
    happened.some((one) => one.member === member && one.what === 'ended' && one.at < until);
  return [...last.values()].some(
    ({ member, to, seen }) => to === 'slave' && seen < since && !isStruck(member) && !isOver(member),
  );
}

/** Returns the fault because of which no member may follow before the lease is over. */
export function mustWaitFor(from: Mastership, to: Mastership, { faults }: Records): Fault | undefined {
  return faults.find((fault) => {
    if (fault.from >= from.lost || fault.from >= to.start) return false;
    // Dead by this very fault, and by none before it.
    if (fault.kind === 'kill-all') return from.start < fault.from && from.died >= fault.from && from.died <= fault.to;
    return fault.member === from.member && silences.has(fault.kind) && fault.to > to.start && from.died >= to.start;
  });
}
