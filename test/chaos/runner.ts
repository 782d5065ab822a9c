/**
 * One run: a server, five members under load, the planned faults one after another (they may overlap), and at the end
 * quiet, until all that was stored is done. It judges nothing: that is the checker's, by the files that this leaves.
 *
 * In the folder: `ledger` (work.ts), `history-MEMBER` (member.ts), `history-runner`, and `events`: which process began,
 * was killed, stopped and ended when, and each fault.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { failover } from 'mongo-failover';
import { randomFrom } from '../support/random.ts';
import { type FaultKind, isDeath, type PlannedFault, plan, setFaults } from './faults/plan.ts';
import { strikes, type Targets } from './faults/strike.ts';
import { intervals, LOAD_EVERY } from './intervals.ts';
import { LineFile } from './lineFile.ts';
import { Asker } from './load/asker.ts';
import { Extras, openOutbox } from './load/extras.ts';
import { Operator } from './load/operator.ts';
import { PACED, PacedLoad, pacedOptions, pacedWork } from './load/paced.ts';
import { Submitter } from './load/submitter.ts';
import { Generations, scheduleRules } from './load/timetable.ts';
import { TrueTime } from './load/trueTime.ts';
import { healthyFile, type Libraries, Place, type Surroundings } from './places.ts';
import { Progress } from './progress.ts';
import type { ChaosServer } from './servers.ts';
import { StoreFolder } from './storeFolder.ts';
import type { Task } from './task.ts';

const MEMBERS = 5;
/** How long the first master may take, and what is left at the end, in ms: much longer than on a machine whose cores are all busy. */
const START_LIMIT = 60_000;
const QUIET_LIMIT = 240_000;
const DRAIN_LIMIT = 240_000;
/** How often the end waits for a last task at most. */
const DRAINS = 5;
/** So many tasks are work that goes on; and how long a fault waits for them, in ms. */
const SOME = 5;
const PATIENCE = 3000;
/** How long a master and a standby have been what they are before a death is one that must be noticed at once, in ms. */
const SETTLED = 600;
/** Between two looks at how late timers are, and from when on it is noted, in ms. */
const PROBE = 20;
const LATE = 10;
/** One task must never be taken for poison because faults met it again and again. */
const retry = { attempts: 10_000, minDelay: 20, exhausted: 'dead-letter' } as const;
/** Clocks that are off by half a day have no outcome deleted. In ms. */
const KEEP_OUTCOMES = 3 * 24 * 3_600_000;
/** How long a task may go on once it is cancelled, in ms. */
const CANCEL_TIMEOUT = 200;
/** How long the last slots may take, in ms: a master whose clock was set back may look a minute later. */
const SLOTS_LIMIT = 75_000;
/** Of so many tasks the outcome is asked for at the end, of so many at once, and so often of the last one until there is one. */
const OUTCOMES = { most: 300, atOnce: 20, tries: 50 };

interface Run {
  readonly folder: string;
  readonly server: ChaosServer;
  readonly seed: number;
  readonly faults: number;
  readonly kinds: readonly FaultKind[];
  readonly libraries: Libraries;
  readonly fencing: 'thread' | 'process';
  say(line: string): void;
  /** Called when it ends with an error, whose files are to be kept. */
  failed(): void;
}

export async function chaos(run: Run): Promise<void> {
  const { folder, server, seed, faults, kinds, say } = run;
  const { name, atomic } = server;
  const time = TrueTime.ofThisMachine();
  const { member: load, extras, waits, slots } = server.load;
  const schedules = scheduleRules(slots);
  const { minInterval } = pacedOptions;
  const settings = { server: name, atomic, seed, faults, intervals, wallOffset: time.offset, schedules, minInterval };
  await writeFile(join(folder, 'run.json'), `${JSON.stringify(settings)}\n`);
  const events = new LineFile(join(folder, 'events'));
  const ledger = join(folder, 'ledger');
  const random = randomFrom(seed);
  const planned = plan(faults, kinds, random);
  const store = new StoreFolder(join(folder, 'store'));
  const options: Surroundings['options'] = (network) =>
    server.uri === undefined
      ? { nodb: { path: store.path } }
      : { mongodb: { connectString: network?.uri ?? server.uri } };
  const { libraries, fencing } = run;
  const kept = { keepOutcomes: KEEP_OUTCOMES, results: true, cancelTimeout: CANCEL_TIMEOUT };
  const managed = { maxQueue: server.load.queue, retry, fencing, ...kept };
  const around: Surroundings = {
    ...{ folder, events, ledger, options, managed, load, libraries },
    told: {
      ...{ extras: extras.member, waits: waits.member, schedules, wallOffset: time.offset, folder },
      isPaced: server.load.paced !== null,
    },
  };
  const places: Place[] = [];
  for (let number = 1; number <= MEMBERS; number += 1) {
    places.push(new Place(number, await server.network(), around));
  }
  const opened = failover({ intervals, ...options(undefined) });
  const outbox = server.uri === undefined ? undefined : await openOutbox(server.uri);
  const stopProbe = probe(events);
  const progress = new Progress(ledger);
  const pacedProgress = new Progress(`${ledger}-${PACED}`);
  const generations = new Generations(folder, events, time, schedules);
  generations.next();
  try {
    for (const place of places) place.start();
    const cluster = new opened.managed<Task>('chaos', 'id', new URL('./work.js', import.meta.url), {
      ...managed,
      durable: true,
    });
    const history = new LineFile(join(folder, 'history-runner'));
    const asker = new Asker(cluster, history);
    const submitter = new Submitter('runner', cluster, history, random, asker, waits.runner);
    const parts = { name: 'runner', cluster, history, asker, time, random: randomFrom(seed + 1) };
    const others = new Extras({ ...parts, outbox: outbox?.collection });
    const operator = new Operator({ ...parts, generations, rules: schedules });
    const slow = new opened.managed<Task>(PACED, 'id', pacedWork, pacedOptions);
    const paced = new PacedLoad(new Submitter(PACED, slow, history, random, asker, []), pacedProgress);
    await until(() => places.some(({ state }) => state === 'master'), START_LIMIT, 'no first master');
    submitter.start(server.load.runner, LOAD_EVERY);
    others.start(extras.runner);
    operator.start();
    if (server.load.paced !== null) paced.start(server.load.paced);
    await strikeAll(planned, { places, server, store, events, progress, generations, say });
    say('quiet, until all is done');
    await writeFile(healthyFile(folder), '');
    await operator.end();
    const lastSlots = generations.end();
    await allQuiet([
      ['runner', Promise.all([submitter.end(), others.end(), paced.end()]).then(() => asker.end())],
      ...places.map((place): [string, Promise<void>] => [place.member, place.quiet()]),
    ]);
    // Not an error: what is missing by then is what the checker reports.
    await drain(others, progress).catch((error: Error) => say(error.message));
    const areOver = () => paced.isOver && lastSlots.every((id) => progress.has(id));
    await until(areOver, SLOTS_LIMIT, 'not all slots').catch((error: Error) => say(error.message));
    await askOutcomes(asker, progress, random);
    await Promise.all(places.map((place) => place.stop()));
  } catch (error) {
    // Before what follows from it: a submitter whose cluster is closed ends this process.
    say(inspect(error));
    run.failed();
    throw error;
  } finally {
    stopProbe();
    progress.close();
    pacedProgress.close();
    await Promise.all(places.map((place) => place.close()));
    await opened.close();
    await outbox?.close();
  }
}

/** Until all that is stored is done, and no dead letter is left. */
async function drain(others: Extras, progress: Progress): Promise<void> {
  await others.requeueLast();
  for (let time = 0; time < DRAINS; time += 1) {
    const id = time === 0 ? 'last' : `last ${time}`;
    await others.last(id);
    await until(() => progress.has(id), DRAIN_LIMIT, 'not all done');
    // One that had begun before may have become a dead letter since.
    if (await others.requeueLast()) return;
  }
}

/** Of some of the tasks that ended, of all that did so more than once, and of all that were to be cancelled. */
async function askOutcomes(asker: Asker, { ids, repeated }: Progress, random: () => number): Promise<void> {
  const share = OUTCOMES.most / ids.length;
  const some = ids.filter((id) => repeated.has(id) || random() < share);
  const left = [...some, ...asker.cancelled];
  // A task has an outcome once it is acknowledged, and they are in order.
  for (let tries = 0; tries < OUTCOMES.tries && (await asker.outcome('last')) === 'none'; tries += 1) await sleep(100);
  const askOn = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) await asker.outcome(id);
  };
  await Promise.all(Array.from({ length: OUTCOMES.atOnce }, askOn));
}

/** A submission that never comes to an end is a defect like any other: it is said whose it is. */
async function allQuiet(submitters: readonly (readonly [string, Promise<void>])[]): Promise<void> {
  const left = new Set<string>();
  const watched = submitters.map(async ([name, ending]) => {
    left.add(name);
    await ending;
    left.delete(name);
  });
  const all = Promise.all(watched);
  let over = false;
  void all.then(() => {
    over = true;
  });
  await Promise.race([all, until(() => over, QUIET_LIMIT, 'submissions did not end')]).catch((error: Error) => {
    throw new Error(`${error.message}, of ${[...left].join(', ')}`, { cause: error });
  });
}

interface Scene extends Targets {
  readonly places: readonly Place[];
  readonly events: LineFile;
  readonly progress: Progress;
  readonly generations: Generations;
  say(line: string): void;
}

async function strikeAll(planned: readonly PlannedFault[], scene: Scene): Promise<void> {
  const striking = new Set<Promise<void>>();
  // One at a time: a part of the server cannot die twice, a set has one primary, and each copy of the store is whole.
  let ofAll = Promise.resolve();
  for (const fault of planned) {
    const done = scene.progress.count;
    await sleep(fault.after);
    if (fault.patient) {
      await until(() => scene.progress.count >= done + SOME, PATIENCE, 'no work').catch(() => {});
    }
    if (isDeath(fault.kind)) await until(() => isSettled(scene.places), PATIENCE, 'no standby').catch(() => {});
    const one = isShared(fault) ? ofAll.then(() => strike(fault, scene)) : strike(fault, scene);
    if (isShared(fault)) ofAll = one;
    striking.add(one);
    one.finally(() => striking.delete(one)).catch(() => {});
    // What fails here must end the run, and not only when all are over.
    await Promise.race([one, sleep(0)]);
  }
  await Promise.all(striking);
}

/** Whether there is a master under no fault, and a standby that must have seen it live. */
function isSettled(places: readonly Place[]): boolean {
  const is = (wanted: string) =>
    places.some(({ state, since, faults }) => state === wanted && faults === 0 && performance.now() - since > SETTLED);
  return is('master') && is('slave');
}

/** Whether it strikes what all members share. */
function isShared({ kind }: PlannedFault): boolean {
  return (
    kind === 'kill-all' ||
    kind.startsWith('server-') ||
    kind.startsWith('store-') ||
    setFaults.some((one) => one === kind)
  );
}

async function strike(fault: PlannedFault, scene: Scene): Promise<void> {
  const { places, server, store, events, generations, say } = scene;
  const { number, kind } = fault;
  const place = target(fault, places);
  const { member, state } = place;
  const isOfAll = kind === 'busy' || isShared(fault);
  const from = process.hrtime.bigint();
  if (!isOfAll) place.faults += 1;
  const harm = await strikes[kind](place, fault, { server, store, places });
  if (!isOfAll) place.faults -= 1;
  const to = process.hrtime.bigint();
  const whom = isOfAll ? 'all' : member;
  events.write({ what: 'fault', at: from, to, number, kind, member: whom, state, ...harm });
  // A master may have settled the slots of hours to come.
  if (harm !== undefined && 'ahead' in harm && (harm.ahead ?? 0) > 0) generations.next();
  const struck = harm?.how ?? (isOfAll ? 'all' : `${member} (${state})`);
  say(
    `${String(number).padStart(4)}  ${kind.padEnd(14)}  ${struck.padEnd(16)}  ${Number((to - from) / 1_000_000n)} ms`,
  );
}

/** The master, or any other one; as long as there are some, one that is under no other fault. */
function target({ kind, master, place }: PlannedFault, all: readonly Place[]): Place {
  const places = kind === 'kill-guard' ? all.filter(({ isGuarded }) => isGuarded) : all;
  const free = places.filter(({ faults }) => faults === 0);
  const among = free.length > 0 ? free : places;
  const chosen = (master && among.find(({ state }) => state === 'master')) || among[Math.floor(place * among.length)];
  if (chosen === undefined) throw new Error('There are no members.');
  return chosen;
}

/** Notes how late the machine is, so the checker can tell it from a failover that took too long. */
function probe(events: LineFile): () => void {
  let due = performance.now() + PROBE;
  const timer = setInterval(() => {
    const late = performance.now() - due;
    due = performance.now() + PROBE;
    if (late > LATE) events.write({ what: 'late', at: process.hrtime.bigint(), ms: late });
  }, PROBE);
  return () => clearInterval(timer);
}

async function until(holds: () => boolean, limit: number, otherwise: string): Promise<void> {
  for (const end = performance.now() + limit; !holds(); await sleep(25)) {
    if (performance.now() > end) throw new Error(`${otherwise} within ${limit} ms`);
  }
}
