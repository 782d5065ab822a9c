/** In which ways a mastership ends here, how often each, and what is promised of it. */
import type { Scenario, ScenarioResult } from './scenario.js';

export const short = { MASTER: 100, SLAVE: 150, TICKING: 100, POLL: 30 };
/** The defaults of the library. */
export const usual = { MASTER: 2000, SLAVE: 2500, TICKING: 2000, POLL: 500 };
/** Of a hand-over: the release, the look that sees it, and the claim's three steps. */
export const HANDOVER_ROUND_TRIPS = 5;
/** The goal allows this much above the bound, and one beat. */
export const TOLERANCE = 1.02;
/** Above POLL, in ms: of a process that gives its lease back, and of one whose death another member sees. */
const EXIT_MARGIN = 150;
const DEATH_MARGIN = 250;

/** `apart`: what starts a member where no other one sees its death; without it, the old way is not shown. */
export function scenarios(quick: boolean, apart: readonly string[] | undefined): Scenario[] {
  const many = { times: quick ? 2 : 8, intervals: usual };
  const few = { times: quick ? 1 : 2, intervals: usual };
  const old: Scenario[] =
    apart === undefined
      ? []
      : [
          { title: 'uncaught exception, the old way', how: 'throw', ...few, apart },
          { title: 'process.exit(), the old way', how: 'exit', ...few, apart },
          { title: 'SIGKILL, the old way', how: 'kill', ...few, apart },
        ];
  const guarded: Scenario[] =
    apart === undefined ? [] : [{ title: 'SIGKILL, alone with a guard', how: 'kill', ...many, apart, guard: true }];
  return [
    { title: 'SIGKILL, short intervals', how: 'kill', times: quick ? 4 : 10, intervals: short },
    { title: 'uncaught exception', how: 'throw', ...many },
    { title: 'process.exit()', how: 'exit', ...many },
    { title: 'SIGKILL', how: 'kill', ...many },
    ...guarded,
    { title: 'SIGSTOP', how: 'freeze', ...few },
    { title: 'SIGKILL of all', how: 'kill-all', ...few },
    ...old,
    { title: 'hand-over by stop()', how: 'stop', times: quick ? 2 : 5, intervals: short },
  ];
}

/** Returns by how much more than POLL the next master may come; undefined for what no other member, and no guard, can see. */
export function atOnce({ how, apart, guard }: Scenario): number | undefined {
  if (guard) return DEATH_MARGIN;
  if (apart !== undefined) return undefined;
  if (how === 'exit' || how === 'throw') return EXIT_MARGIN;
  return how === 'kill' ? DEATH_MARGIN : undefined;
}

/** Returns before when no member may be elected after what no other one can see: the last beat is up to MASTER old. */
export function notBefore({ how, intervals: { MASTER, SLAVE, TICKING } }: Scenario): number {
  return SLAVE + TICKING - (how === 'kill-all' ? 0 : MASTER);
}

/** Design, "Election": from the last acknowledged beat; a hand-over, and a death that is seen, take one POLL. */
export function boundOf({ scenario, roundTrip }: ScenarioResult): number {
  const { SLAVE, TICKING, POLL } = scenario.intervals;
  if (scenario.how === 'stop') return POLL + HANDOVER_ROUND_TRIPS * roundTrip;
  const margin = atOnce(scenario);
  return margin === undefined ? SLAVE + TICKING + POLL + roundTrip : POLL + margin;
}
