/**
 * The process of a guard. It waits for the end of its ward as a bare Node.js process, and loads the store only then: why is in
 * docs/decisions/guard-process.md.
 */
import { writeFileSync } from 'node:fs';
import type { StoreOptions } from '../options/options.js';
import type { StoreLimits } from '../store/limits.js';
import { type ProcessIdentity, processTable, thisProcess } from '../surroundings/processIdentity.js';
import { systemClock } from '../time/systemClock.js';
import { afterDeath, isGone, type LeaseStore } from './afterDeath.js';
import { GroupDeadlines } from './groupDeadlines.js';
import { Duties, type GuardOrder, type GuardReply } from './orders.js';
import { ProcessGroups } from './processGroups.js';

/** Ignored to the end: what stops a service sends them to all that is left of it, also when its first process has died. */
const IGNORED = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** The kernel kills no such process when memory is short. */
const NEVER_KILLED = '-1000';

export function startGuardProcess(): void {
  const me = thisProcess();
  for (const signal of IGNORED) process.on(signal, () => {});
  spareFromKiller();
  const duties = new Duties();
  const groups = new ProcessGroups();
  const deadlines = new GroupDeadlines({
    duties,
    clock: systemClock,
    kill: (group) => groups.kill(group),
    lives: (group) => groups.lives(group),
  });
  process.on('message', (order: GuardOrder) => {
    duties.take(order);
    deadlines.changed();
    if (order.type === 'addGroup') say({ knows: order.group.number });
  });
  process.once('disconnect', () => void end(duties, groups, me).finally(() => process.exit()));
  // Started by something that is no ward.
  if (!process.connected) process.exit(1);
}

async function end(duties: Duties, groups: ProcessGroups, me: ProcessIdentity): Promise<void> {
  const { charter } = duties;
  if (charter === null || duties.isEmpty) return;
  const { ward, store, limits, ttl } = charter;
  // Whatever hangs: the leases have expired by then.
  systemClock.at(systemClock.now() + ttl, () => process.exit());
  await afterDeath({
    duties,
    clock: systemClock,
    isGone: () => isGone(ward, me, processTable),
    kill: (group) => groups.kill(group),
    lives: (group) => groups.lives(group),
    openStore: () => openStore(store, limits),
  });
}

/** A ward that is gone hears nothing, and needs nothing. */
function say(reply: GuardReply): void {
  if (process.connected) process.send?.(reply, () => {});
}

async function openStore(options: StoreOptions, limits: StoreLimits): Promise<LeaseStore> {
  const { loadStore } = await import('../store/loadStore.js');
  const { openOnUse } = await import('../store/openOnUse.js');
  return openOnUse(await loadStore(options, limits));
}

/** Has the kernel take the ward first when memory is short. Only a process with the right to can ask for that. */
function spareFromKiller(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', NEVER_KILLED);
  } catch {
    // Nor does every system have it. The guard is the smaller of the two, and that counts as well.
  }
}
