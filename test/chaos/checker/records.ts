/**
 * Reads what a run has left: the ledger of the tasks, the histories of the members, and the events of the runner. Nothing
 * here or beside it knows src/, or what it thinks of itself: only the files. Times are ms of the machine's monotonic
 * clock.
 *
 * A process that is killed may leave half a line. Others append after it, so the half may stand before a whole one.
 */
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a task puts down as its checkpoint. */
export interface Step {
  readonly n: number;
  readonly term: number;
  readonly attempt: number;
}

export interface LedgerLine {
  /**
   * `saw`: the checkpoint that it began with; `put` and `kept`: one that it asked for, and that was stored. `postpone`: it asks to be
   * tried again later.
   */
  readonly what: 'start' | 'mark' | 'saw' | 'put' | 'kept' | 'end' | 'fail' | 'postpone';
  readonly id: string;
  readonly member: string;
  readonly term: number;
  readonly attempt: number;
  readonly at: number;
  /** How long the lease still lasted, asked after `at`. */
  readonly left: number;
  /** Of a start: what the wall clock of the process showed. */
  readonly wall?: number;
  /** Of the task of a slot: its schedule, and its time. */
  readonly schedule?: string;
  readonly slot?: number;
  /** Whether people asked for the task of a slot that had passed. */
  readonly backfilled?: boolean;
  /** Of a start: which payload it has, if the task was updated. */
  readonly version?: number;
  /** Of `postpone`: for how long, in ms. */
  readonly wait?: number;
  /** Of `fail`: whether it is not to be tried again. */
  readonly permanent?: boolean;
  readonly step?: Step | null;
}

export interface Stored {
  readonly id: string;
  readonly submitter: string;
  /** Which call of many tasks at once, and which of them. */
  readonly batch: number;
  readonly index: number;
  /** Whether the first call was told so, and not one that was made after a failure. */
  readonly first: boolean;
  /** When the call that was answered so was made, and when its answer was heard. */
  readonly sent: number;
  readonly at: number;
}

/** What a member saw of its lease: asked after `at` and before `seen`. `left` is 0 when it had none. */
export interface LeaseSight {
  readonly member: string;
  readonly at: number;
  readonly seen: number;
  readonly term: number | null;
  readonly left: number;
  /** The state that it entered, if it did. */
  readonly to?: string;
}

const askedKinds = [
  ...(['due', 'unique', 'waits', 'answer', 'cancels', 'cancelled', 'outcome', 'updates', 'updated'] as const),
  ...(['ill', 'requeues', 'requeued', 'pauses', 'resumes', 'triggers', 'backfills'] as const),
] as const;

/** What a submitter said or asked of one task, or people of a schedule, and what they were told. */
export interface Asked {
  /**
   * `waits` is followed by `answer`, `cancels` by `cancelled`, `updates` by `updated`, and `requeues` by `requeued`, unless the process
   * ended.
   */
  readonly what: (typeof askedKinds)[number];
  readonly member: string;
  readonly at: number;
  /** Of what has one line with its answer: when it was asked for. */
  readonly sent: number;
  /** Of the task, the schedule, or the call that puts letters back. */
  readonly id: string;
  /** Not before then, by the wall clock. */
  readonly due?: number;
  /** Whether the id was free, or the task is queued; of `backfills`: how many are. */
  readonly stored?: boolean | number;
  readonly timeout?: number;
  /** The answer, or the code of the error. */
  readonly state?: string;
  readonly term?: number;
  readonly result?: { readonly member: string; readonly term: number; readonly attempt: number };
  /** Which payload a task is to get. */
  readonly version?: number;
  /** What a task fails of, and which letters are to be put back: of that, and so many. */
  readonly of?: string;
  readonly limit?: number;
  /** How many letters were put back, and of how many the id was queued. */
  readonly requeued?: number;
  readonly duplicates?: number;
  /** The slots whose tasks are asked for again, from the first through the last. */
  readonly from?: number;
  readonly to?: number;
}

export interface Said {
  readonly what: 'done' | 'deadletter' | 'panic' | 'error' | 'again' | 'stopping' | 'ending';
  readonly member: string;
  readonly at: number;
  /** The id, or the code. */
  readonly about: string;
}

export interface Fault {
  readonly number: number;
  readonly kind: string;
  readonly member: string;
  readonly from: number;
  readonly to: number;
  /** Which of its ways it took, where it has several. */
  readonly how?: string;
  /** What the store knows no more: all, or what happened since the fault began. */
  readonly forgot?: 'all' | 'since';
  /** How far the wall clock was set ahead, in ms; below 0: back. */
  readonly ahead?: number;
}

/** The schedules of the members: from when on a generation of them was declared, and until when it had slots, by the wall clock. */
export interface Generation {
  readonly number: number;
  readonly from: number;
  readonly until: number | null;
}

export interface ScheduleRule {
  readonly id: string;
  readonly every: number;
  readonly missed: 'all' | 'once' | 'skip';
  readonly maxMissed: number;
  readonly overlap: 'queue' | 'skip';
  readonly jitter: number;
}

export interface Happened {
  readonly what: 'began' | 'killed' | 'suspended' | 'resumed' | 'ended';
  readonly member: string;
  readonly at: number;
  /** Of `ended`: whether the runner had asked for it, and how it came. */
  readonly expected: boolean;
  readonly how: string;
}

/** The machine was late by so much, for whatever reason: as one timer of the runner saw it. */
export interface Late {
  readonly at: number;
  readonly ms: number;
}

export interface Settings {
  readonly server: string;
  readonly atomic: boolean;
  readonly seed: number;
  readonly intervals: {
    readonly SLAVE: number;
    readonly TICKING: number;
    readonly POLL: number;
    readonly ERROR: number;
  };
  /** Of the wall clock of the machine from the monotonic one, in ms. */
  readonly wallOffset: number;
  readonly schedules: readonly ScheduleRule[];
  /** Of the second cluster: the least time between two starts, in ms. */
  readonly minInterval: number;
}

export interface Records {
  readonly settings: Settings;
  readonly ledger: readonly LedgerLine[];
  /** Of the second cluster. */
  readonly paced: readonly LedgerLine[];
  readonly stored: readonly Stored[];
  readonly sights: readonly LeaseSight[];
  readonly said: readonly Said[];
  readonly asked: readonly Asked[];
  readonly generations: readonly Generation[];
  readonly faults: readonly Fault[];
  readonly happened: readonly Happened[];
  readonly late: readonly Late[];
  /** How many lines were torn off. */
  readonly torn: number;
}

export async function readRecords(folder: string): Promise<Records> {
  // A folder of an older run has less.
  const given = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8'));
  const settings: Settings = { wallOffset: 0, schedules: [], minInterval: 0, ...given };
  let torn = 0;
  const ledger: LedgerLine[] = [];
  const paced: LedgerLine[] = [];
  torn += await eachLine(join(folder, 'ledger'), (line) => ledger.push({ ...line, at: ms(line.at) }));
  torn += await eachLine(join(folder, 'ledger-paced'), (line) => paced.push({ ...line, at: ms(line.at) }));
  const stored: Stored[] = [];
  const sights: LeaseSight[] = [];
  const said: Said[] = [];
  const asked: Asked[] = [];
  for (const file of readdirSync(folder).filter((name) => name.startsWith('history-'))) {
    const member = file.slice('history-'.length);
    torn += await eachLine(join(folder, file), (line) => {
      const at = ms(line.at);
      if (line.what === 'stored') stored.push({ ...line, at, sent: ms(line.sent ?? line.at) });
      else if (line.what === 'state' || line.what === 'lease')
        sights.push({ ...line, member, at, seen: ms(line.seen) });
      else if (isAsked(line)) asked.push({ ...line, member, at, sent: ms(line.sent ?? line.at) });
      else said.push({ what: line.what, member, at, about: String(line.id ?? line.code ?? '') });
    });
  }
  const faults: Fault[] = [];
  const happened: Happened[] = [];
  const late: Late[] = [];
  const generations = new Map<number, Generation>();
  torn += await eachLine(join(folder, 'events'), (line) => {
    if (line.what === 'fault') faults.push({ ...line, from: ms(line.at), to: ms(line.to) });
    else if (line.what === 'late') late.push({ at: ms(line.at), ms: line.ms });
    else if (line.what === 'opened' || line.what === 'closed') {
      const { generation: number, from, until = null } = line;
      generations.set(number, { number, from: from ?? generations.get(number)?.from ?? 0, until });
    } else happened.push({ ...line, at: ms(line.at) });
  });
  faults.sort((a, b) => a.from - b.from);
  asked.sort((a, b) => a.at - b.at);
  const seen = { ledger, paced, stored, sights, said, asked, faults, happened, late, torn };
  return { settings, ...seen, generations: [...generations.values()] };
}

function isAsked({ what }: { readonly what: string }): boolean {
  return askedKinds.some((kind) => kind === what);
}

/** Returns how many were torn. */
async function eachLine(file: string, take: (line: ReturnType<typeof JSON.parse>) => void): Promise<number> {
  if (!existsSync(file)) return 0;
  let torn = 0;
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const { line, isTorn } = parse(text);
    if (isTorn) torn += 1;
    if (line !== undefined) take(line);
  }
  return torn;
}

/** The whole line at the end of the text, if there is one; and whether something else is before it. */
export function parse(text: string): { line: ReturnType<typeof JSON.parse> | undefined; isTorn: boolean } {
  const from = Math.max(0, text.lastIndexOf('{"what"'));
  try {
    return { line: JSON.parse(text.slice(from)), isTorn: from > 0 };
  } catch {
    return { line: undefined, isTorn: true };
  }
}

function ms(nanoseconds: string): number {
  return Number(nanoseconds) / 1e6;
}
