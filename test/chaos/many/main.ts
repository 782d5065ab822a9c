/**
 * `npm run chaos -- --subsystems 200 --server embedded|java --faults N --seed S`: four processes with all subsystems each, faults of
 * them one after another, and a judge of what they have written. docs/explain/chaos.md says what each fault is.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { failover } from 'mongo-failover';
import { atEnd, cleanUpAtEnd } from '../../../bench/support/cleanup.ts';
import { randomFrom } from '../../support/random.ts';
import { LineFile } from '../lineFile.ts';
import { startChaosServer } from '../servers.ts';
import { buildSlowDisk } from '../slowDisk.ts';
import { judge } from './judge.ts';
import { ManyPlace } from './place.ts';
import { readRecords } from './records.ts';
import { intervals, LEASE, LOOK, type Task, THREADS_MOST } from './settings.ts';

const MEMBERS = 4;
/** One subsystem in so many is managed. */
const MANAGED = 10;
/** How long all may take to have a master, and all tasks to be done at the end, on a busy machine, in ms. */
const START_LIMIT = 90_000;
const DRAIN_LIMIT = 300_000;
/** Of tasks that are left, if none is done for so long, in ms. */
const STANDSTILL = 30_000;
const SUBMIT_MS = 500;
/** The round trips of a look, a claim and its record, of some hundred leases at once, in ms. */
const ROUND_TRIPS = 1000;
/** Of a lease that is free: POLL, three more for who goes first, those, and the look of a member at itself. */
const BOUND = LEASE + 4 * intervals.POLL + ROUND_TRIPS + LOOK;
/** How long all must have had a master, in ms: what a member says is older than what it holds. */
const STEADY_MS = 1000;
/** After a fault, once all have a master again: some are handed over to the process that is new. */
const REST_MS = 2000;
/** Masterships move to a process that is new while faults go on. */
const rebalance = { settle: 1000, every: 100, rest: 5000 };
/** How much longer a sync, or a way to the server, takes at least and at most, in ms: a beat has its limit in between. */
const SLOW = { least: 50, most: 400 };

const faults = ['kill', 'kill-two', 'stop', 'slow'] as const;
type Fault = (typeof faults)[number];

class UsageError extends Error {}

function settings() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { subsystems: text, server: text, faults: text, seed: text, keep: { type: 'boolean' } },
  });
  const whole = (name: 'subsystems' | 'faults' | 'seed', fallback: number): number => {
    const given = values[name];
    if (given !== undefined && !/^[1-9]\d{0,8}$/.test(given))
      throw new UsageError(`--${name} takes a whole number from 1 on`);
    return Number(given ?? fallback);
  };
  const server = (['embedded', 'java'] as const).find((name) => name === (values.server ?? 'embedded'));
  if (server === undefined) throw new UsageError(`--subsystems takes --server embedded or java, not ${values.server}`);
  return {
    server,
    subsystems: whole('subsystems', 200),
    faults: whole('faults', 8),
    seed: whole('seed', 1),
    keep: values.keep === true,
  };
}

interface Scene {
  readonly places: readonly ManyPlace[];
  readonly events: LineFile;
  readonly count: number;
  readonly random: () => number;
}

async function strike(fault: Fault, { places, random }: Scene): Promise<string> {
  // One that holds something: else nothing has to be followed.
  const holding = places.filter(({ count }) => count > 0);
  const first = holding[Math.floor(random() * holding.length)];
  const second = holding.find((place) => place !== first) ?? places.find((place) => place !== first);
  if (first === undefined || second === undefined) throw new Error('There are no members.');
  const text = `${first.member} with ${first.count}`;
  switch (fault) {
    case 'kill':
      await first.kill();
      return text;
    case 'kill-two':
      await Promise.all([first.kill(), second.kill()]);
      return `${text}, ${second.member} with ${second.count}`;
    case 'stop': {
      const resume = first.suspend();
      await sleep(LEASE * (1.1 + 0.5 * random()));
      resume();
      return text;
    }
    case 'slow': {
      const ms = SLOW.least + (SLOW.most - SLOW.least) * random();
      // That of one, whose syncs hold the lock of all, or the ways of all to the server.
      await Promise.all((first.network === undefined ? [first] : places).map((place) => place.slow(ms, LEASE)));
      return `${Math.round(ms)} ms`;
    }
  }
}

/** Resolves to whether there was a master of each for a while within the limit. */
async function allHeld({ places, count }: Scene, limit: number): Promise<boolean> {
  const held = (): number => places.reduce((sum, place) => sum + place.count, 0);
  let since = performance.now();
  for (const end = since + limit; performance.now() < end; await sleep(50)) {
    if (held() !== count) since = performance.now();
    else if (performance.now() - since > STEADY_MS) return true;
  }
  return false;
}

async function main(): Promise<void> {
  const asked = settings();
  cleanUpAtEnd();
  const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-chaos-many-'));
  const forget = atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const began = performance.now();
  const slowDisk = asked.server === 'embedded' ? await buildSlowDisk(folder) : undefined;
  const kinds = faults.filter((kind) => kind !== 'slow' || asked.server !== 'embedded' || slowDisk !== undefined);
  if (kinds.length < faults.length) {
    const missing = 'no C compiler for Linux is installed (cc; Debian: build-essential), so no disk is slow';
    if (process.env.CI === 'true') throw new Error(missing);
    console.log(missing);
  }
  const server = await startChaosServer(asked.server);
  const path = join(folder, 'store');
  const managedCount = Math.max(1, Math.floor(asked.subsystems / MANAGED));
  const unmanaged = Array.from({ length: asked.subsystems - managedCount }, (_, n) => `u${n}`);
  const managed = Array.from({ length: managedCount }, (_, n) => `m${n}`);
  const events = new LineFile(join(folder, 'events'));
  const where = (uri: string | undefined) =>
    uri === undefined ? { nodb: { path } } : { mongodb: { connectString: uri } };
  const places: ManyPlace[] = [];
  for (let number = 1; number <= MEMBERS; number += 1) {
    const network = await server.network();
    const options = { intervals, rebalance, taskThreads: { most: THREADS_MOST }, ...where(network?.uri ?? server.uri) };
    places.push(new ManyPlace(number, { folder, events, options, unmanaged, managed, slowDisk, network }));
  }
  const random = randomFrom(asked.seed);
  const scene: Scene = { places, events, count: asked.subsystems, random };
  const submitting = failover({ intervals, ...where(server.uri) });
  const stopProbe = probe(events);
  try {
    for (const place of places) place.start();
    if (!(await allHeld(scene, START_LIMIT))) throw new Error(`not all had a master within ${START_LIMIT} ms`);
    console.log(
      `${asked.server}, ${asked.subsystems} subsystems, seed ${asked.seed}: ${places.map(({ count }) => count).join()} held`,
    );
    events.write({ what: 'ready', at: process.hrtime.bigint() });
    const submitted = submit(submitting, managed, events, random);
    for (let number = 0; number < asked.faults; number += 1) {
      // Each kind once, in an order of its own, before the first comes again.
      const kind = kinds[(number + asked.seed) % kinds.length] ?? 'kill';
      const from = performance.now();
      const what = await strike(kind, scene);
      const isHeld = await allHeld(scene, 3 * BOUND);
      console.log(
        `${kind}: ${what}; ${isHeld ? 'all held' : 'NOT all held'} after ${Math.round(performance.now() - from)} ms`,
      );
      await sleep(REST_MS);
    }
    await submitted.end();
    await submitted.done(join(folder, 'ledger'));
    events.write({ what: 'over', at: process.hrtime.bigint() });
    await Promise.all(places.map((place) => place.stop()));
  } finally {
    stopProbe();
    await Promise.all(places.map((place) => place.close()));
    await submitting.close();
    await server.stop();
  }
  const verdict = judge(await readRecords(folder, { names: [...unmanaged, ...managed], bound: BOUND }));
  const { masterships, takeovers, slowest, done, findings } = verdict;
  console.log(
    `${masterships} masterships, ${takeovers} takeovers, the slowest in ${Math.round(slowest)} ms of ${BOUND}; ${done} tasks done`,
  );
  for (const finding of findings.slice(0, 20)) console.log(finding);
  console.log(findings.length === 0 ? 'passed' : `FAILED: ${findings.length} findings`);
  console.log(`took ${Math.round((performance.now() - began) / 1000)} s`);
  forget();
  if (findings.length > 0) process.exitCode = 1;
  if (findings.length > 0 || asked.keep) console.log(`kept: ${folder}`);
  else await rm(folder, { recursive: true, force: true });
}

/** Each managed subsystem has some tasks, again and again. */
function submit(
  service: ReturnType<typeof failover>,
  names: readonly string[],
  events: LineFile,
  random: () => number,
) {
  const work = new URL('./work.js', import.meta.url);
  const clusters = names.map((name) => new service.managed<Task>(name, 'id', work, { durable: true }));
  for (const cluster of clusters) cluster.on('error', () => {});
  let over = false;
  const stored = new Set<string>();
  const one = async (cluster: (typeof clusters)[number]): Promise<void> => {
    for (let number = 0; !over; number += 1) {
      const task = { id: `${number}`, name: cluster.name, ms: random() < 0.1 ? 50 : 1 };
      // What the store refuses for now is tried again: it is no finding of this run.
      while (
        !(await cluster.submitWork(task).then(
          () => true,
          () => false,
        ))
      )
        await sleep(SUBMIT_MS);
      events.write({ what: 'stored', name: task.name, id: task.id });
      stored.add(`${task.name} ${task.id}`);
      await sleep(SUBMIT_MS);
    }
  };
  const all = Promise.all(clusters.map(one));
  return {
    end: async (): Promise<void> => {
      over = true;
      await all;
    },
    /** What is missing by then is what the judge tells. */
    done: async (ledger: string): Promise<void> => {
      let [before, since] = [-1, performance.now()];
      for (const end = since + DRAIN_LIMIT; performance.now() < end; await sleep(500)) {
        const missing = await missingIn(ledger, stored);
        if (missing !== before) [before, since] = [missing, performance.now()];
        if (missing === 0 || performance.now() - since > STANDSTILL) return;
      }
    },
  };
}

async function missingIn(ledger: string, stored: ReadonlySet<string>): Promise<number> {
  const text = await readFile(ledger, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line.includes('"end"'));
  const ended = new Set(lines.map((line) => JSON.parse(line)).map(({ name, id }) => `${name} ${id}`));
  return [...stored].filter((task) => !ended.has(task)).length;
}

/** Notes how late the machine is. */
function probe(events: LineFile): () => void {
  let due = performance.now() + LOOK;
  const timer = setInterval(() => {
    const ms = performance.now() - due;
    due = performance.now() + LOOK;
    if (ms > LOOK) events.write({ what: 'late', at: process.hrtime.bigint(), ms });
  }, LOOK);
  return () => clearInterval(timer);
}

await main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exit(error instanceof UsageError ? 2 : 1);
});
process.exit();
