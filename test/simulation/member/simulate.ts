/** Runs settings, and makes a failing one as small as it still fails. */
import { drawSetting, type Overrides, replayLine, type Setting, smaller } from './setting.ts';
import { World, type WorldReport } from './world.ts';

export interface Failure {
  readonly setting: Setting;
  readonly message: string;
  readonly stack: string | undefined;
}

/** The totals of many runs; `simulated` in ms. */
export type Totals = { -readonly [key in keyof WorldReport]: number } & { seeds: number };

export function noTotals(): Totals {
  return {
    seeds: 0,
    simulated: 0,
    events: 0,
    masterships: 0,
    crashes: 0,
    takeovers: 0,
    done: 0,
    repeats: 0,
    unloadable: 0,
    continued: 0,
    deposed: 0,
    resigned: 0,
    losses: 0,
    removals: 0,
    relayed: 0,
  };
}

export function add(totals: Totals, more: Partial<Totals>): void {
  for (const name of Object.keys(noTotals()) as (keyof Totals)[]) totals[name] += more[name] ?? 0;
}

/** The failure, or null with what happened in `totals`. */
export async function runSetting(setting: Setting, totals: Totals): Promise<Failure | null> {
  try {
    add(totals, { ...(await new World(setting).run()), seeds: 1 });
    return null;
  } catch (error) {
    return failureOf(setting, error);
  }
}

function failureOf(setting: Setting, error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { setting, message, stack };
}

/** The trace, and what broke. */
export async function traceSetting(setting: Setting): Promise<{ trace: string[]; failure: Failure | null }> {
  const world = new World(setting, true);
  try {
    await world.run();
    return { trace: world.trace, failure: null };
  } catch (error) {
    return { trace: world.trace, failure: failureOf(setting, error) };
  }
}

/** The smallest failing setting that is reached by leaving out one thing after another, with at most `tries` runs. */
export async function shrink(failure: Failure, tries = 150): Promise<Failure> {
  let smallest = failure;
  let left = tries;
  for (let found = true; found; ) {
    found = false;
    for (const setting of smaller(smallest.setting)) {
      if (left-- <= 0) return smallest;
      const still = await runSetting(setting, noTotals());
      if (still === null) continue;
      smallest = still;
      found = true;
      break;
    }
  }
  return smallest;
}

/** For people: what broke, the smallest setting that shows it, and how to run that again. */
export function describe(first: Failure, smallest: Failure): string {
  const { members, store, queue, faults, faultTime } = smallest.setting;
  return [
    `seed ${first.setting.seed}: ${first.message}`,
    `  shrunk: ${smallest.message}`,
    `  ${members} members, ${store} store, ${queue} queue, faults for ${faultTime} ms: ${faults.join(', ') || 'none'}`,
    `  ${replayLine(smallest.setting)}`,
  ].join('\n');
}

/** Runs the seeds one after another, up to the first that fails. */
export async function runSeeds(
  from: number,
  count: number,
  totals: Totals,
  overrides: Overrides = {},
): Promise<Failure | null> {
  for (let seed = from; seed < from + count; seed++) {
    const failure = await runSetting(drawSetting(seed, overrides), totals);
    if (failure !== null) return failure;
  }
  return null;
}
