/**
 * `npm run mutants`: plants bugs in copies of the source, one at a time, and shows each to the searches, simulations and
 * walks. One that none of them finds is a hole in the tests, and ends this with 1.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { plantedBugs } from './bugs/bugs.ts';
import { chooseDetectors, detectorNames, detectors } from './detectors.ts';
import { baseline, type Judgement, type JudgeOptions, judge } from './judge.ts';
import type { PlantedBug } from './plantedBug.ts';
import { line, writeReport } from './report.ts';
import { WorkTree } from './workTree.ts';

const usage = `npm run mutants -- [options]
--only NAME[,NAME…]   these planted bugs; the beginning of a name will do
--list                what there is, and by what it is to be caught
--detectors A[,B…]    of ${detectorNames.join(', ')}; all of them when none is named
--every               asks every detector, also after one has found the bug
--jobs N              so many at once, default 2
--patience N          so many times the time limits, for a busy machine, default 1
--no-baseline         does not see first whether the detectors pass on the unpatched source
--json FILE           every finding
--report FILE         writes the list into that page`;

const root = join(import.meta.dirname, '..', '..', '..');

class UsageError extends Error {
  override readonly name = 'UsageError';
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string' },
        list: { type: 'boolean', default: false },
        detectors: { type: 'string' },
        every: { type: 'boolean', default: false },
        jobs: { type: 'string', default: '2' },
        patience: { type: 'string', default: '1' },
        'no-baseline': { type: 'boolean', default: false },
        json: { type: 'string' },
        report: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function count(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`--${flag} takes a number from 1 on, not ${text}`);
  return value;
}

function chooseBugs(only: string | undefined): readonly PlantedBug[] {
  if (only === undefined) return plantedBugs;
  const chosen = only.split(',').flatMap((name) => {
    const exact = plantedBugs.filter((bug) => bug.name === name);
    const found = exact.length > 0 ? exact : plantedBugs.filter((bug) => bug.name.startsWith(name));
    if (found.length === 0) throw new UsageError(`there is no planted bug '${name}'; --list shows them`);
    return found;
  });
  return [...new Set(chosen)];
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const bugs = chooseBugs(options.only);
  if (options.list) {
    for (const { name, breaks, file, caughtBy } of bugs) {
      console.log(`${name}\n    ${breaks}\n    ${file}; to be caught by ${caughtBy.join(', ')}`);
    }
    return 0;
  }
  const named = options.detectors?.split(',');
  const chosen = chooseDetectors(named ?? detectors.map(({ name }) => name), root);
  const jobs = count('jobs', options.jobs);
  const how = { detectors: chosen, every: options.every, patience: count('patience', options.patience) * jobs };
  if (!options['no-baseline'] && !(await isSound(bugs, how))) return 1;
  const judgements = await judgeAll(bugs, how, jobs);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(judgements, null, 2)}\n`);
  if (options.report !== undefined) writeReport(options.report, judgements);
  const caught = judgements.filter(({ caughtBy, error }) => caughtBy !== null && error === null).length;
  console.log(`${caught} of ${judgements.length} planted bugs were caught`);
  return caught === judgements.length ? 0 : 1;
}

async function isSound(bugs: readonly PlantedBug[], options: JudgeOptions): Promise<boolean> {
  const tree = WorkTree.copyOf(root);
  try {
    console.log('the detectors are run on the source as it is');
    const faults = await baseline(bugs, tree, options);
    for (const fault of faults) console.error(fault);
    return faults.length === 0;
  } finally {
    tree.remove();
  }
}

/** In the order of the bugs, whichever was ready first. */
async function judgeAll(bugs: readonly PlantedBug[], options: JudgeOptions, jobs: number): Promise<Judgement[]> {
  const judgements = new Map<PlantedBug, Judgement>();
  const waiting = [...bugs];
  const work = async (): Promise<void> => {
    const tree = WorkTree.copyOf(root);
    try {
      for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
        const judgement = await judge(bug, tree, options);
        judgements.set(bug, judgement);
        console.log(line(judgement));
      }
    } finally {
      tree.remove();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, bugs.length) }, work));
  return bugs.flatMap((bug) => judgements.get(bug) ?? []);
}

// By way of `exit`, at which programs are ended and copies removed.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof UsageError) console.error(usage);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
