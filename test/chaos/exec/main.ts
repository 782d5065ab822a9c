/**
 * `npm run chaos -- --exec --server embedded|java|etcd|consul --faults N --seed S`: commands on two hosts, faults of their supervisors,
 * and a judge of what the commands have written. docs/explain/chaos.md says what each fault is.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { randomFrom } from '../../support/random.ts';
import { judge, type Line, readLines, type Verdict } from './judge.ts';
import { Place } from './places.ts';
import { type FaultKind, type System, systems, type Trial } from './systems.ts';

const hosts = ['a', 'b'] as const;
/** How long a command may take to begin, in ms. */
const BEGIN_MS = 30_000;
/** After SIGTERM the grandchildren have the 8 s of --kill-after. */
const AFTER_TERM_MS = 14_000;
const LOOK_MS = 50;
/** How much longer a sync takes on a slow disk, in ms: a lease outlives some of them. */
const SLOW = { least: 100, most: 1500 } as const;

interface Found {
  readonly kind: FaultKind;
  readonly verdict: Verdict;
  /** From the fault to the first line of the next run; null: none began. */
  readonly gap: number | null;
}

async function linesIn(file: string): Promise<Line[]> {
  return readLines(await readFile(file, 'utf8').catch(() => ''));
}

/** Returns the host whose command writes. */
async function masterIn(file: string): Promise<Line> {
  for (const until = performance.now() + BEGIN_MS; performance.now() < until; await sleep(LOOK_MS)) {
    const last = (await linesIn(file)).at(-1);
    if (last !== undefined) return last;
  }
  throw new Error('no command has begun');
}

function send(signal: NodeJS.Signals, pids: readonly (number | undefined)[]): void {
  for (const pid of pids) if (pid !== undefined) process.kill(pid, signal);
}

interface Strength {
  /** How long it lasts, in ms. */
  readonly faultMs: number;
  /** By how much a sync takes longer, in ms. */
  readonly slowness: number;
}

async function inflict(kind: FaultKind, trial: Trial, host: string, { faultMs, slowness }: Strength): Promise<void> {
  const supervisor = trial.supervisor(host);
  if (supervisor === undefined) throw new Error(`the supervisor of ${host} is not there`);
  const stop = async (pids: readonly number[]): Promise<void> => {
    send('SIGSTOP', pids);
    await sleep(faultMs);
    send('SIGCONT', pids);
  };
  switch (kind) {
    case 'kill':
      return send('SIGKILL', [supervisor]);
    case 'kill-guard':
      return send('SIGKILL', [...trial.guards(supervisor), supervisor]);
    case 'term':
      return send('SIGTERM', [supervisor]);
    case 'stop':
      return stop([supervisor]);
    case 'stop-guard':
      return stop([...trial.guards(supervisor), supervisor]);
    case 'block':
      send('SIGIO', [supervisor]);
      return void (await sleep(faultMs));
    case 'cut-block':
      send('SIGIO', [supervisor]);
      await trial.cut(host, faultMs);
      return void (await sleep(faultMs));
    case 'slow-disk':
    case 'slow-disk-kill':
      trial.slowDisk?.(slowness);
      await sleep(faultMs / 2);
      if (kind === 'slow-disk-kill') send('SIGKILL', [supervisor]);
      await sleep(faultMs / 2);
      return trial.slowDisk?.(0);
    case 'cut':
      await trial.cut(host, faultMs);
      return void (await sleep(faultMs));
  }
}

interface Draw extends Pick<Strength, 'slowness'> {
  readonly kind: FaultKind;
  /** From the beginning of the command to the fault, in ms. */
  readonly wait: number;
}

async function tryOnce(system: System, { kind, wait, slowness }: Draw, name: string, folder: string): Promise<Found> {
  const file = join(folder, name);
  const trial = await system.begin(name);
  const places = hosts.map((host) => {
    const { args, env } = trial.command(host, file);
    return new Place(host, args, env);
  });
  try {
    const { host } = await masterIn(file);
    // At any moment between two beats.
    await sleep(wait);
    const at = Number(process.hrtime.bigint()) / 1e6;
    await inflict(kind, trial, host, { faultMs: system.faultMs, slowness });
    await sleep(kind === 'term' ? Math.max(AFTER_TERM_MS, system.afterMs) : system.afterMs);
    const verdict = judge(await linesIn(file));
    const next = verdict.runs.find(({ from }) => from > at);
    return { kind, verdict, gap: next === undefined ? null : next.from - at };
  } finally {
    await Promise.all(places.map((place) => place.end()));
    await trial.end();
  }
}

function told(found: readonly Found[], kinds: readonly FaultKind[]): string[] {
  return kinds.flatMap((kind) => {
    const ofKind = found.filter((one) => one.kind === kind);
    if (ofKind.length === 0) return [];
    const overlaps = ofKind.map(({ verdict }) => verdict.overlap).filter((overlap) => overlap > 0);
    const gaps = ofKind.flatMap(({ gap }) => (gap === null ? [] : [gap])).sort((a, b) => a - b);
    const longest = overlaps.length === 0 ? '' : `, the longest ${Math.round(Math.max(...overlaps))} ms`;
    const median = gaps[Math.floor(gaps.length / 2)];
    const next = median === undefined ? 'no next run' : `next run after ${Math.round(median)} ms (median)`;
    return [`${kind}: ${ofKind.length} faults, ${overlaps.length} with two commands alive${longest}; ${next}`];
  });
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      exec: { type: 'boolean' },
      server: { type: 'string', default: 'embedded' },
      faults: { type: 'string', default: '14' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      report: { type: 'string' },
    },
  });
  const start = systems[values.server];
  if (start === undefined) throw new Error(`--server takes ${Object.keys(systems).join(', ')}, not ${values.server}`);
  const random = randomFrom(Number(values.seed));
  const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-chaos-exec-'));
  const system = await start();
  const kinds = values.only === undefined ? system.kinds : (values.only.split(',') as FaultKind[]);
  const found: Found[] = [];
  console.log(`${system.label}, ${values.faults} faults, seed ${values.seed}`);
  for (let fault = 0; fault < Number(values.faults); fault += 1) {
    const kind = kinds[fault % kinds.length] ?? 'kill';
    const wait = Math.floor(random() * 3000);
    const slowness = Math.floor(SLOW.least + (SLOW.most - SLOW.least) * random());
    const name = `x${values.seed}-${fault}-${process.pid}`;
    const one = await tryOnce(system, { kind, wait, slowness }, name, folder);
    found.push(one);
    const { runs, overlap, fallingTerms } = one.verdict;
    const falls = fallingTerms ? ', TERMS FALL' : '';
    console.log(
      `${fault + 1} ${kind}: ${runs.length} runs, overlap ${Math.round(overlap)} ms, ${one.gap === null ? 'no next run' : `next after ${one.gap.toFixed(0)} ms`}${falls}`,
    );
  }
  await system.close();
  const lines = told(found, kinds);
  for (const line of lines) console.log(line);
  if (values.report !== undefined) await writeFile(values.report, `${system.label}\n${lines.join('\n')}\n`);
  await rm(folder, { recursive: true, force: true });
  const isBad = found.some(({ verdict }) => verdict.overlap > 0 || verdict.fallingTerms);
  console.log(isBad ? 'FAILED: two commands were alive at once' : 'passed');
  process.exitCode = isBad ? 1 : 0;
}

await run().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
