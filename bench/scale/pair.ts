/** A process of masters and, on a server, one of as many standbys, each behind a proxy that counts its commands. */
import { LastCommit } from '../../src/store/embedded/lastCommit.js';
import { CommandProxy } from '../../test/support/commandProxy.js';
import { Child } from '../support/child.js';
import type { BenchStore, ServerStore } from '../support/stores.js';
import type { Ended, Joined, Measured, ScaleMessage, ScaleOrder, ScaleSettings } from './messages.js';

/** How long a start may take, in ms. */
const PATIENCE_MS = 120_000;
/** After a start, until what it left to do is done. */
const SETTLE_MS = 5000;

export interface Plan {
  readonly clusters: number;
  readonly kind: ScaleSettings['kind'];
  readonly busyThreads: number;
  readonly duration: number;
  readonly standby: boolean;
  /** How many task threads may live at once; no limit if undefined. */
  readonly most?: number;
}

export interface Side {
  readonly joined: Joined;
  readonly measured: Measured;
  readonly ended: Ended;
  /** Commands a second by their names; on the embedded store, transactions that wrote. */
  readonly commands: Readonly<Record<string, number>>;
  readonly sum: number;
}

export interface Pair {
  readonly store: string;
  readonly plan: Plan;
  readonly master: Side;
  readonly standby: Side | null;
}

export async function onServer(store: ServerStore, plan: Plan): Promise<Pair> {
  const proxies = await Promise.all(Array.from({ length: plan.standby ? 2 : 1 }, () => CommandProxy.before(store.uri)));
  const counters = proxies.map((proxy) => countCommands(proxy));
  try {
    const options = proxies.map((proxy) => ({ mongodb: { connectString: proxy.uri(store.uri) } }));
    return await measure(store, plan, options, counters);
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}

export async function onEmbedded(store: BenchStore, path: string, plan: Plan): Promise<Pair> {
  const transactions = (): Record<string, number> => ({ 'write transactions': lastTransaction(path) });
  // One count for both, because they share the file.
  const counters = [transactions, () => ({ 'write transactions': 0 })];
  return measure(store, plan, [store.options, store.options], counters);
}

type Counter = () => Record<string, number>;

async function measure(
  store: BenchStore,
  plan: Plan,
  options: readonly BenchStore['options'][],
  counters: readonly Counter[],
): Promise<Pair> {
  const [master, standby] = options;
  if (master === undefined) throw new Error('a master has options');
  const first = start(plan, master, 'master');
  const members = [{ child: first, joined: await first.next('joined') }];
  try {
    if (plan.standby && standby !== undefined) {
      const second = start({ ...plan, busyThreads: 0 }, standby, 'slave');
      members.push({ child: second, joined: await second.next('joined') });
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const before = counters.map((count) => count());
    const counted = new Promise<Record<string, number>[]>((resolve) => {
      setTimeout(() => resolve(counters.map((count) => count())), plan.duration);
    });
    const order: ScaleOrder = { type: 'measure', duration: plan.duration };
    const measured = await Promise.all(
      members.map(({ child }) => {
        const answer = child.next('measured');
        child.send(order);
        return answer;
      }),
    );
    const after = await counted;
    const seconds = plan.duration / 1000;
    const sides: Side[] = [];
    // The standby first: it takes nothing over.
    for (const [index, { child, joined }] of [...members.entries()].reverse()) {
      const answer = child.next('ended');
      child.send({ type: 'end' });
      const ended = await answer;
      await child.ended;
      const report = measured[index];
      if (report === undefined) throw new Error('a member reported nothing');
      const commands = difference(before[index] ?? {}, after[index] ?? {}, seconds);
      const sum = Object.values(commands).reduce((one, other) => one + other, 0);
      sides.unshift({ joined, measured: report, ended, commands, sum });
    }
    const [masterSide, standbySide] = sides;
    if (masterSide === undefined) throw new Error('the masters reported nothing');
    return { store: store.label, plan, master: masterSide, standby: standbySide ?? null };
  } finally {
    for (const { child } of members) child.kill();
  }
}

function start(
  { clusters, kind, busyThreads, most }: Plan,
  options: BenchStore['options'],
  role: ScaleSettings['role'],
): Child<ScaleMessage> {
  const settings: ScaleSettings = {
    options: most === undefined ? options : { ...options, taskThreads: { most } },
    ...{ clusters, kind, role, busyThreads, patience: PATIENCE_MS },
  };
  return new Child<ScaleMessage>(new URL('member.js', import.meta.url), settings);
}

function countCommands(proxy: CommandProxy): Counter {
  const counts: Record<string, number> = {};
  proxy.rule = (command) => {
    const name = Object.keys(command)[0] ?? '';
    // The driver's own look at the server is no command of ours.
    if (name !== 'hello' && name !== 'isMaster' && name !== 'ismaster') counts[name] = (counts[name] ?? 0) + 1;
    return undefined;
  };
  return () => ({ ...counts });
}

function difference(before: Record<string, number>, after: Record<string, number>, seconds: number) {
  const names = Object.keys(after);
  const rates = names.map((name): [string, number] => [name, ((after[name] ?? 0) - (before[name] ?? 0)) / seconds]);
  return Object.fromEntries(rates.filter(([, rate]) => rate > 0));
}

/** Returns the number of the last transaction that wrote. */
function lastTransaction(path: string): number {
  const commits = new LastCommit(path);
  try {
    return commits.read();
  } finally {
    commits.close();
  }
}
