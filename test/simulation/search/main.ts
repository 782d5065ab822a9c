/**
 * `npm run search -- [flags]`: looks for a way in which the election breaks, in every state that can be reached within the
 * bounds. Exits 1 when there is one, and tells the shortest. docs/explain/search.md says what is searched, and what is not.
 */
import { parseArgs } from 'node:util';
import { step } from '../../../src/election/protocol.ts';
import { byLook, bySum } from '../../../src/store/matches.ts';
import { explore, type Report } from './explore.ts';
import { ci, clocksOf, type Plan } from './presets.ts';
import { type ClockName, character, type FaultName, faultNames, rates, type Setting, scales } from './setting.ts';
import { tell } from './trace.ts';

const usage = `npm run search -- [flags]
--ci                 both stores, 2 and 3 members, within about three minutes; other flags but --liveness are ignored
--members 2|3        default 2
--store atomic|weak  default atomic; weak: a write reads the document, and writes the whole of it later
--faults N           how many faults may happen, of any kinds together (default 1)
--kinds A,B,…        which faults: ${faultNames.join(', ')} (default: all)
--clocks A,B,…       slow or fast, one for each member (default slow,fast,fast)
--scale small|medium ticks of MASTER, SLAVE, TICKING, POLL (default small: 1, 2, 2, 1; medium: 2, 3, 2, 1)
--shorter N          the last member's time to live is N ticks shorter (default 0)
--siblings           all members are of one machine, and see at once that a process is gone
--terms N            go no further than term N (default 0: no bound)
--beats N            go no further than beat N of a mastership (default 0: no bound; beats that change nothing are one state)
--max-states N       end there, not exhaustive (default 20000000; some 600 bytes each)
--liveness N         try liveness from each Nth state (default 1: from all; 0: from none)`;

class FlagError extends Error {}

function flags(): {
  plans: readonly Plan[];
  limits: Pick<Setting, 'terms' | 'beats' | 'maxStates' | 'liveness'>;
} | null {
  const text = { type: 'string' } as const;
  const options = {
    ci: { type: 'boolean' },
    help: { type: 'boolean' },
    members: text,
    store: text,
    faults: text,
    kinds: text,
    clocks: text,
    scale: text,
    shorter: text,
    siblings: { type: 'boolean' },
    terms: text,
    beats: text,
    'max-states': text,
    liveness: text,
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) return null;
  const limits = {
    terms: whole('terms', values.terms, 0),
    beats: whole('beats', values.beats, 0),
    maxStates: whole('max-states', values['max-states'], 20_000_000),
    liveness: whole('liveness', values.liveness, 1),
  };
  if (values.ci) return { plans: ci, limits: { ...limits, terms: 0, beats: 0, maxStates: 20_000_000 } };
  const members = oneOf('members', values.members ?? '2', ['2', '3']) === '2' ? 2 : 3;
  const clocks = values.clocks === undefined ? clocksOf[members] : list('clocks', values.clocks, clockNames);
  if (clocks.length !== members) throw new FlagError(`--clocks names ${clocks.length}, --members is ${members}`);
  const plan: Plan = {
    store: oneOf('store', values.store ?? 'atomic', ['atomic', 'weak']),
    clocks,
    scale: oneOf('scale', values.scale ?? 'small', ['small', 'medium']),
    faults: whole('faults', values.faults, 1),
    kinds: values.kinds === undefined ? faultNames : list('kinds', values.kinds, faultNames),
    shorter: oneOf('shorter', values.shorter ?? '0', ['0', '1']) === '1' ? 1 : 0,
    ...(values.siblings === true ? { siblings: true } : {}),
  };
  return { plans: [plan], limits };
}

const clockNames = Object.keys(rates) as ClockName[];

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new FlagError(`--${flag} is ${value}, and must be one of ${allowed.join(', ')}`);
  return found;
}

function list<T extends string>(flag: string, value: string, allowed: readonly T[]): T[] {
  return value.split(',').map((each) => oneOf(flag, each, allowed));
}

function whole(flag: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(value)) throw new FlagError(`--${flag} is ${value}, and must be a whole number`);
  return Number(value);
}

function settingOf(plan: Plan, limits: Pick<Setting, 'terms' | 'beats' | 'maxStates' | 'liveness'>): Setting {
  const { store, clocks, scale, faults, kinds, shorter, siblings } = plan;
  const members = clocks.map((clock, index) =>
    character(clock, scales[scale], index === clocks.length - 1 ? shorter : 0),
  );
  const world = { weak: store === 'weak', matches: { bySum, byLook }, members, siblings: siblings === true };
  return { core: step, ...world, faults, kinds: new Set<FaultName>(kinds), ...limits };
}

function title({ store, clocks, scale, faults, kinds, shorter, siblings }: Plan): string {
  const which = kinds.length === faultNames.length ? 'of all kinds' : `of ${kinds.join(', ')}`;
  const last = shorter === 0 ? '' : `, the last with a time to live ${shorter} tick shorter`;
  const where = siblings === undefined ? '' : ' of one machine';
  return `${clocks.length} members${where} (clocks ${clocks.join(', ')}${last}), ${store} store, ${scale} intervals, up to ${faults} faults ${which}`;
}

function print({ states, transitions, depth, highestTerm, cut, exhaustive, liveness }: Report, seconds: number): void {
  const count = (value: number): string => value.toLocaleString('en');
  console.log(
    `  ${count(states)} states, ${count(transitions)} transitions, depth ${depth}, terms up to ${highestTerm}, ${seconds.toFixed(1)} s (${count(Math.round(transitions / seconds))} transitions/s)`,
  );
  console.log(
    `  liveness tried from ${count(liveness.tried)} states, two ways each: a member works after ${liveness.longest} ticks at most (bound ${liveness.bound})`,
  );
  if (cut > 0) console.log(`  ${count(cut)} states at the bound of terms or beats were not followed`);
  if (!exhaustive) console.log('  not exhaustive: ended before all states were seen');
}

function main(): void {
  let asked: ReturnType<typeof flags>;
  try {
    asked = flags();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    process.exitCode = 2;
    return;
  }
  if (asked === null) return console.log(usage);
  for (const plan of asked.plans) {
    console.log(title(plan));
    const setting = settingOf(plan, asked.limits);
    const from = performance.now();
    const report = explore(setting);
    print(report, (performance.now() - from) / 1000);
    if (report.violation === null) continue;
    console.error(`VIOLATION: ${report.violation.message}\nThe shortest way to it:`);
    for (const line of tell(setting, report.violation.moves)) console.error(`  ${line}`);
    process.exitCode = 1;
    return;
  }
}

main();
