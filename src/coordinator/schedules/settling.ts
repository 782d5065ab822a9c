/**
 * From the plans of one look to its tasks, in order, and from their results to the cursors. It goes in portions: what was read of
 * the cursors is trusted for some seconds only, and after an outage there may be slots for minutes.
 */
import { filled } from '../../requests/slots.js';
import type { Plan, PlannedSlot } from '../../schedules/planner.js';
import { slotTaskId } from '../../schedules/slots.js';
import type { StoredSchedule } from '../../store/schedules.js';
import type { Moment } from '../../store/taskStore.js';
import type { Clock } from '../../time/clock.js';
import type { Declaration } from '../../wire/schedules.js';
import type { MadeTasks } from './madeTasks.js';
import type { MasterRows, RowWrite } from './masterRows.js';
import type { OriginTask, SlotAdder, SlotResult } from './slotAdder.js';

/** What is stored by one call. */
const PORTION = { slots: 1000, bytes: 4 * 1024 * 1024 };
/** For how long what was read of the cursors is used, in ms: the store trusts it ten times as long. */
const FRESH_MS = 1000;
/** After a function failed, or someone else has written a schedule, in ms. */
const AGAIN_MS = { made: 60_000, written: 1000 };

export interface DueSchedule {
  readonly declaration: Declaration;
  row: StoredSchedule;
  readonly plan: Plan;
  /** The slots that get a task and have none yet. */
  slots: readonly PlannedSlot[];
  /** Says when it is to be looked at again. */
  again(at: number): void;
}

interface SettlingParts {
  readonly clock: Clock;
  readonly rows: MasterRows;
  readonly adder: SlotAdder;
  readonly made: MadeTasks;
  readonly key: string | null;
  readonly breathe: () => Promise<void>;
  readonly mayBegin: () => void;
}

interface Look {
  readonly term: number;
  readonly now: number;
  /** From before the rows were read. */
  readonly since: Moment;
  isMaster(): boolean;
}

interface SlotToQueue {
  readonly id: string;
  readonly planned: PlannedSlot;
}

/** Returns the slots of all schedules in the order of their times, then ids. */
function inOrder(due: readonly DueSchedule[]): SlotToQueue[] {
  const all = due.flatMap(({ row, slots }) => slots.map((planned) => ({ id: row.id, planned })));
  return all.sort((a, b) => a.planned.slot - b.planned.slot || (a.id < b.id ? -1 : 1));
}

/** Stores the tasks of one look, and moves the cursors. */
export class Settling {
  private readonly open: Map<string, DueSchedule>;
  private readonly slots: readonly SlotToQueue[];
  private at = 0;
  /** Schedules with a slot whose task is not made yet. */
  private readonly waiting = new Set<string>();

  constructor(
    private readonly parts: SettlingParts,
    due: readonly DueSchedule[],
    private readonly look: Look,
  ) {
    this.open = new Map(due.map((each) => [each.row.id, each]));
    this.slots = inOrder(due);
  }

  async run(): Promise<void> {
    const { clock, breathe } = this.parts;
    let { since } = this.look;
    const ids = [...this.open.values()].filter(({ slots }) => slots.length === 0).map(({ row }) => row.id);
    let isFirst = true;
    while (isFirst || this.at < this.slots.length) {
      const { tasks, met } = this.nextTasks();
      const touched = isFirst ? [...ids, ...met] : [...met];
      if (!isFirst || clock.now() - since.now > FRESH_MS) {
        since = { now: clock.now(), sinceBoot: clock.sinceBoot() };
        await this.readAgain(touched);
      }
      if (!this.look.isMaster() || !(await this.settle(tasks, touched, since))) return;
      isFirst = false;
      await breathe();
    }
  }

  /** Returns the tasks of the next portion. Of a schedule none goes before one whose task is not made yet. */
  private nextTasks(): { readonly tasks: readonly OriginTask[]; readonly met: ReadonlySet<string> } {
    const tasks: OriginTask[] = [];
    const met = new Set<string>();
    for (let bytes = 0; tasks.length < PORTION.slots && bytes < PORTION.bytes; this.at += 1) {
      const next = this.slots[this.at];
      if (next === undefined) break;
      if (!this.open.has(next.id) || this.waiting.has(next.id)) continue;
      met.add(next.id);
      const task = this.taskOf(next);
      if (task === null) this.waiting.add(next.id);
      else tasks.push(task);
      bytes += task?.bytes.length ?? 0;
    }
    return { tasks, met };
  }

  /** Returns null if a function of the program has not made it yet. */
  private taskOf({ id, planned: { slot, late, missed } }: SlotToQueue): OriginTask | null {
    const { key, made } = this.parts;
    const template = this.open.get(id)?.declaration.template;
    const taskId = slotTaskId(id, slot);
    const bytes = template ? filled(template, key, taskId) : made.ask(id, taskId, slot);
    const details = { schedule: id, slot, late, missed, backfilled: false };
    return bytes === null ? null : { id: taskId, schedule: id, slot, bytes, details };
  }

  /** Returns whether the task of this slot is there: a template makes it at once. */
  private isMade({ declaration, row }: DueSchedule, { slot }: PlannedSlot): boolean {
    return declaration.template !== null || this.parts.made.has(slotTaskId(row.id, slot));
  }

  /** Reads the cursors again, and lets go of schedules that are no longer as they were. */
  private async readAgain(ids: readonly string[]): Promise<void> {
    const rows = new Map((await this.parts.rows.read(ids)).map((row) => [row.id, row]));
    for (const id of ids) {
      const [known, row] = [this.open.get(id), rows.get(id)];
      if (known === undefined) continue;
      if (row !== undefined && isSame(row, known.row)) known.row = row;
      else {
        this.open.delete(id);
        known.again(this.look.now + AGAIN_MS.written);
      }
    }
  }

  private async settle(all: readonly OriginTask[], ids: readonly string[], since: Moment): Promise<boolean> {
    const { adder, rows, made } = this.parts;
    const { term, now } = this.look;
    const tasks = all.filter(({ schedule }) => this.open.has(schedule));
    const results = tasks.length === 0 ? [] : await adder.add(tasks, term, since);
    if (results === null || !this.look.isMaster()) return false;
    const stored = new Map<string, SlotResult>();
    for (const [index, { id }] of tasks.entries()) {
      const result = results[index];
      if (result !== undefined) stored.set(id, result);
    }
    const settled = ids.flatMap((id) => {
      const due = this.open.get(id);
      return due === undefined ? [] : [{ due, ...settledBy(due, stored, { term, now }) }];
    });
    if (!(await rows.write(settled.flatMap(({ write }) => write ?? [])))) return false;
    this.parts.mayBegin();
    for (const { due, write, left } of settled) {
      const { row, plan } = due;
      if (write !== null) due.row = { ...row, ...write.set, term };
      due.slots = left;
      made.forget(row.id, due.row.cursor);
      const [open] = left;
      if (open === undefined) due.again(plan.next ?? Number.POSITIVE_INFINITY);
      // What its function does not make is asked for again, a minute later. Other slots come in the next portion.
      else due.again(this.isMade(due, open) ? now : now + AGAIN_MS.made);
    }
    return true;
  }
}

function isSame(row: StoredSchedule, known: StoredSchedule): boolean {
  const fields = ['cursor', 'pattern', 'timeZone', 'term'] as const;
  return fields.every((field) => row[field] === known[field]) && (row.paused === null) === (known.paused === null);
}

/** Returns the write that moves the cursor up to the first slot whose task is not stored yet, and the slots from there on. */
function settledBy(
  { row, plan, slots }: DueSchedule,
  results: ReadonlyMap<string, SlotResult>,
  { term, now }: Pick<Look, 'term' | 'now'>,
): { readonly write: RowWrite | null; readonly left: readonly PlannedSlot[] } {
  const resultOf = ({ slot }: PlannedSlot) => results.get(slotTaskId(row.id, slot));
  const open = slots.findIndex((slot) => resultOf(slot) === undefined);
  const queued = open < 0 ? slots : slots.slice(0, open);
  const left = open < 0 ? [] : slots.slice(open);
  const cursor = Math.max(row.cursor, open < 0 ? plan.cursor : (slots[open]?.slot ?? 0) - 1);
  if (cursor === row.cursor && row.resumed === null) return { write: null, left };
  const last = queued.at(-1);
  const set = {
    cursor,
    next: plan.next,
    ...(row.resumed === null ? {} : { resumed: null }),
    ...(last === undefined ? {} : { last: last.slot, lastSeq: resultOf(last)?.seq ?? null }),
    ...(open < 0 && plan.hasLost ? { missedCount: row.missedCount + 1, missedAt: now } : {}),
  };
  return { write: { id: row.id, expected: row, term, set }, left };
}
