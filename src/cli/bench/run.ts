/** The bench: what the package does on this machine and this store. Each part is told as soon as it is measured. */
import { randomUUID } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import type { FailoverOptions } from '../../index.js';
import { diagnose } from '../../operations/doctor/diagnose.js';
import { askHandOver } from '../../operations/requests.js';
import { type SampleSpread, spreadOf } from '../../operations/spread.js';
import { defaultIntervals } from '../../options/intervals.js';
import { pause } from '../../time/pause.js';
import { systemClock } from '../../time/systemClock.js';
import { monotonicNow } from '../demo/clock.js';
import type { Session } from '../support/session.js';
import { startBusyThreads } from './busyThreads.js';
import { Bencher, heard, joined } from './crew.js';
import { type Machine, machine } from './machine.js';

export interface BenchOptions {
  readonly members: number;
  readonly rounds: number;
  readonly tasks: number;
}

/** The rows that are measured. All times in ms. */
export interface BenchFigures {
  readonly reads: Spread;
  readonly writes: Spread;
  readonly handOver: Spread;
  readonly failover: Spread;
  /** Lateness of beats while the main thread was blocked and all cores were busy. */
  readonly beats: Spread;
  readonly submittedPerSecond: number;
  readonly donePerSecond: number;
}

export type Spread = Pick<SampleSpread, 'count' | 'p50' | 'p99' | 'max'>;

export interface BenchResult extends BenchFigures {
  readonly machine: Machine;
  /** When it began. */
  readonly at: Date;
}

/** So long the main thread is blocked, in ms. */
const BLOCK_MS = 5000;
/** How long a member rests after a hand-over, in ms. */
const REST_MS = 2 * (defaultIntervals.SLAVE + defaultIntervals.TICKING);

/** So long a master has been one before it is killed, in ms: the others have seen it by then. */
const SETTLED_MS = defaultIntervals.MASTER;

export async function runBench(
  store: FailoverOptions,
  { members: count, rounds, tasks }: BenchOptions,
  opened: Session,
): Promise<BenchResult> {
  const { reader, output } = opened;
  const writer = await opened.writer();
  const begun = { machine: machine(), at: new Date(systemClock.wall()) };
  const name = `bench-${randomUUID()}`;
  const members: Bencher[] = [];
  const join = (): void => void members.push(new Bencher(name, store));
  const masterBegins = (of: readonly Bencher[], after: number): Promise<number> =>
    heard(of, 'the next master', (message) =>
      message.type === 'state' && message.state === 'master' && message.at >= after ? message.at : undefined,
    );
  try {
    output.talk('round trips of reads and writes');
    const who = { id: `bench:${randomUUID()}`, host: hostname(), pid: process.pid };
    const { facts, writes } = await diagnose(reader, writer, systemClock, who);
    output.talk(`${count} members join`);
    for (let index = 0; index < count; index++) join();
    await masterBegins(members, 0);
    await joined(members);
    output.talk(`${tasks} tasks`);
    const rates = await throughput(members, tasks);
    output.talk(`beats, while the main thread is blocked for ${BLOCK_MS / 1000} s and all cores are busy`);
    const beats = await lateness(members);
    const handOvers: number[] = [];
    const failovers: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      // A member that has handed over does not claim for so long. With several of them the bound of a failover is another one.
      if (round > 1) await pause(systemClock, REST_MS);
      output.talk(`hand-over and failover, ${round} of ${rounds}`);
      const from = monotonicNow();
      const next = masterBegins(members, from);
      const asked = await askHandOver(reader, writer, request(name), systemClock);
      if (asked.type === 'refused') throw new Error(`the hand-over was refused: ${asked.why}`);
      handOvers.push((await next) - from);
      await pause(systemClock, SETTLED_MS);
      const master = members.find(({ isMaster }) => isMaster);
      const others = members.filter((member) => member !== master);
      const killed = monotonicNow();
      const following = masterBegins(others, killed);
      master?.kill();
      failovers.push((await following) - killed);
      members.splice(0, members.length, ...others);
      join();
      await joined(members);
    }
    return {
      ...{ ...begun, reads: spreadOf(facts.roundTrips), writes: spreadOf(writes) },
      ...{ handOver: spreadOf(handOvers), failover: spreadOf(failovers), beats, ...rates },
    };
  } finally {
    for (const member of members) member.kill();
  }
}

function request(name: string) {
  return { id: randomUUID(), name, to: undefined, ifTerm: undefined, by: `bench@${hostname()}`, reason: 'measured' };
}

async function throughput(
  members: readonly Bencher[],
  tasks: number,
): Promise<Pick<BenchResult, 'submittedPerSecond' | 'donePerSecond'>> {
  const [first] = members;
  const from = monotonicNow();
  const stored = heard(members, 'the tasks to be stored', (message) =>
    message.type === 'stored' ? message.at : undefined,
  );
  const done = heard(members, 'the tasks to be done', (message, member) =>
    message.type === 'done' && member.isMaster && message.count >= tasks ? message.at : undefined,
  );
  first?.send({ type: 'submit', from: 0, count: tasks });
  const [storedAt, doneAt] = await Promise.all([stored, done]);
  const perSecond = (at: number): number => Math.round(tasks / ((at - from) / 1000));
  return { submittedPerSecond: perSecond(storedAt), donePerSecond: perSecond(doneAt) };
}

async function lateness(members: readonly Bencher[]): Promise<Spread> {
  const master = members.filter(({ isMaster }) => isMaster);
  const busy = await startBusyThreads(availableParallelism());
  try {
    const unblocked = heard(master, 'the main thread', (message) => (message.type === 'unblocked' ? true : undefined));
    for (const member of master) member.send({ type: 'block', ms: BLOCK_MS });
    await unblocked;
    const beats = heard(master, 'its beats', (message) => (message.type === 'beats' ? message : undefined));
    for (const member of master) member.send({ type: 'report' });
    const { sent, p50, p99, max } = await beats;
    return { count: sent, p50, p99, max };
  } finally {
    await busy.end();
  }
}
