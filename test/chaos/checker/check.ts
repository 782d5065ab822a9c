/** All that is checked of a run, as figures and as violations, each with the fault that preceded it. */
import { Answers } from './answers.ts';
import { askedForSlots } from './askedFor.ts';
import { wrongCheckpoints } from './checkpoints.ts';
import { beforeTime, WallClocks } from './clocks.ts';
import { Epochs } from './epochs.ts';
import { type Failover, failoversOf } from './failovers.ts';
import { groupBy } from './groupBy.ts';
import { givenUp, illnesses, wrongRequeues } from './letters.ts';
import { atOnce, type Mastership, mastershipsOf } from './masterships.ts';
import { type Finding, fallingTerms, follow, outOfOrder, REPEATED_MAX, repeatedSince } from './order.ts';
import { Pauses } from './pauses.ts';
import type { Fault, Happened, Records } from './records.ts';
import { stuck } from './recovery.ts';
import { type Run, runsOf } from './runs.ts';
import { lostSlots, slotRuns, wrongSlots } from './slots.ts';
import { wrongUpdates } from './updates.ts';
import { tooSoon, wrongWaits } from './waits.ts';

const kinds = [
  'lost',
  'given up',
  'overlapping runs',
  'two masters',
  'falling terms',
  'out of order',
  'too many repeated',
  'failover over its bound',
  'failover before the lease was over',
  'stuck in error',
  'done without a run',
  'stray or torn lines',
  'process died by itself',
  'slot lost',
  'wrong slot',
  'before its time',
  'wrong answer',
  'answer over its time',
  'wrong cancel',
  'wrong checkpoint',
  'taken id was free',
  'wrong payload',
  'too soon',
  'wrong wait',
  'wrong requeue',
  'slot of a pause',
] as const;
type ViolationKind = (typeof kinds)[number];

/** A process that killed itself at the end of its lease says nothing from so much later on, in ms: a busy machine is slow at it. */
const FENCING = 5000;
/** And so much sooner, because its last promise may not have been seen. */
const UNSEEN = 500;

/** What must not be on a server without atomic writes either. */
const onWeak: ReadonlySet<ViolationKind> = new Set([
  ...(['lost', 'two masters', 'process died by itself'] as const),
  ...(['slot lost', 'before its time', 'answer over its time'] as const),
]);

export interface Violation extends Finding {
  readonly kind: ViolationKind;
  readonly fault: Fault | undefined;
}

interface Figures {
  readonly faults: ReadonlyMap<string, number>;
  readonly stored: number;
  /** Of the store: one, and one more for each time that its files were taken away or replaced. */
  readonly epochs: number;
  /** Tasks that went with the files. */
  readonly taken: number;
  readonly runs: number;
  readonly terms: number;
  readonly takeovers: number;
  /** Runs of a task that had ended before; of those, tasks that were submitted again because no answer said whether they are stored. */
  readonly repeated: number;
  readonly repeatedMost: number;
  readonly repeatedMedian: number;
  readonly submittedAgain: number;
  /** Runs in which their process was stopped. */
  readonly caught: number;
  readonly failovers: number;
  readonly plainMedian: number;
  readonly plainMost: number;
  readonly overallMost: number;
  /** Of each cause, how long failovers took, in ms and in order; those of `kill-all` from when the next members were there. */
  readonly byCause: ReadonlyMap<string, readonly number[]>;
  /** Processes that killed themselves because their work did not end with their lease. */
  readonly fenced: number;
  readonly panics: ReadonlyMap<string, number>;
  /** Slots that had a task; tasks that were due later; and what was answered, each with its number. */
  readonly slots: number;
  readonly later: number;
  readonly answers: ReadonlyMap<string, number>;
  /** Starts of tasks with a least time between them, tasks that were postponed, and dead letters, each with its number. */
  readonly paced: number;
  readonly postponed: number;
  readonly letters: number;
  /** Attempts that began with a checkpoint. */
  readonly resumed: number;
}

export interface Verdict {
  readonly figures: Figures;
  /** All kinds, with how many: zero too. */
  readonly counts: ReadonlyMap<ViolationKind, number>;
  readonly violations: readonly Violation[];
  /** Those that this server must not show. */
  readonly failures: readonly Violation[];
}

export function check(records: Records): Verdict {
  const { settings, ledger, stored, said, faults, happened } = records;
  const { runs, stray } = runsOf(ledger, happened);
  const paced = runsOf(records.paced, happened);
  const firstEnd = firstEndsOf([...runs, ...paced.runs]);
  const again = new Set(said.filter(({ what }) => what === 'again').map(({ about }) => about));
  const epochs = new Epochs(faults, settings);
  const ofEpoch = groupBy(runs, ({ start }) => epochs.at(start));
  const answers = new Answers(records, runs, epochs, again);
  // A dead letter that is put back is behind all others.
  const outOfLine = new Set([...again, ...answers.wereToGo, ...illnesses(records.asked).keys()]);
  const followed = [...ofEpoch.values()].map((some) => follow(some, outOfLine));
  const takeovers = followed.flatMap((one) => one.takeovers);
  const masterships = mastershipsOf(records, epochs);
  const failovers = failoversOf(masterships, records);
  const died = happened.filter(({ what, expected }) => what === 'ended' && !expected);
  const fenced = died.filter((one) => fencedItself(one, masterships, lastWordsOf(one, records)));

  const { mayBeGone } = answers;
  const missing = stored.filter(({ id }) => !firstEnd.has(id) && !mayBeGone.has(id));
  const findings: Record<ViolationKind, Finding[]> = {
    lost: missing
      .filter((task) => !epochs.mayHaveTaken(task))
      .map(({ id }) => ({ at: Number.POSITIVE_INFINITY, text: `task ${id} was stored and never ended` })),
    'given up': givenUp(records, runs),
    'overlapping runs': overlapping(runs),
    'two masters': atOnce(masterships).map(([a, b]) => ({
      at: b.start,
      text: `${a.member} (term ${a.term}) and ${b.member} (term ${b.term}) for ${(a.end - b.start).toFixed(1)} ms`,
    })),
    'falling terms': [...ofEpoch.values()].flatMap(fallingTerms),
    'out of order': [...followed.flatMap(({ gaps }) => gaps), ...outOfOrder(stored, firstEnd)],
    'too many repeated': [
      ...takeovers
        .filter(({ repeated }) => repeated > REPEATED_MAX)
        .map(({ at, term, repeated }) => ({ at, text: `term ${term} repeats ${repeated} tasks` })),
      ...repeatedByCopies(epochs, ofEpoch),
    ],
    'failover over its bound': failovers
      .filter(({ took, bound }) => took > bound)
      .map(({ at, took, bound, from, to }) => ({
        at,
        text: `${took.toFixed(0)} ms of ${bound} from ${from.member} (term ${from.term}) to ${to.member} (term ${to.term})`,
      })),
    'failover before the lease was over': failovers
      .filter(({ at, earliest }) => at < earliest)
      .map(({ at, earliest, cause, from, to }) => ({
        at,
        text: `${(earliest - at).toFixed(1)} ms too soon, from ${from.member} (term ${from.term}; ${cause}) to ${to.member} (term ${to.term})`,
      })),
    'stuck in error': stuck(records),
    'done without a run': doneWithoutRun(records, runs),
    'stray or torn lines': strays(records, [...stray, ...paced.stray]),
    'process died by itself': died
      .filter((one) => !fenced.includes(one))
      .map(({ at, member, how }) => ({ at, text: `${member}: ${how}` })),
    ...othersOf(records, { runs, epochs, answers, again, masterships }),
    'too soon': tooSoon(paced.runs, records),
  };
  const violations = kinds.flatMap((kind) =>
    findings[kind].map((finding) => ({ ...finding, kind, fault: faults.findLast(({ from }) => from <= finding.at) })),
  );
  const repeats = takeovers.map(({ repeated }) => repeated);
  return {
    figures: {
      faults: countOf(faults.map(({ kind }) => kind)),
      stored: stored.length,
      epochs: epochs.count,
      taken: missing.filter((task) => epochs.mayHaveTaken(task)).length,
      runs: runs.length,
      terms: new Set(masterships.map(({ epoch, term }) => `${epoch}/${term}`)).size,
      takeovers: takeovers.length,
      repeated: repeatedRuns(runs),
      repeatedMost: Math.max(0, ...repeats),
      repeatedMedian: median(repeats),
      submittedAgain: again.size,
      caught: runs.filter(({ caught }) => caught).length,
      ...timesOf(failovers),
      fenced: fenced.length,
      panics: countOf(said.filter(({ what }) => what === 'panic').map(({ about }) => about)),
      slots: new Set(slotRuns(runs).map(({ id }) => id)).size,
      later: records.asked.filter(({ what }) => what === 'due').length,
      answers: countOf(records.asked.flatMap(({ what, state }) => (state === undefined ? [] : [`${what} ${state}`]))),
      paced: paced.runs.length,
      postponed: runs.filter(({ outcome }) => outcome === 'postpone').length,
      letters: said.filter(({ what }) => what === 'deadletter').length,
      resumed: ledger.filter(({ step, what }) => what === 'saw' && step !== null).length,
    },
    counts: new Map(kinds.map((kind) => [kind, findings[kind].length])),
    violations,
    failures: violations.filter(({ kind }) => settings.atomic || onWeak.has(kind)),
  };
}

interface Judged {
  readonly runs: readonly Run[];
  readonly epochs: Epochs;
  readonly answers: Answers;
  readonly again: ReadonlySet<string>;
  readonly masterships: readonly Mastership[];
}

/** What is found of schedules, tasks that are due later, answers, checkpoints, and of what people ask for. */
function othersOf(records: Records, { runs, epochs, answers, again, masterships }: Judged) {
  const { settings, faults, generations, ledger, asked } = records;
  const clocks = new WallClocks(settings, faults, masterships);
  const pauses = new Pauses({ asked, faults, generations, clocks, epochs });
  const seen = { runs, rules: settings.schedules, generations, clocks, epochs, pauses };
  const askedFor = askedForSlots({ ...seen, asked });
  return {
    'slot lost': [...lostSlots(seen), ...askedFor.lost],
    'wrong slot': [...wrongSlots(seen), ...askedFor.wrong],
    'before its time': beforeTime(runs, asked, generations, clocks),
    'wrong answer': answers.wrong(),
    'answer over its time': answers.hanging(),
    'wrong cancel': answers.wrongCancels(),
    'wrong checkpoint': wrongCheckpoints(ledger, again, epochs),
    'taken id was free': answers.freeTwice(),
    'wrong payload': wrongUpdates({ asked, runs, answers, epochs, again }),
    'wrong wait': wrongWaits(runs, records),
    'wrong requeue': wrongRequeues({ records, runs, answers, epochs, again }),
    'slot of a pause': pauses.broken(slotRuns(runs)),
  };
}

function repeatedByCopies(epochs: Epochs, ofEpoch: ReadonlyMap<number, readonly Run[]>): Finding[] {
  return [...ofEpoch].flatMap(([epoch, runs]) => {
    const copiedAt = epochs.copiedAt(epoch);
    return copiedAt === undefined ? [] : repeatedSince(copiedAt, ofEpoch.get(epoch - 1) ?? [], runs);
  });
}

function firstEndsOf(runs: readonly Run[]): Map<string, number> {
  const ends = new Map<string, number>();
  for (const { id, outcome, last } of runs) {
    if (outcome === 'end') ends.set(id, Math.min(last, ends.get(id) ?? last));
  }
  return ends;
}

/** Runs that start before one that had started earlier is over. */
function overlapping(runs: readonly Run[]): Finding[] {
  let open: Run | undefined;
  return runs.flatMap((run) => {
    const before = open;
    if (open === undefined || run.until > open.until) open = run;
    if (before === undefined || run.start >= before.until || run.caught) return [];
    const shown = ({ id, member, term }: Run) => `task ${id} on ${member} in term ${term}`;
    return [
      { at: run.start, text: `${shown(run)} with ${shown(before)}: ${(before.until - run.start).toFixed(2)} ms` },
    ];
  });
}

/** A member says that a task is done only after it has run it to its end. */
function doneWithoutRun({ said }: Records, runs: readonly Run[]): Finding[] {
  const ended = new Set(runs.filter(({ outcome }) => outcome === 'end').map(({ id, member }) => `${member}/${id}`));
  return said
    .filter(({ what, member, about }) => what === 'done' && !ended.has(`${member}/${about}`))
    .map(({ at, member, about }) => ({ at, text: `${member} says that ${about} is done` }));
}

/** Each process that was killed may have torn one line in the ledger and one in its history. */
function strays({ torn, happened }: Records, stray: readonly { at: number; what: string; id: string }[]): Finding[] {
  const killed = happened.filter(({ what }) => what === 'killed').length;
  const findings = stray.map(({ at, what, id }) => ({
    at,
    text: `a line '${what}' of ${id} that belongs to no start`,
  }));
  if (torn > 2 * killed) findings.push({ at: 0, text: `${torn} torn lines of ${killed} killed processes` });
  return findings;
}

/** `fencing: 'process'`: at the end of the lease, by SIGKILL. That it has ended may be heard long after. */
function fencedItself({ member, at, how }: Happened, masterships: readonly Mastership[], lastWords: number): boolean {
  const isAtEnd = (one: Mastership) =>
    one.member === member && at > one.lost - UNSEEN && lastWords < one.promise + FENCING;
  return how === 'SIGKILL' && masterships.some(isAtEnd);
}

function lastWordsOf({ member }: Happened, { sights, said }: Records): number {
  return Math.max(0, ...[...sights, ...said].filter((line) => line.member === member).map(({ at }) => at));
}

function repeatedRuns(runs: readonly Run[]): number {
  const ended = new Set<string>();
  let repeated = 0;
  for (const { id, outcome } of runs) {
    if (ended.has(id)) repeated += 1;
    if (outcome === 'end') ended.add(id);
  }
  return repeated;
}

function timesOf(failovers: readonly Failover[]) {
  const plain = failovers.filter(({ isPlain }) => isPlain).map(({ took }) => took);
  return {
    failovers: failovers.length,
    plainMedian: median(plain),
    plainMost: Math.max(0, ...plain),
    overallMost: Math.max(0, ...failovers.map(({ took }) => took)),
    byCause: new Map(
      [...groupBy(failovers, ({ cause }) => cause)]
        .map(([cause, some]): [string, number[]] => [cause, some.map(({ took }) => took).sort((a, b) => a - b)])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  };
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names.toSorted()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
