/**
 * The audit: what the ledger proves about a run. It trusts nothing that the members say of their own work: it knows the
 * list of the tasks, the lines of the ledger, what it finds in the files itself, and at which moments something was
 * done to whom.
 */
import { startWithin } from '../intervals.js';
import type { LedgerLine } from './ledger.js';
import type { FileFacts, FileTask } from './tasks.js';

/** Moments are by the monotonic clock, times in ms. */
export interface AuditInput {
  readonly tasks: readonly FileTask[];
  /** In the order of the ledger. */
  readonly lines: readonly LedgerLine[];
  /** Lines that could not be read. */
  readonly damaged: number;
  /** The main thread of `member`, master of `term`, was blocked; null when it never came to that. */
  readonly block: { readonly member: number; readonly term: number; readonly from: number; readonly to: number } | null;
  /** The master of `term` was killed. */
  readonly kill: { readonly term: number; readonly at: number } | null;
  /** What the next master said: when it became one. */
  readonly takeover: { readonly member: number; readonly at: number } | null;
  /** From the kill to that, at the most. */
  readonly bound: number;
  /** Panics, and members that went by themselves. */
  readonly mishaps: readonly string[];
}

interface Check {
  readonly id: string;
  /** What must hold, as a sentence. */
  readonly claim: string;
  readonly holds: boolean;
  readonly found: string;
}

interface AuditFigures {
  readonly tasks: number;
  readonly done: number;
  readonly repeated: number;
  /** Files that changed or went after the list was made: there is nothing to compare with. */
  readonly changed: number;
  readonly bytes: number;
  readonly terms: number;
  readonly doneWhileBlocked: number;
  /** From the kill to the next master; null when there was none. */
  readonly takeover: number | null;
  /** From the kill to the first task of the next term. */
  readonly firstTask: number | null;
}

export interface Audit {
  readonly holds: boolean;
  readonly checks: readonly Check[];
  readonly figures: AuditFigures;
}

export async function audit(input: AuditInput, read: (path: string) => Promise<FileFacts>): Promise<Audit> {
  const contents = await compareContents(input, read);
  const blocked = whileBlocked(input);
  const firstTask = firstAfterKill(input);
  const takeover = input.kill !== null && input.takeover !== null ? input.takeover.at - input.kill.at : null;
  const checks = [
    checkComplete(input),
    contents.check,
    checkExclusive(input.lines),
    checkOrder(input.lines),
    checkOnce(input.lines),
    blocked.check,
    checkTakeover(takeover, input.bound),
    checkFirstTask(firstTask, input.bound),
    check(
      'quiet',
      'nothing panicked, no other member died',
      input.mishaps.length === 0,
      input.mishaps.join('; ') || 'nothing',
    ),
  ];
  const done = new Set(input.lines.map(({ path }) => path)).size;
  const figures = {
    tasks: input.tasks.length,
    done,
    repeated: input.lines.length - done,
    changed: contents.changed,
    bytes: contents.bytes,
    terms: new Set(input.lines.map(({ term }) => term)).size,
    doneWhileBlocked: blocked.done,
    takeover,
    firstTask,
  };
  return { holds: checks.every(({ holds }) => holds), checks, figures };
}

function check(id: string, claim: string, holds: boolean, found: string): Check {
  return { id, claim, holds, found };
}

function checkComplete({ tasks, lines, damaged }: AuditInput): Check {
  const done = new Set(lines.map(({ path }) => path));
  const known = new Set(tasks.map(({ path }) => path));
  const missing = tasks.filter(({ path }) => !done.has(path));
  const foreign = [...done].filter((path) => !known.has(path));
  const found = [`${tasks.length - missing.length} of ${tasks.length}`];
  if (missing.length > 0) found.push(`not ${missing[0]?.path}`);
  if (foreign.length > 0) found.push(`${foreign.length} that are no tasks`);
  if (damaged > 0) found.push(`${damaged} unreadable lines`);
  return check('complete', 'every file was done', found.length === 1, found.join(', '));
}

async function compareContents({ tasks, lines }: AuditInput, read: (path: string) => Promise<FileFacts>) {
  const linesOf = new Map<string, LedgerLine[]>();
  for (const line of lines) {
    const others = linesOf.get(line.path);
    if (others === undefined) linesOf.set(line.path, [line]);
    else others.push(line);
  }
  let changed = 0;
  let bytes = 0;
  let right = 0;
  const wrong: string[] = [];
  for (const task of tasks) {
    const facts = await read(task.path);
    if ('error' in facts || facts.size !== task.size || facts.mtime !== task.mtime) {
      changed += 1;
      continue;
    }
    bytes += facts.size;
    const ofTask = linesOf.get(task.path);
    if (ofTask === undefined) continue;
    const differs = ({ found }: LedgerLine) =>
      'error' in found || found.sha256 !== facts.sha256 || found.size !== facts.size;
    if (ofTask.some(differs)) wrong.push(task.path);
    else right += 1;
  }
  const found = [`${right} are`];
  if (wrong.length > 0) found.push(`${wrong.length} wrong, ${wrong[0]} for one`);
  if (changed > 0) found.push(`${changed} changed during the run, not judged`);
  const holds = wrong.length === 0 && right > 0;
  return { check: check('content', 'SHA-256 and size are right', holds, found.join(', ')), changed, bytes };
}

/** No two intervals of work may overlap, in whichever member: one master, and that one does one task after another. */
function checkExclusive(lines: readonly LedgerLine[]): Check {
  const sorted = lines.toSorted((a, b) => a.startedAt - b.startedAt);
  let latest: LedgerLine | undefined;
  let overlaps = 0;
  let example = '';
  for (const line of sorted) {
    if (latest !== undefined && line.startedAt < latest.endedAt) {
      overlaps += 1;
      example ||= `, ${by(latest)} and ${by(line)} for one`;
    }
    if (latest === undefined || line.endedAt > latest.endedAt) latest = line;
  }
  return check('exclusive', 'no two were at work at once', overlaps === 0, `${overlaps} overlaps${example}`);
}

function checkOrder(lines: readonly LedgerLine[]): Check {
  const holders = new Map<number, number>();
  const wrong: string[] = [];
  let previous: LedgerLine | undefined;
  for (const line of lines) {
    if (previous !== undefined && line.term < previous.term) wrong.push(`term ${line.term} after ${previous.term}`);
    const holder = holders.get(line.term);
    if (holder === undefined) holders.set(line.term, line.pid);
    else if (holder !== line.pid) wrong.push(`term ${line.term} by two processes`);
    previous = line;
  }
  const found = wrong[0] ?? `terms ${[...holders.keys()].join(', ') || 'none'}`;
  return check('order', 'each term has one master, and terms only rise', wrong.length === 0 && lines.length > 0, found);
}

function checkOnce(lines: readonly LedgerLine[]): Check {
  const seen = new Set<string>();
  const twice = lines.filter(({ term, path }) => {
    const key = `${term}/${path}`;
    return seen.has(key) || !seen.add(key);
  });
  const repeated = lines.length - new Set(lines.map(({ path }) => path)).size;
  const found =
    twice.length === 0 ? `${repeated} repeated, across the failover` : `${twice.length}, ${twice[0]?.path} for one`;
  return check('once', 'within a term nothing was done twice', twice.length === 0, found);
}

function whileBlocked({ block, lines }: AuditInput): { check: Check; done: number } {
  const claim = 'a blocked main thread stopped nothing';
  if (block === null) return { check: check('block', claim, false, 'it never came to that'), done: 0 };
  const { from, to, term, member } = block;
  const during = lines.filter(({ endedAt }) => endedAt >= from && endedAt <= to);
  const others = during.filter((line) => line.term !== term || line.member !== member);
  const after = lines.find(({ startedAt }) => startedAt > to);
  // The next task tells whether the mastership outlived the block.
  const kept = others.length === 0 && after !== undefined && after.term === term && after.member === member;
  const seconds = ((to - from) / 1000).toFixed(1);
  const found = `${during.length} tasks done in ${seconds} s, ${kept ? 'lease kept' : 'lease lost'}`;
  return { check: check('block', claim, kept && during.length > 0, found), done: during.length };
}

function checkTakeover(takeover: number | null, bound: number): Check {
  const holds = takeover !== null && takeover >= 0 && takeover <= bound;
  return check('takeover', `a standby was master within ${Math.ceil(bound)} ms of the kill`, holds, ms(takeover));
}

function firstAfterKill({ kill, takeover, lines }: AuditInput): number | null {
  if (kill === null || takeover === null) return null;
  const first = lines.find((line) => line.term > kill.term);
  if (first === undefined || first.member !== takeover.member) return null;
  return first.startedAt - kill.at;
}

function checkFirstTask(firstTask: number | null, bound: number): Check {
  const within = bound + startWithin;
  const holds = firstTask !== null && firstTask >= 0 && firstTask <= within;
  return check('resumed', `its first task began within ${Math.ceil(within)} ms of the kill`, holds, ms(firstTask));
}

function ms(time: number | null): string {
  return time === null ? 'never' : `${Math.round(time)} ms`;
}

function by({ member, term }: LedgerLine): string {
  return `member ${member} in term ${term}`;
}
