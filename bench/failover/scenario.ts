/** One way for a mastership to end, on one store, again and again: how long until the next master is at work. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, msBetween } from '../support/spread.js';
import type { BenchStore } from '../support/stores.js';
import type { Audit } from './audit.js';
import { Group, type GroupMember } from './group.js';

/** Two standbys: they meet at the claim, as in real life. */
const MEMBERS = 3;
/** How long a group may take to be complete, in ms: processes start slowly on a busy machine. */
const START_LIMIT = 60_000;

export interface Scenario {
  readonly title: string;
  /**
   * `kill`: SIGKILL of the master; `kill-all`: of all. `freeze`: SIGSTOP of the master. `exit`, `throw`: it ends by itself.
   * `stop`: its `close()`, which stops the cluster.
   */
  readonly how: 'kill' | 'kill-all' | 'freeze' | 'exit' | 'throw' | 'stop';
  /** What each member is started by, out of sight of all others; it then gives nothing back as it exits, either. */
  readonly apart?: readonly string[];
  /** Each member has a guard, and is not the first process of its namespace, so the guard outlives it. */
  readonly guard?: true;
  readonly times: number;
  readonly intervals: {
    readonly MASTER: number;
    readonly SLAVE: number;
    readonly TICKING: number;
    readonly POLL: number;
  };
}

/** In ms, from the kill, or from the moment in which the stopped master had no lease any more. */
interface Takeover {
  readonly toElected: number;
  readonly toFirstTask: number;
  /** `stop` only: from the call to the end of the lease. */
  readonly draining: number;
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly store: string;
  readonly takeovers: readonly Takeover[];
  /** Of a beat: the median over the masters of their 99th percentile, in ms. */
  readonly roundTrip: number;
  /** Terms that began without anybody having been killed or stopped. */
  readonly unwanted: number;
  readonly audit: Audit;
  /** What members reported that should not be, with how often. */
  readonly problems: readonly string[];
}

export async function play(store: BenchStore, scenario: Scenario): Promise<ScenarioResult> {
  const name = `failover-${randomBytes(4).toString('hex')}`;
  const folder = join(store.folder, name);
  await mkdir(folder);
  const { intervals, times } = scenario;
  const { apart, guard = false } = scenario;
  const options = { ...store.options, intervals, guard, ...(apart === undefined || guard ? {} : { exitTimeout: 0 }) };
  const group = new Group({ name, options }, folder, MEMBERS, guard ? [...(apart ?? []), ...firstProcess] : apart);
  const takeovers: Takeover[] = [];
  const roundTrips: number[] = [];
  let lastTerm = 0;
  let unwanted = 0;
  for (let time = 0; time < times; time++) {
    group.fill();
    await group.settled(START_LIMIT);
    // Anywhere between two beats and two looks, not always after a start.
    await sleep(Math.random() * (intervals.MASTER + intervals.POLL));
    const master = await group.settled(START_LIMIT);
    roundTrips.push((await group.status(master)).roundTrip);
    unwanted += Math.max(0, master.workingTerm - lastTerm - 1);
    const limit = 10 * (intervals.SLAVE + intervals.TICKING);
    const { takeover, term } = await (scenario.how === 'stop'
      ? stop(group, master, limit)
      : die(group, master, scenario.how, guard, limit));
    takeovers.push(takeover);
    lastTerm = master.workingTerm;
    unwanted += Math.max(0, term - lastTerm - 1);
    lastTerm = term - 1;
  }
  const audit = await group.end(START_LIMIT);
  const problems = [...group.problems].map(([text, count]) => `${store.conceal(text)} (${count} x)`);
  return { scenario, store: store.label, takeovers, roundTrip: median(roundTrips), unwanted, audit, problems };
}

/**
 * The first process of a namespace: it starts a member, and stays if that is killed, as the other processes of a machine do.
 * When the first one ends, the kernel ends the others.
 */
const firstProcess = [
  'sh',
  '-c',
  '"$0" "$@" & exec 2>/dev/null; wait $!; code=$?; if [ $code -gt 128 ]; then sleep 600; fi; exit $code',
];

const deaths = {
  kill: (group: Group, master: GroupMember, guarded: boolean) =>
    guarded ? group.killInside(master) : group.kill(master),
  'kill-all': (group: Group, master: GroupMember) => group.replaceAll(master),
  freeze: (group: Group, master: GroupMember) => group.freeze(master),
  exit: (group: Group, master: GroupMember) => group.endItself(master, 'exit'),
  throw: (group: Group, master: GroupMember) => group.endItself(master, 'throw'),
};

async function die(group: Group, master: GroupMember, how: keyof typeof deaths, guard: boolean, limit: number) {
  const killedAt = deaths[how](group, master, guard);
  // A process that was frozen with the lock of the embedded store keeps all others waiting.
  const successor = await group.successor(limit / 4).catch(() => {
    master.child.kill();
    return group.successor(limit);
  });
  master.child.kill();
  await master.child.ended;
  const first = await group.firstTask(successor);
  const takeover: Takeover = {
    toElected: msBetween(killedAt, successor.electedAt),
    toFirstTask: msBetween(killedAt, first.start),
    draining: 0,
  };
  return { takeover, term: first.term };
}

async function stop(group: Group, master: GroupMember, limit: number) {
  const stopping = group.stop(master);
  const successor = await group.successor(limit);
  const { askedAt, droppedAt } = await stopping;
  await master.child.ended;
  const first = await group.firstTask(successor);
  const takeover: Takeover = {
    toElected: msBetween(droppedAt, successor.electedAt),
    toFirstTask: msBetween(droppedAt, first.start),
    draining: msBetween(askedAt, droppedAt),
  };
  return { takeover, term: first.term };
}
