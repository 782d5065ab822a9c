/**
 * The slots of the schedules. Of each schedule whose slots may not overlap but queue, each slot from the first that had a task up to the end of
 * the schedule has one: no member is away for so long that one is missed. Only a clock that was set ahead leaves some out, as the policy says.
 */
import type { Ahead, WallClocks } from './clocks.ts';
import type { Epochs } from './epochs.ts';
import { groupBy } from './groupBy.ts';
import { END, type Finding } from './order.ts';
import type { Pauses } from './pauses.ts';
import type { Generation, ScheduleRule } from './records.ts';
import type { Run } from './runs.ts';

/** Later than this a slot was missed, in ms. */
const LATE = 120_000;
/** A schedule that was there for so long, and two slots, must have had one, in ms. */
const LONG = 18_000;
/** Between the clock that a master read and the fault that had set it, in ms. */
const SLOP = 100;

interface Seen {
  readonly runs: readonly Run[];
  readonly rules: readonly ScheduleRule[];
  readonly generations: readonly Generation[];
  readonly clocks: WallClocks;
  readonly epochs: Epochs;
  readonly pauses: Pauses;
}

interface Schedule {
  readonly name: string;
  readonly rule: ScheduleRule;
  readonly generation: Generation;
}

type SlotRun = Run & { readonly slot: number };

/** Returns the slots that have no task, and must have one. */
export function lostSlots(seen: Seen): Finding[] {
  const ended = groupBy(slotRuns(seen.runs, 'end'), ({ schedule }) => schedule);
  return schedulesOf(seen).flatMap((schedule) => {
    const runs = ended.get(schedule.name) ?? [];
    // Of those that may not overlap the first one has a task, at least.
    return schedule.rule.overlap === 'skip' ? noneOf(schedule, runs, seen) : lostOf(schedule, runs, seen);
  });
}

/** Returns tasks of no slot, and slots that begin after a later one of their schedule. */
export function wrongSlots(seen: Seen): Finding[] {
  const known = new Map(schedulesOf(seen).map((schedule) => [schedule.name, schedule]));
  const findings: Finding[] = [];
  const latest = new Map<string, number>();
  const met = new Set<string>();
  for (const { id, schedule, slot, start, caught } of slotRuns(seen.runs)) {
    const epoch = seen.epochs.at(start);
    const rule = known.get(schedule ?? '')?.rule;
    const isSlot = rule !== undefined && slot % rule.every === 0 && id === taskId(schedule, slot);
    if (!isSlot) findings.push({ at: start, text: `task ${id} is of no slot: ${schedule} has none at ${slot}` });
    // Only a task that begins for the first time says where its place in the queue is.
    if (caught || met.has(`${epoch}/${id}`)) continue;
    met.add(`${epoch}/${id}`);
    const before = latest.get(`${epoch}/${schedule}`) ?? 0;
    if (slot < before) findings.push({ at: start, text: `task ${id} comes after that of a later slot` });
    latest.set(`${epoch}/${schedule}`, Math.max(before, slot));
  }
  return findings;
}

export function slotRuns(runs: readonly Run[], outcome?: Run['outcome']): SlotRun[] {
  return runs.filter(
    (run): run is SlotRun => run.slot !== undefined && !run.isAskedFor && (!outcome || run.outcome === outcome),
  );
}

function schedulesOf({ rules, generations }: Seen): Schedule[] {
  return generations.flatMap((generation) =>
    rules.map((rule) => ({ name: `${rule.id}.${generation.number}`, rule, generation })),
  );
}

function taskId(schedule: string | undefined, slot: number): string {
  return `${schedule}@${new Date(slot).toISOString().replace('.000Z', 'Z')}`;
}

function lostOf(schedule: Schedule, runs: readonly SlotRun[], seen: Seen): Finding[] {
  const { epochs } = seen;
  // A store that is empty begins its schedules at that moment: what lies between was never a slot of it.
  const sections = groupBy(runs, ({ start }) => epochs.emptiedBefore(start));
  const findings = [...sections.values()].flatMap((some) => gapsOf(schedule, some, seen));
  const { generation, rule, name } = schedule;
  const { until } = generation;
  if (until === null) return findings;
  const tail = sections.get(epochs.emptiedBefore(END)) ?? [];
  if (tail.length === 0) return [...findings, ...noneOf(schedule, tail, seen)];
  const last = Math.max(...tail.map(({ slot }) => slot));
  const wanted = rule.every * Math.floor(until / rule.every);
  if (last < wanted && !seen.pauses.excuse(name, rule, last + rule.every, wanted))
    findings.push({ at: END, text: `the slots of ${name} end at ${shown(last)}, and not at ${shown(wanted)}` });
  return findings;
}

/** Finds a schedule that was there for long, and had no task. */
function noneOf({ name, rule, generation }: Schedule, runs: readonly SlotRun[], seen: Seen): Finding[] {
  const { clocks, epochs, pauses } = seen;
  const { until, from } = generation;
  if (until === null || runs.length > 0 || until - from < LONG + 2 * rule.every) return [];
  const isAhead = clocks.aheadBefore(END).some((one) => clocks.at(one.from) < until && clocks.at(one.to) > from);
  const wasEmptied = epochs.emptiedBefore(END) > epochs.emptiedBefore(clocks.momentOf(from));
  const isPaused = pauses.excuse(name, rule, from, until);
  return isAhead || wasEmptied || isPaused ? [] : [{ at: END, text: `no slot of ${name} had a task` }];
}

function gapsOf({ name, rule, generation }: Schedule, runs: readonly SlotRun[], seen: Seen): Finding[] {
  const { clocks, pauses } = seen;
  const begun = new Map<number, number>();
  for (const { slot, start } of runs) begun.set(slot, Math.min(start, begun.get(slot) ?? start));
  const slots = [...begun].sort(([a], [b]) => a - b);
  return slots.flatMap(([slot, at], index) => {
    const [before] = slots[index - 1] ?? [slot - rule.every];
    const missing = (slot - before) / rule.every - 1;
    if (missing <= 0 || pauses.excuse(name, rule, before + rule.every, slot - rule.every)) return [];
    const aheads = clocks.aheadBefore(at);
    if (aheads.some((ahead) => leavesOut(ahead, before, slot, { rule, generation, clocks }))) return [];
    return [{ at, text: `${missing} slots of ${name} have no task, between ${shown(before)} and ${shown(slot)}` }];
  });
}

/** Whether a clock that was ahead leaves just the slots between these two without a task. */
function leavesOut(
  { from, to, ms }: Ahead,
  before: number,
  slot: number,
  { rule, generation: { until }, clocks }: Pick<Schedule, 'rule' | 'generation'> & { readonly clocks: WallClocks },
): boolean {
  // The master may not have known yet until when the schedule goes on.
  return [until, null].some((end) => {
    const least = firstAfter(before, clocks.at(from) + ms - SLOP, rule, end);
    const most = firstAfter(before, clocks.at(to) + ms + SLOP + rule.jitter, rule, end);
    return least <= slot && slot <= most;
  });
}

/** Returns the first slot that gets a task when all up to `before` is settled and a clock shows `now`. */
export function firstAfter(before: number, now: number, rule: ScheduleRule, until: number | null): number {
  const { every, missed, maxMissed, jitter } = rule;
  const last = every * Math.floor(Math.min(now - jitter, until ?? now) / every);
  // On time are those that are not later than this, by their own jitter.
  const onTime = every * Math.ceil((now - LATE - jitter) / every);
  if (missed === 'all')
    return Math.max(before + every, Math.min(onTime - maxMissed * every, last - (maxMissed - 1) * every));
  return Math.max(before + every, Math.min(onTime, last));
}

function shown(slot: number): string {
  return new Date(slot).toISOString();
}
