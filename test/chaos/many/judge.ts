/**
 * What came of a run with many subsystems, by the files that it left. All times in ms of one monotonic clock.
 *
 * - Two masters: a member holds a lease after another was seen to hold it under a higher term, or both have one term. A lease
 *   whose holder was stopped counts as held until its end.
 * - Not followed: a subsystem is without a master for longer than the bound, counted from the last that was seen of the one
 *   before; from the end of what slowed the store, and of a stop during which no member could write.
 * - Of the tasks: lost, run by two at once, or begun under a term that had ended.
 */

import { groupBy } from '../checker/groupBy.ts';

/** A look of a member at one lease that it holds. */
export interface Look {
  readonly name: string;
  readonly member: string;
  readonly term: number;
  readonly at: number;
  readonly seen: number;
  readonly left: number;
}

export interface TaskLine {
  readonly what: 'start' | 'end';
  readonly name: string;
  readonly id: string;
  readonly member: string;
  readonly term: number;
  readonly at: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface ManyRecords {
  readonly names: readonly string[];
  readonly looks: readonly Look[];
  readonly tasks: readonly TaskLine[];
  /** Ids that the store has taken, by `name id`. */
  readonly stored: readonly string[];
  /** Members that ended without being asked to, and how. */
  readonly died: readonly string[];
  /** When members were stopped. */
  readonly stops: ReadonlyMap<string, readonly Span[]>;
  /** When a disk or the way to the server was slow. */
  readonly slow: readonly Span[];
  /** When the machine was late, and by how much. */
  readonly late: readonly { readonly at: number; readonly ms: number }[];
  /** When all had a master, and the faults began: before, a server that is cold may lose leases. */
  readonly ready: number;
  /** When all was over, and members began to stop. */
  readonly over: number;
  readonly bound: number;
}

export interface ManyVerdict {
  readonly findings: readonly string[];
  readonly masterships: number;
  readonly takeovers: number;
  /** How long the slowest took, in ms; 0 without any. */
  readonly slowest: number;
  readonly done: number;
}

/** A mastership as it was seen. */
interface Spell extends Pick<Look, 'name' | 'member' | 'term'> {
  readonly first: number;
  last: number;
  /** Until when the lease was last promised. */
  until: number;
}

/** Four calls may each be held up by the machine. */
const CALLS = 4;
/** What a process does first when it goes on after a stop, in ms: no lease can prevent that. */
const FIRST_AFTER_STOP = 50;

export function judge(records: ManyRecords): ManyVerdict {
  const findings: string[] = [];
  const say = (finding: string): void => void findings.push(finding);
  for (const one of records.died) say(`a process ended by itself: ${one}`);
  const byName = groupBy(records.looks, ({ name }) => name);
  const spellsOf = new Map(records.names.map((name) => [name, spells(byName.get(name) ?? [])]));
  for (const name of records.names) twoMasters(byName.get(name) ?? [], say);
  const all = [...spellsOf.values()].flat();
  for (const own of spellsOf.values()) brokenPromises(own, records, say);
  const takeovers = records.names.flatMap((name) => followed(name, spellsOf.get(name) ?? [], all, records, say));
  judgeTasks(records, say);
  const done = new Set(records.tasks.filter(({ what }) => what === 'end').map(({ name, id }) => `${name} ${id}`)).size;
  return { findings, masterships: all.length, takeovers: takeovers.length, slowest: Math.max(0, ...takeovers), done };
}

/** By their terms, which only rise. */
function spells(looks: readonly Look[]): Spell[] {
  const byTerm = new Map<string, Spell>();
  for (const { name, member, term, at, seen, left } of looks) {
    const key = `${term} ${member}`;
    const spell = byTerm.get(key) ?? { name, member, term, first: seen, last: at, until: at + left };
    spell.last = Math.max(spell.last, at);
    spell.until = Math.max(spell.until, at + left);
    byTerm.set(key, spell);
  }
  return [...byTerm.values()].sort((a, b) => a.term - b.term || a.first - b.first);
}

function twoMasters(looks: readonly Look[], say: (finding: string) => void): void {
  const holders = new Map<number, string>();
  // By when each look had ended: what follows began to look after it.
  const ended = looks.toSorted((a, b) => a.seen - b.seen);
  let next = 0;
  let highest: Look | undefined;
  for (const look of looks.toSorted((a, b) => a.at - b.at)) {
    for (let one = ended[next]; one !== undefined && one.seen < look.at; one = ended[next]) {
      if (highest === undefined || one.term > highest.term) highest = one;
      next += 1;
    }
    const holder = holders.get(look.term) ?? look.member;
    holders.set(look.term, holder);
    if (holder !== look.member) return say(`${look.name}: term ${look.term} is held by ${holder} and ${look.member}`);
    if (highest !== undefined && look.term < highest.term) {
      return say(`${look.name}: ${look.member} holds term ${look.term} after ${highest.member} held ${highest.term}`);
    }
  }
}

/** A member that was stopped goes on with what it was promised. */
function brokenPromises(own: readonly Spell[], { stops }: ManyRecords, say: (finding: string) => void): void {
  for (const [index, spell] of own.entries()) {
    const next = own[index + 1];
    const stop = stops
      .get(spell.member)
      ?.find(({ from, to }) => spell.last <= to && spell.until > from && spell.first < from);
    if (next === undefined || stop === undefined || next.member === spell.member) continue;
    if (next.first > stop.from && next.first < stop.to && next.first < spell.until) {
      const early = Math.round(spell.until - next.first);
      say(
        `${spell.name}: ${next.member} holds it ${early} ms before the lease of ${spell.member}, which is stopped, ends`,
      );
    }
  }
}

/** Returns how long each of its takeovers took. */
function followed(
  name: string,
  own: readonly Spell[],
  all: readonly Spell[],
  records: ManyRecords,
  say: (finding: string) => void,
): number[] {
  if (own.length === 0) say(`${name}: no member ever held it`);
  return own.flatMap((spell, index) => {
    const next = own[index + 1];
    if (next !== undefined && spell.last < records.ready) return [];
    const to = next?.first ?? records.over;
    const from = countedFrom(spell, to, all, records);
    const late = records.late.filter(({ at }) => at >= spell.last && at <= to).map(({ ms }) => ms);
    const bound = records.bound + CALLS * Math.max(0, ...late);
    if (to - from > bound) {
      const whom = next === undefined ? 'nobody' : next.member;
      say(
        `${name}: ${whom} follows ${spell.member} after ${Math.round(to - from)} ms, and ${Math.round(bound)} are allowed`,
      );
    }
    return next === undefined || next.member === spell.member ? [] : [to - from];
  });
}

function countedFrom(spell: Spell, to: number, all: readonly Spell[], records: ManyRecords): number {
  const slow = records.slow
    .filter((span) => span.from < to && span.to > spell.last)
    .map((span) => Math.min(to, span.to));
  const stops = [...records.stops.values()].flat().filter((span) => span.from < to && span.to > spell.last);
  // A process that is stopped may hold the lock that all writers need: then no lease begins anywhere.
  const holdUps = stops.filter((span) => !all.some(({ first }) => first > span.from && first < span.to));
  return Math.max(spell.last, ...slow, ...holdUps.map((span) => Math.min(to, span.to)));
}

interface Run {
  readonly start: TaskLine;
  readonly end: TaskLine | undefined;
}

function judgeTasks({ tasks, stored, stops }: ManyRecords, say: (finding: string) => void): void {
  const ended = new Set(tasks.filter(({ what }) => what === 'end').map(({ name, id }) => `${name} ${id}`));
  for (const one of stored) if (!ended.has(one)) say(`task ${one} is lost`);
  const isExcused = ({ member, at }: TaskLine): boolean =>
    stops.get(member)?.some(({ from, to }) => at >= from && at <= to + FIRST_AFTER_STOP) ?? false;
  for (const [name, lines] of groupBy(tasks, (line) => line.name)) {
    let before: Run | undefined;
    let highest = 0;
    for (const run of runsOf(lines)) {
      const { start } = run;
      if (start.term < highest && !isExcused(start))
        say(`${name}: task ${start.id} begins under term ${start.term} after ${highest}`);
      if (before?.end !== undefined && start.at < before.end.at && !isExcused(before.end) && !isExcused(start)) {
        say(`${name}: task ${start.id} of ${start.member} begins while ${before.start.member} runs ${before.start.id}`);
      }
      highest = Math.max(highest, start.term);
      if (before?.end === undefined || (run.end !== undefined && run.end.at > before.end.at)) before = run;
    }
  }
}

/** In the order of their starts. One whose process was killed has no end. */
function runsOf(lines: readonly TaskLine[]): Run[] {
  const key = ({ id, member, term }: TaskLine): string => `${id} ${member} ${term}`;
  const ends = new Map(lines.filter(({ what }) => what === 'end').map((line) => [key(line), line]));
  const starts = lines.filter(({ what }) => what === 'start').sort((a, b) => a.at - b.at);
  return starts.map((start) => ({ start, end: ends.get(key(start)) }));
}
