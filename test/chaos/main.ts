/**
 * `npm run chaos -- --server NAME --faults N --seed S`: real processes, a real server, real
 * faults, and an independent checker of what came of it. docs/explain/chaos.md says what each fault is.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { atEnd, cleanUpAtEnd } from '../../bench/support/cleanup.ts';
import { check } from './checker/check.ts';
import { readRecords } from './checker/records.ts';
import { findFaketime } from './faketime.ts';
import { whyNoReuse } from './faults/pidReuse.ts';
import { deathFaults, type FaultKind, guardFaults, memberFaults } from './faults/plan.ts';
import type { Libraries } from './places.ts';
import { markdown, showVerdict, showViolations } from './report.ts';
import { chaos } from './runner.ts';
import { type ChaosServer, serverNames, startChaosServer } from './servers.ts';
import { buildSlowDisk } from './slowDisk.ts';

const usage = `npm run chaos -- [options]
--exec            commands under mongo-failover exec instead; --server embedded, java, etcd or consul
--subsystems N    N of them in each of four processes; --server embedded or java
--server NAME     ${serverNames.join(', ')} (default embedded)
--faults N        how many (default 30)
--seed S          what they are drawn from (default 1)
--only KIND,KIND  draw these kinds only
--report FILE     write the figures as a section in Markdown
--date TEXT       the date that the report gives (default today)
--fencing KIND    thread or process (default process): what ends work that outlasts its lease
--keep            keep the folder with the ledger and the histories; after a failure it is kept anyway
--check FOLDER    only check a folder that was kept`;

class UsageError extends Error {}

function settings() {
  const { values } = parseArgs({
    options: {
      server: { type: 'string', default: 'embedded' },
      faults: { type: 'string', default: '30' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      report: { type: 'string' },
      date: { type: 'string' },
      fencing: { type: 'string', default: 'process' },
      keep: { type: 'boolean', default: false },
      check: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const server = serverNames.find((name) => name === values.server);
  if (server === undefined) throw new UsageError(`unknown server: ${values.server}`);
  if (server === 'uri' && !process.env.MONGODB_URI) {
    throw new UsageError('--server uri takes the connect string of its server from MONGODB_URI');
  }
  const fencing = (['thread', 'process'] as const).find((kind) => kind === values.fencing);
  if (fencing === undefined) throw new UsageError(`unknown fencing: ${values.fencing}`);
  const { faults, seed, only, date = new Date().toISOString().slice(0, 10), ...others } = values;
  return {
    ...others,
    fencing,
    server,
    date,
    only,
    faults: wholeNumber('--faults', faults),
    seed: wholeNumber('--seed', seed),
  };
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${name} takes a whole number, not '${text}'`);
  return Number(text);
}

/** What can be drawn on this server and this machine, and why the rest cannot. */
function drawable(
  server: ChaosServer,
  only: string | undefined,
  { faketime, slowDisk }: Libraries,
): { kinds: FaultKind[]; notes: string[] } {
  const notes = [...server.notes];
  const leaveOut = (missing: string): void => {
    if (process.env.CI === 'true') throw new Error(missing);
    notes.push(missing);
  };
  if (faketime === undefined) leaveOut('libfaketime is not installed (Debian: faketime), so no wall clock jumps');
  if (server.name === 'embedded' && slowDisk === undefined)
    leaveOut('no C compiler for Linux is installed (cc; Debian: build-essential), so no disk is slow');
  // A container may have a /proc that root cannot write either, in CI too.
  const noReuse = whyNoReuse();
  if (noReuse !== undefined) notes.push(noReuse);
  const possible: FaultKind[] = [
    ...memberFaults,
    ...deathFaults.filter((kind) => kind !== 'pid-reused' || noReuse === undefined),
    ...(process.platform === 'linux' ? guardFaults : []),
    ...server.kinds,
    ...(slowDisk === undefined ? [] : (['slow-disk'] as const)),
    ...(faketime === undefined ? [] : (['wall-clock'] as const)),
  ];
  if (only === undefined) return { kinds: possible, notes };
  const wanted = only.split(',');
  const unknown = wanted.filter((name) => !possible.some((kind) => kind === name));
  if (unknown.length > 0)
    throw new UsageError(`not to be drawn here: ${unknown.join(', ')}; there are ${possible.join(', ')}`);
  return { kinds: possible.filter((kind) => wanted.includes(kind)), notes: [...notes, `only ${only}`] };
}

async function drawableOn(server: ChaosServer, only: string | undefined, libraries: Libraries) {
  try {
    return drawable(server, only, libraries);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function main(): Promise<void> {
  const { help, check: folder, server: name, faults, seed, only, report, date, keep, fencing } = settings();
  if (help) return console.log(usage);
  if (folder !== undefined) return void (await judge(folder));
  cleanUpAtEnd();
  const kept = await mkdtemp(join(tmpdir(), 'mongo-failover-chaos-'));
  const forget = atEnd(() => rmSync(kept, { recursive: true, force: true }));
  const slowDisk = name === 'embedded' ? await buildSlowDisk(kept) : undefined;
  const libraries: Libraries = { faketime: findFaketime(), slowDisk };
  const from = performance.now();
  const server = await startChaosServer(name);
  const { kinds, notes } = await drawableOn(server, only, libraries);
  for (const note of notes) console.log(note);
  console.log(`${name}, ${faults} faults, seed ${seed}`);
  try {
    const say = (line: string) => console.log(line);
    const failed = (): void => {
      forget();
      console.error(`kept: ${kept}`);
    };
    await chaos({ folder: kept, server, seed, faults, kinds, libraries, fencing, say, failed });
  } finally {
    await server.stop();
  }
  const seconds = Math.round((performance.now() - from) / 1000);
  const verdict = await judge(kept);
  console.log(`took ${seconds} s`);
  if (report !== undefined) {
    const facts = { server: name, atomic: server.atomic, seed, faults, seconds, date, notes };
    await writeFile(report, markdown(verdict, facts));
  }
  forget();
  if (keep || verdict.failures.length > 0) console.log(`kept: ${kept}`);
  else await rm(kept, { recursive: true, force: true });
}

async function judge(folder: string) {
  const verdict = check(await readRecords(folder));
  console.log(showVerdict(verdict));
  for (const line of showViolations(verdict)) console.log(line);
  console.log(verdict.failures.length === 0 ? 'passed' : `FAILED: ${verdict.failures.length} violations`);
  if (verdict.failures.length > 0) process.exitCode = 1;
  return verdict;
}

// A run of its own: commands on two hosts.
if (process.argv.includes('--exec')) await import('./exec/main.ts');
// And one of many subsystems.
if (process.argv.includes('--subsystems')) await import('./many/main.ts');

await main().catch((error: unknown) => {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  console.error(isUsage ? `${error.message}\n${usage}` : error);
  process.exit(isUsage ? 2 : 1);
});
