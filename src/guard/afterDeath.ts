/**
 * What a guard does when the channel from its ward has ended (rule 12): it makes sure that the ward is gone, kills the groups
 * of processes that the ward has left, and releases the leases of its members.
 * The rules: docs/explain/protocol.md#the-rules
 */
import type { Store } from '../store/store.js';
import { isAlive, type ProcessIdentity, type ProcessTable } from '../surroundings/processIdentity.js';
import type { Clock } from '../time/clock.js';
import { pause } from '../time/pause.js';
import type { Duties, ProcessGroup } from './orders.js';

/** Between two looks at a process that is ending, in ms: doubled after each, up to the second of these. */
const LOOK_MIN_MS = 1;
const LOOK_MAX_MS = 100;
/** Before a store that failed is tried again, in ms. */
const RETRY_MS = 100;
/** Leases that are looked at together. */
const BATCH_MAX = 32;

export type LeaseStore = Pick<Store, 'highestTerm' | 'observe' | 'releaseDead' | 'close'>;

export interface AfterDeathParts {
  readonly duties: Duties;
  readonly clock: Pick<Clock, 'now' | 'at'>;
  /** Returns whether the ward is certainly gone. */
  isGone(): boolean;
  kill(group: ProcessGroup): void;
  /** Returns whether a process of the group may be left. */
  lives(group: ProcessGroup): boolean;
  /** Called once, when the ward is gone. */
  openStore(): Promise<LeaseStore>;
}

/** Resolves when nothing is left to do, or when the leases have expired. */
export async function afterDeath(parts: AfterDeathParts): Promise<void> {
  const { duties, clock } = parts;
  // Without a lease nothing has to be done, whether the ward lives or not.
  if (duties.charter === null || duties.isEmpty) return;
  const until = clock.now() + duties.charter.ttl;
  if (!(await becomesTrue(parts.isGone, clock, until))) return;
  const groups = [...duties.groups.values()];
  for (const group of groups) parts.kill(group);
  // Work that goes on in one of them must not run beside that of the next master.
  if (!(await becomesTrue(() => !groups.some(parts.lives), clock, until))) return;
  const store = await parts.openStore();
  await releaseAll(store, [...duties.members], clock, until);
  await store.close();
}

/**
 * Returns whether the ward is certainly gone. The channel is the proof that both were of one machine; one that is moved while
 * it runs, with all its processes, gets another boot id.
 */
export function isGone(ward: ProcessIdentity, me: ProcessIdentity, table: ProcessTable): boolean {
  return ward.boot === me.boot && isAlive(ward, me, table) === false;
}

async function becomesTrue(isTrue: () => boolean, clock: AfterDeathParts['clock'], until: number): Promise<boolean> {
  for (let wait = LOOK_MIN_MS; ; wait = Math.min(LOOK_MAX_MS, 2 * wait)) {
    if (isTrue()) return true;
    if (clock.now() >= until) return false;
    await pause(clock, wait);
  }
}

async function releaseAll(
  store: LeaseStore,
  members: readonly [holder: string, name: string][],
  clock: AfterDeathParts['clock'],
  until: number,
): Promise<void> {
  let left = [...members];
  for (;;) {
    const failed: typeof left = [];
    while (left.length > 0) {
      const batch = left.splice(0, BATCH_MAX);
      const outcomes = await Promise.allSettled(batch.map(([holder, name]) => release(store, holder, name)));
      failed.push(...batch.filter((_, index) => outcomes[index]?.status === 'rejected'));
    }
    if (failed.length === 0 || clock.now() >= until) return;
    left = failed;
    await pause(clock, RETRY_MS);
  }
}

/**
 * Releases the lease of this name if this member holds it. Only one whose record has its claim: on a store without atomic
 * writes the claim of a member that died may land over the lease of the one that won that term, and works.
 */
async function release(store: LeaseStore, holder: string, name: string): Promise<void> {
  const tip = await store.highestTerm(name);
  const [seen] = await store.observe([{ name, tip: tip.term }]);
  const lease = seen?.lease ?? null;
  if (lease === null || lease.holder !== holder || seen?.newer !== false || seen.epoch !== tip.epoch) return;
  if (lease.term !== tip.term || lease.claim !== tip.claim) return;
  await store.releaseDead({ name, term: lease.term, holder, claim: lease.claim });
}
