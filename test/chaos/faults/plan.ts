/** What is done when, drawn from the seed before the run begins: the same seed gives the same plan. */
import { LEASE } from '../intervals.ts';

export const memberFaults = ['kill', 'stop', 'block', 'busy', 'pool-busy', 'broken-deploy'] as const;
/**
 * By which a process ends, or all of them: each strikes the master if it can, once a standby has seen that live. The first
 * four are noticed at once.
 */
export const deathFaults = ['exit', 'throw', 'kill-with-sibling', 'pid-reused', 'kill-all'] as const;
/** Of the process beside one that releases its leases once it has died: another one takes its place, and nothing is lost. */
export const guardFaults = ['kill-guard'] as const;
/** Of a store behind a network: the way to it, and its indexes. */
export const networkFaults = ['cut', 'delay', 'half-open', 'drop-requests', 'drop-answers', 'indexes-dropped'] as const;
export const serverFaults = ['server-engine', 'server-gateway'] as const;
/** Of a replica set. */
export const setFaults = ['step-down', 'primary-lost', 'stale-primary'] as const;
/** Of the files of the embedded store, which all members share. */
export const storeFaults = ['store-removed', 'store-replaced'] as const;
export type FaultKind =
  | (typeof memberFaults)[number]
  | (typeof deathFaults)[number]
  | (typeof guardFaults)[number]
  | (typeof networkFaults)[number]
  | (typeof serverFaults)[number]
  | (typeof storeFaults)[number]
  | (typeof setFaults)[number]
  | 'slow-disk'
  | 'wall-clock';

export interface PlannedFault {
  readonly number: number;
  readonly kind: FaultKind;
  /** After the beginning of the one before, in ms. */
  readonly after: number;
  readonly lasts: number;
  /** Whether it waits, for a while, until tasks have been done since the one before. */
  readonly patient: boolean;
  /** Whether it strikes the member that is master by then, if no other fault is on that; else the place that follows. */
  readonly master: boolean;
  /** Which place, of those that are free. */
  readonly place: number;
  /** How strong it is, from 0 to below 1: each kind takes it as it needs. */
  readonly strength: number;
}

/** Between the beginnings of two faults, in ms. */
const GAP = { least: 900, most: 2300 };
/** How often a fault waits for work to go on: without, a slow machine would do none; always, and nothing strikes a takeover. */
const PATIENT = 0.7;
/** How often a fault strikes the master. */
const AT_MASTER = 0.5;

export function isDeath(kind: FaultKind): boolean {
  return deathFaults.some((one) => one === kind);
}

export function plan(count: number, kinds: readonly FaultKind[], random: () => number): PlannedFault[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = kinds[Math.floor(random() * kinds.length)] ?? 'kill';
    return {
      number: index + 1,
      kind,
      after: GAP.least + (GAP.most - GAP.least) * random(),
      // Longer than the lease, so another member has to take over.
      lasts: LEASE * (1.1 + 0.9 * random()),
      patient: random() < PATIENT,
      master: random() < AT_MASTER || isDeath(kind),
      place: random(),
      strength: random(),
    };
  });
}
