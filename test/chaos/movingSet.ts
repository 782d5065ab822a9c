/** What happens to a replica set: the one that is played, and a real one, which only steps down when it is asked to. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import type { ServerErrorName } from '../servers/fronts/serverErrors.ts';
import type { ReplicaSet } from '../servers/replicaSet.ts';
import type { Fault } from './checker/records.ts';
import type { FaultKind, PlannedFault } from './faults/plan.ts';
import type { Network } from './network.ts';

/** Until when all had no primary, by the monotonic clock in ns. */
export type Move = Required<Pick<Fault, 'how'>> & { readonly to: bigint };

export interface MovingSet {
  readonly kinds: readonly FaultKind[];
  stepDown(fault: PlannedFault): Promise<Move>;
  losePrimary?(fault: PlannedFault): Promise<Move>;
  /** `network` is that of a member that reaches the old primary only. */
  stalePrimary?(fault: PlannedFault, network: Network | undefined): Promise<Move>;
}

/** How long an election takes at least and at most, in ms; most of them are short. */
const ELECTION = { least: 1000, most: 12_000 };
/** For how long the calls are kept that a primary never answers, in ms: as long as one may take. */
const KEPT = 100;
/** How long a member that was lost stays away after the election, and how long it recovers, in ms. */
const AWAY = 1000;
const RECOVERS = 300;
const told: readonly (ServerErrorName | 'socket')[] = [
  'InterruptedDueToReplStateChange',
  'PrimarySteppedDown',
  'NotWritablePrimary',
  'socket',
];

export class PlayedSet implements MovingSet {
  readonly kinds = ['step-down', 'primary-lost', 'stale-primary'] as const;

  constructor(private readonly set: ReplicaSet) {}

  async stepDown(fault: PlannedFault): Promise<Move> {
    const what = oneOf(['answers', 'requests'] as const, fault, 4);
    const error = oneOf(told, fault, 5);
    const asConcern = error !== 'socket' && error !== 'NotWritablePrimary' && oneOf([false, true], fault, 6);
    this.set.hold(what);
    await sleep(KEPT);
    this.set.stepDown({ told: error, asConcern });
    return this.elected(`${what} lost`, fault);
  }

  async losePrimary(fault: PlannedFault): Promise<Move> {
    const how = oneOf(['closed', 'silent', 'shut down'] as const, fault, 4);
    this.set.hold(oneOf(['answers', 'requests'], fault, 5));
    await sleep(KEPT);
    const { primary } = this.set;
    if (primary === undefined) throw new Error('There is no primary that could be lost.');
    if (how === 'shut down')
      this.set.shutDown({ told: oneOf(['ShutdownInProgress', 'InterruptedAtShutdown'], fault, 6) });
    if (how === 'shut down') await sleep(KEPT);
    this.set.lose(primary, how === 'silent' ? 'silent' : 'closed');
    const move = await this.elected(how, fault);
    await sleep(AWAY);
    this.set.start(primary);
    await sleep(RECOVERS);
    this.set.catchUp(primary);
    return move;
  }

  async stalePrimary(fault: PlannedFault, network: Network | undefined): Promise<Move> {
    const stale = await this.set.cutOff();
    if (stale === undefined) throw new Error('There is no primary that could be cut off.');
    network?.leaveOnly(stale.index);
    const move = await this.elected('cut off', fault);
    await sleep(fault.lasts);
    network?.restore({ cut: false });
    await this.set.rejoin(stale);
    return move;
  }

  private async elected(how: string, { strength }: PlannedFault): Promise<Move> {
    await sleep(ELECTION.least + (ELECTION.most - ELECTION.least) * strength ** 3);
    await this.set.elect();
    return { how, to: process.hrtime.bigint() };
  }
}

/** For how long it may not become primary again that steps down, and how long the others may need to catch up, in s. */
const STEPPED_DOWN = 5;
const CATCHES_UP = 2;
/** How long the set may take to elect, in ms. */
const ELECTION_MAX_MS = 60_000;

export class RealSet implements MovingSet {
  readonly kinds = ['step-down'] as const;

  constructor(private readonly client: MongoClient) {}

  async stepDown(): Promise<Move> {
    const admin = this.client.db('admin');
    const command = { replSetStepDown: STEPPED_DOWN, secondaryCatchUpPeriodSecs: CATCHES_UP };
    // Some servers end the connection in place of an answer; one that refuses goes on.
    const how = await admin.command(command).then(
      () => 'stepped down',
      (error: Error) => error.name,
    );
    for (const end = performance.now() + ELECTION_MAX_MS; ; await sleep(100)) {
      const { isWritablePrimary } = await admin.command({ hello: 1 }).catch(() => ({ isWritablePrimary: false }));
      if (isWritablePrimary === true) return { how, to: process.hrtime.bigint() };
      if (performance.now() > end) throw new Error(`The set has no primary after ${ELECTION_MAX_MS} ms.`);
    }
  }
}

/** Chooses by the digits of its strength from this one on. The choices for one fault differ by that. */
function oneOf<T>(all: readonly T[], { strength }: PlannedFault, digit: number): T {
  const chosen = all[Math.floor(strength * 10 ** digit) % all.length];
  if (chosen === undefined) throw new RangeError(`a strength of ${strength}`);
  return chosen;
}
