/** Measures one system: each run in a lane of its own, several lanes at once, because they mostly wait. */
import { randomBytes } from 'node:crypto';
import { withFolder } from '../support/cleanup.js';
import { type Fault, suffer } from './faults.js';
import { Lane } from './lane.js';
import { latencies } from './latency.js';
import { versionOf } from './library.js';
import type { Outcome } from './outcome.js';
import { type Server, withServerOf } from './servers.js';
import type { System } from './system.js';
import { type SystemName, systems } from './systems.js';

export interface Amount {
  readonly faults: readonly Fault[];
  /** Of each fault. */
  readonly runs: number;
  readonly lanesAtOnce: number;
  readonly latencyLanes: number;
  readonly latencyTasks: number;
}

export interface Measured {
  readonly system: SystemName;
  readonly label: string;
  readonly settings: string;
  readonly versions: readonly string[];
  readonly outcomes: Readonly<Partial<Record<Fault, readonly Outcome[]>>>;
  /** In ms, from a submission to the start; none for a lock, which has no queue. */
  readonly latencies: readonly number[];
  /** Runs without a result, and why. */
  readonly problems: readonly string[];
}

/** Rejects with what the machine lacks. */
export async function measure(name: SystemName, amount: Amount, progress: (text: string) => void): Promise<Measured> {
  const system: System = systems[name];
  needNode(system);
  if (system.server === undefined) return onServer(name, amount, undefined, progress);
  return withServerOf(system.server, (server) => onServer(name, amount, server, progress));
}

function needNode({ node: least }: System): void {
  if (least === undefined) return;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > least[0] || (major === least[0] && minor >= least[1])) return;
  throw new Error(`it needs Node.js ${least.join('.')} or later, and this is ${process.versions.node}`);
}

async function onServer(
  name: SystemName,
  amount: Amount,
  server: Server | undefined,
  progress: (text: string) => void,
): Promise<Measured> {
  const { label, settings, packages, isQueue }: System = systems[name];
  const outcomes: Partial<Record<Fault, Outcome[]>> = {};
  const waits: number[] = [];
  const problems: string[] = [];
  const run = async (what: string, use: (lane: Lane) => Promise<void>): Promise<void> => {
    const lane = `${what}-${randomBytes(3).toString('hex')}`;
    try {
      await withFolder(async (folder) => {
        const opened = await Lane.open(name, server, folder, lane);
        try {
          await use(opened);
        } finally {
          await opened.close();
        }
      });
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      progress(`${label}: ${problems.at(-1)}`);
    }
  };
  if (isQueue && amount.latencyLanes > 0) {
    progress(`${label}: submit to start`);
    const wait = async (lane: Lane): Promise<void> => void waits.push(...(await latencies(lane, amount.latencyTasks)));
    await atOnce(
      amount.latencyLanes,
      Array(amount.latencyLanes).fill(() => run('latency', wait)),
    );
  }
  progress(`${label}: ${amount.runs} of each fault`);
  const suffered = amount.faults.filter((fault) => fault !== 'cut' || server !== undefined);
  const jobs = Array.from({ length: amount.runs }, () =>
    // Long ones first, or they are waited for at the end.
    [...suffered].reverse().map(
      (fault) => () =>
        run(fault, async (lane) => {
          const outcome = await suffer(lane, fault);
          outcomes[fault] = [...(outcomes[fault] ?? []), outcome];
        }),
    ),
  ).flat();
  await atOnce(amount.lanesAtOnce, jobs);
  const versions = [...packages.map((part) => `${part} ${versionOf(part)}`), ...(server ? [server.label] : [])];
  return { system: name, label, settings, versions, outcomes, latencies: waits, problems };
}

/** Does all of these, so many at once. */
async function atOnce(most: number, jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...jobs];
  const doNext = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await next();
  };
  await Promise.all(Array.from({ length: most }, doNext));
}
