/** How each fault is done. Resolves when it is over. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { atEnd } from '../../../bench/support/cleanup.ts';
import { guardsOf } from '../../support/guards.ts';
import type { TcpProxy } from '../../support/tcpProxy.ts';
import type { Move } from '../movingSet.ts';
import type { Place } from '../places.ts';
import type { ChaosServer } from '../servers.ts';
import type { Harm, StoreFolder } from '../storeFolder.ts';
import { dropIndexes } from './dropIndexes.ts';
import { useAgain } from './pidReuse.ts';
import type { FaultKind, PlannedFault } from './plan.ts';

/** What it strikes, beside a place. */
export interface Targets {
  readonly server: ChaosServer;
  readonly store: StoreFolder;
  readonly places: readonly Place[];
}

/** Resolves with what it did to the store, or to the set, if it did. */
type Strike = (
  place: Place,
  fault: PlannedFault,
  targets: Targets,
) => Promise<Harm | Move | { readonly how: string; readonly ahead?: number } | undefined>;

const HOUR = 3600;
/** Busy processes for each core. */
const BUSY = 2;
/** How long the server is away at least and at most, in ms. */
const AWAY = { least: 200, most: 1500 };
/** How long all members may take to begin again at most, and between two looks at that, in ms. */
const BACK = 15_000;
const LOOK = 25;
/** By which each sync takes longer at least and at most, in ms: a beat has its time limit in between. */
const SLOW = { least: 50, most: 400 };

export const strikes: Record<FaultKind, Strike> = {
  kill: (place) => endsBy(place, () => place.kill()),
  exit: (place) => endsBy(place, () => place.end('exit')),
  throw: (place) => endsBy(place, () => place.end('throw')),
  'kill-with-sibling': (place) => endsBy(place, () => place.kill()),
  /** Another process gets the number of the killed one. */
  async 'pid-reused'(place, { lasts }) {
    const pid = place.child?.pid ?? 0;
    await endsBy(place, () => place.kill());
    return { how: await useAgain(pid, lasts) };
  },
  /** Its ward starts another one. */
  async 'kill-guard'({ child, member }) {
    const [guard] = guardsOf(child?.pid);
    if (child === undefined || guard === undefined) return { how: `${member}: no guard` };
    killIfThere(guard);
    const isReplaced = (): boolean => guardsOf(child.pid).some((pid) => pid !== guard);
    for (const end = performance.now() + BACK; child.alive && !isReplaced(); await sleep(LOOK)) {
      if (performance.now() > end) throw new Error(`${member} has no new guard within ${BACK} ms`);
    }
    return { how: `guard of ${member}` };
  },
  /**
   * With their guards, and the master last, so nothing is left that could see its death. Ends when all that follow look at the
   * lease.
   */
  async 'kill-all'(_, __, { places }) {
    for (const guard of places.flatMap(({ child }) => guardsOf(child?.pid))) killIfThere(guard);
    const inTurn = places.toSorted((a, b) => Number(a.state === 'master') - Number(b.state === 'master'));
    const ended = inTurn.map(({ child }) => child?.ended);
    for (const place of inTurn) place.kill();
    await Promise.all(ended);
    for (const end = performance.now() + BACK; places.some(isNew); await sleep(LOOK))
      if (performance.now() > end) break;
    return undefined;
  },
  async stop(place, { lasts }) {
    const resume = place.suspend();
    await sleep(lasts);
    resume();
  },
  async block(place, { lasts }) {
    place.order({ type: 'block', ms: lasts });
    await sleep(lasts);
  },
  async busy(_, { lasts }) {
    await Promise.all(Array.from({ length: availableParallelism() * BUSY }, () => spin(lasts)));
  },
  async 'pool-busy'(place, { lasts }) {
    place.order({ type: 'fillPool', ms: lasts });
    await sleep(lasts);
  },
  /** The next process here finds a work module that does not load, until it is mended. */
  async 'broken-deploy'(place, { lasts }) {
    place.deploy('broken');
    const ended = place.child?.ended;
    place.kill();
    await ended;
    await sleep(lasts);
    place.deploy('good');
  },
  cut: onNetwork((proxy) => {
    proxy.mode = 'cut';
  }),
  // From a nuisance up to more than a beat may take.
  delay: onNetwork((proxy, { strength }) => {
    proxy.delay = 20 + 600 * strength;
  }),
  'half-open': onNetwork((proxy) => {
    proxy.mode = 'swallow';
  }),
  'drop-requests': onNetwork((proxy) => {
    proxy.request = drop;
  }),
  'drop-answers': onNetwork((proxy) => {
    proxy.response = drop;
  }),
  async 'server-engine'(_, { strength }, { server }) {
    await server.engine?.crash();
    await sleep(AWAY.least + (AWAY.most - AWAY.least) * strength);
    await server.engine?.resume();
  },
  async 'server-gateway'(_, { strength }, { server }) {
    await server.gateway?.crash();
    await sleep(AWAY.least + (AWAY.most - AWAY.least) * strength);
    await server.gateway?.resume();
  },
  async 'step-down'(_, fault, { server }) {
    return server.set?.stepDown(fault);
  },
  async 'primary-lost'(_, fault, { server }) {
    return server.set?.losePrimary?.(fault);
  },
  /** With one member that reaches no other. */
  async 'stale-primary'(place, fault, { server }) {
    place.faults += 1;
    const move = await server.set?.stalePrimary?.(fault, place.network);
    place.faults -= 1;
    return move;
  },
  async 'store-removed'(_, { strength }, { store }) {
    return store.remove(strength);
  },
  'store-replaced': (_, { lasts, strength }, { store }) => store.replace(strength, lasts / 4),
  async 'indexes-dropped'(_, { strength }, { server }) {
    if (server.uri !== undefined) await dropIndexes(server.uri, strength);
    return undefined;
  },
  async 'slow-disk'(place, { lasts, strength }) {
    place.slowDisk(SLOW.least + (SLOW.most - SLOW.least) * strength);
    await sleep(lasts);
    place.slowDisk(0);
  },
  /** By 1 to 12 hours, in one direction, and back in the other one. */
  async 'wall-clock'(place, { lasts, strength }) {
    const hours = 24 * (strength - 0.5);
    const seconds = Math.round(HOUR * (hours + Math.sign(hours)));
    place.showWall(seconds);
    await sleep(lasts);
    place.showWall(0);
    return { how: `${place.member}: ${(seconds / HOUR).toFixed(1)} h`, ahead: 1000 * seconds };
  },
};

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by now.
  }
}

/** Whether it has not looked at the lease yet. */
function isNew({ state }: Place): boolean {
  return state === 'started' || state === 'init';
}

async function endsBy(place: Place, end: () => void): Promise<undefined> {
  const ended = place.child?.ended;
  end();
  await ended;
}

function drop(): Buffer {
  return Buffer.alloc(0);
}

function onNetwork(begin: (proxy: TcpProxy, fault: PlannedFault) => void): Strike {
  return async ({ network }, fault) => {
    network?.each((proxy) => begin(proxy, fault));
    await sleep(fault.lasts);
    network?.restore({ cut: fault.kind !== 'delay' });
    return undefined;
  };
}

/** A process that computes for so long. */
async function spin(ms: number): Promise<void> {
  const program = `for (const until = performance.now() + ${ms}; performance.now() < until; );`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  const forget = atEnd(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  forget();
}
