/** Shows one planted bug to the detectors, one after another, until one finds it. */
import { type Detector, type DetectorName, measureIn } from './detectors.ts';
import { type PlantedBug, plant } from './plantedBug.ts';
import type { ProgramEnd } from './program.ts';
import type { WorkTree } from './workTree.ts';

/** How one detector ended: `missed` is a bug that it passed over. */
export interface Finding {
  readonly detector: DetectorName;
  readonly outcome: 'caught' | 'missed';
  /** After how much work, where it says so. */
  readonly after: string | null;
  readonly seconds: number;
}

export interface Judgement {
  readonly bug: PlantedBug;
  readonly findings: readonly Finding[];
  /** The first that found it and is one of those that are to. */
  readonly caughtBy: Finding | null;
  /** The patch or the tools are at fault, and nothing is known of the bug. */
  readonly error: string | null;
  /** With the build. */
  readonly seconds: number;
}

/** A detector that ended in a way that says nothing about the bug. */
class DetectorError extends Error {
  override readonly name = 'DetectorError';
}

export interface JudgeOptions {
  readonly detectors: readonly Detector[];
  /** Asks every detector, also after one has found it. */
  readonly every: boolean;
  readonly patience: number;
}

export async function judge(bug: PlantedBug, tree: WorkTree, options: JudgeOptions): Promise<Judgement> {
  const from = performance.now();
  const findings: Finding[] = [];
  let error: string | null = null;
  try {
    const heal = plant(bug, tree.root);
    try {
      await mustBuild(bug, tree);
      for (const detector of inOrder(bug, options.detectors)) {
        const finding = await ask(detector, bug, tree, options.patience);
        if (finding !== null) findings.push(finding);
        if (finding?.outcome === 'caught' && counts(finding, bug) && !options.every) break;
      }
    } finally {
      heal();
    }
  } catch (caught) {
    error = caught instanceof Error ? caught.message : String(caught);
  }
  const caughtBy = findings.find((finding) => finding.outcome === 'caught' && counts(finding, bug)) ?? null;
  return { bug, findings, caughtBy, error, seconds: (performance.now() - from) / 1000 };
}

/** Whether the unpatched tree builds, and passes all that these bugs will be shown to. What does not, in words. */
export async function baseline(
  bugs: readonly PlantedBug[],
  tree: WorkTree,
  { detectors, patience }: JudgeOptions,
): Promise<string[]> {
  const built = await tree.build();
  if (built.code !== 0) return [`the unpatched source does not build:\n${tail(built)}`];
  const faults: string[] = [];
  for (const { name, command, timeLimit } of detectors) {
    const commands = new Map<string, readonly string[]>();
    for (const { file } of bugs) {
      const args = command(file);
      if (args !== null) commands.set(args.join(' '), args);
    }
    for (const args of commands.values()) {
      const end = await tree.run(args, timeLimit * patience);
      if (end.code !== 0) faults.push(`the detector '${name}' fails on the unpatched source:\n${tail(end)}`);
    }
  }
  return faults;
}

/** Unit tests name one case each; that they fail is no proof that the searches look everywhere. */
function counts({ detector }: Finding, { caughtBy }: PlantedBug): boolean {
  return detector !== 'units' || caughtBy.includes('units');
}

/** Those first that are known to find it; each part cheapest first. */
function inOrder({ caughtBy }: PlantedBug, detectors: readonly Detector[]): Detector[] {
  const known = (detector: Detector): boolean => caughtBy.includes(detector.name);
  return [...detectors.filter(known), ...detectors.filter((detector) => !known(detector))];
}

async function mustBuild(bug: PlantedBug, tree: WorkTree): Promise<void> {
  const built = await tree.build();
  if (built.code !== 0) throw new DetectorError(`planted bug '${bug.name}': it does not compile:\n${tail(built)}`);
}

async function ask(detector: Detector, bug: PlantedBug, tree: WorkTree, patience: number): Promise<Finding | null> {
  const { name, timeLimit } = detector;
  const args = detector.command(bug.file);
  if (args === null) return null;
  const end = await tree.run(args, timeLimit * patience);
  const seconds = end.took / 1000;
  if (end.timedOut && bug.mayHang) return { detector: name, outcome: 'caught', after: 'its time limit', seconds };
  if (end.code === 0) return { detector: name, outcome: 'missed', after: null, seconds };
  if (end.code === 1) return { detector: name, outcome: 'caught', after: measureIn(end.output), seconds };
  const how = end.timedOut ? `ran for ${Math.round(seconds)} s, its time limit` : `ended with code ${end.code}`;
  throw new DetectorError(`planted bug '${bug.name}': the detector '${name}' ${how}:\n${tail(end)}`);
}

function tail({ output }: ProgramEnd): string {
  return output.trimEnd().split('\n').slice(-25).join('\n');
}
