/**
 * The schedules of one durable cluster. Any member has those of its program here; only the master looks at them, and queues
 * a task for each slot that is due.
 *
 * First the task is stored, then the cursor moves. What is in between is repeated by the next look, of this master or the next:
 * a task is stored once for its origin, which names the schedule and the slot. The cursor moves by a write that names the
 * cursor that was read, so it never moves back, and of two masters one moves it.
 */
import { type Pattern, readPattern } from '../../schedules/pattern.js';
import { LATE_MS, type Plan, passSlots, planSlots, withoutOverlap } from '../../schedules/planner.js';
import { jitterOf } from '../../schedules/slots.js';
import type { ScheduleStore, StoredSchedule } from '../../store/schedules.js';
import { Alarm } from '../../time/alarm.js';
import type { Clock } from '../../time/clock.js';
import type { Declaration } from '../../wire/schedules.js';
import { declarationOf, isDeclared } from './declared.js';
import { MadeTasks, type MakeTasks } from './madeTasks.js';
import { MasterRows, type RowWrite } from './masterRows.js';
import { tasksUpTo } from './overlaps.js';
import { ScheduleWarnings } from './scheduleWarnings.js';
import { SettledSlots } from './settledSlots.js';
import { type DueSchedule, Settling } from './settling.js';
import type { SlotAdder } from './slotAdder.js';

/** The longest time between two looks, in ms: the wall clock may be set in between. */
const LOOK_MAX_MS = 60_000;
/** The shortest, in ms: what is due about one time is queued by one look. */
const LOOK_MIN_MS = 200;
/** From when a task is seen that a master before has stored until its slot is settled, in ms. */
const ADOPT_MS = 20;
/** After a call of the store failed, in ms. */
const RETRY_MS = 1000;
/** Between two reads of all schedules, in ms. In between only those are read that are due. */
const READ_ALL_MS = 600_000;
/** How often a member says that it has its schedules, in ms, and after how long without that they are parked. */
const TOUCH_MS = 3_600_000;
const PARKED_AFTER_MS = 86_400_000;
/** Schedules that are planned in a row: beats go first. */
const PLANNED_IN_A_ROW = 8;

export interface TimetableParts {
  readonly name: string;
  readonly clock: Clock;
  readonly store: ScheduleStore;
  readonly adder: SlotAdder;
  /** The property that gets the id of a task; null: a function reads it. */
  readonly key: string | null;
  /** Asks the program for tasks that its functions make. */
  readonly make: MakeTasks;
  /** Tasks that were not to begin may do so. */
  mayBegin(): void;
  /** Gives way to what else the thread has to do. */
  breathe(): Promise<void>;
  trouble(error: Error): void;
  info(text: string): void;
}

/** What a mastership knows of one schedule. */
interface Entry {
  readonly declaration: Declaration;
  readonly pattern: Pattern;
  /** When it is to be looked at, by the wall clock. */
  dueAt: number;
  /** Counts what else has asked for a look. */
  wakes: number;
}

export class Timetable {
  private readonly entries = new Map<string, Entry>();
  private readonly made: MadeTasks;
  private readonly settled = new SettledSlots();
  private readonly rows: MasterRows;
  private readonly warnings: ScheduleWarnings;
  private readonly alarm: Alarm;
  private readonly touching: Alarm;
  /** Null while this member is not master. */
  private reign: { readonly term: number; readAllAt: number } | null = null;
  private held = false;
  private looking = false;
  /** Whether a look was asked for during one. */
  private asked = false;
  private isTroubled = false;
  /** Tasks that may not begin have no look made before then. */
  private restsUntil = 0;

  constructor(readonly parts: TimetableParts) {
    this.alarm = new Alarm(parts.clock, () => void this.look());
    this.touching = new Alarm(parts.clock, () => void this.touch());
    this.rows = new MasterRows({ ...parts, settled: this.settled, trouble: (error) => parts.trouble(error) });
    this.warnings = new ScheduleWarnings(parts);
    this.made = new MadeTasks(parts.make, (id) => this.wake(id));
  }

  /** Takes a schedule of the program, or another version of it. */
  declare(declaration: Declaration): void {
    const { clock } = this.parts;
    const pattern = readPattern(declaration.pattern, declaration.timeZone, 0);
    this.entries.set(declaration.id, { declaration, pattern, dueAt: 0, wakes: 0 });
    this.touching.by(clock.now() + LOOK_MAX_MS);
    if (this.entries.size === 1 && this.reign !== null) this.reign.readAllAt = 0;
    if (this.reign !== null) this.alarm.by(clock.now());
  }

  declared(id: string): Declaration | undefined {
    return this.entries.get(id)?.declaration;
  }

  /** Takes the tasks that a function of the program was asked for. */
  tasksMade(...made: Parameters<MadeTasks['take']>): void {
    this.made.take(...made);
  }

  /** Something of a schedule has changed: it is looked at again. */
  wake(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined || this.reign === null) return;
    entry.dueAt = 0;
    entry.wakes += 1;
    this.alarm.by(this.parts.clock.now());
  }

  /** Returns whether a task of this origin may begin. If not, it soon may, and that is told. */
  mayBegin(origin: string): boolean {
    const may = this.settled.mayBegin(origin);
    if (!may && this.reign !== null) this.alarm.by(Math.max(this.restsUntil, this.parts.clock.now() + ADOPT_MS));
    return may;
  }

  // ---- what the election says ----

  start(term: number): void {
    this.reign = { term, readAllAt: 0 };
    this.held = false;
    for (const entry of this.entries.values()) entry.dueAt = 0;
    this.rows.begin(term);
    this.restsUntil = 0;
    this.warnings.begin();
    this.alarm.by(this.parts.clock.now());
  }

  /** The lease is held until then, by the monotonic clock. */
  heldUntil(validUntil: number): void {
    this.rows.held(validUntil);
  }

  /** Queues nothing until `resume`: the mastership may be lost. */
  fence(): void {
    this.held = true;
  }

  resume(): void {
    this.held = false;
    if (this.reign !== null) this.alarm.by(this.parts.clock.now());
  }

  end(): void {
    this.reign = null;
    this.alarm.clear();
    this.made.clear();
  }

  /** Ends all of it: the member has stopped. */
  close(): void {
    this.end();
    this.touching.clear();
    this.entries.clear();
  }

  // ---- a look ----

  private async look(): Promise<void> {
    this.asked = true;
    if (this.looking) return;
    const { clock, trouble } = this.parts;
    this.looking = true;
    this.asked = false;
    let pause = LOOK_MIN_MS;
    try {
      pause = await this.lookOnce();
      this.isTroubled = false;
      this.rows.lookEnded();
      pause = Math.max(pause, this.rows.rest);
    } catch (error) {
      pause = RETRY_MS;
      // Once for all that fail one after another.
      if (!this.isTroubled && this.reign !== null) trouble(asError(error));
      this.isTroubled = true;
    }
    this.looking = false;
    if (this.reign === null) return;
    this.restsUntil = this.isTroubled || this.rows.rest > 0 ? clock.now() + pause : 0;
    const dueAt = Array.from(this.entries.values()).reduce((least, entry) => Math.min(least, entry.dueAt), Infinity);
    const longest = this.asked ? Math.max(LOOK_MIN_MS, this.rows.rest) : LOOK_MAX_MS;
    this.alarm.by(clock.now() + Math.min(longest, Math.max(pause, dueAt - clock.wall())));
  }

  /** Returns how long it waits at least before the next look, in ms. */
  private async lookOnce(): Promise<number> {
    const { reign } = this;
    if (reign === null || this.held) return LOOK_MAX_MS;
    await this.adopt(reign);
    if (!this.isMaster(reign)) return LOOK_MAX_MS;
    const { clock } = this.parts;
    const now = clock.wall();
    // Without schedules in the program there may be some to park, and a thousand subsystems do not look at once.
    if (this.entries.size === 0 && reign.readAllAt === 0) reign.readAllAt = clock.now() + this.firstRead();
    const readsAll = clock.now() >= reign.readAllAt;
    const isRight = readsAll ? await this.readAll(reign, now) : this.warnings.isClockRight(null);
    if (!isRight) return LOOK_MAX_MS;
    const asked = [...this.entries.values()].filter(({ dueAt }) => dueAt <= now);
    if (asked.length === 0 || !this.isMaster(reign)) return LOOK_MIN_MS;
    const since = { now: clock.now(), sinceBoot: clock.sinceBoot() };
    const due = await this.plan(asked, await this.currentRows(reign, asked, now), now);
    if (!this.isMaster(reign) || due.length === 0) return LOOK_MIN_MS;
    const { rows, made } = this;
    const parts = { ...this.parts, rows, made, mayBegin: () => this.parts.mayBegin() };
    const look = { term: reign.term, now, since, isMaster: () => this.isMaster(reign) };
    await new Settling(parts, due, look).run();
    return LOOK_MIN_MS;
  }

  /**
   * Settles slots whose tasks are in the queue already: a master before this one stored them, and did not come to move the
   * cursor. They may lie ahead of the clock of this one.
   */
  private async adopt({ term }: { readonly term: number }): Promise<void> {
    const wanted = new Map(this.settled.waiting);
    if (wanted.size === 0) return;
    const rows = await this.rows.read([...wanted.keys()]);
    const writes = rows.flatMap((row) => {
      const cursor = wanted.get(row.id) ?? 0;
      return cursor <= row.cursor ? [] : [{ id: row.id, expected: row, term, set: { cursor } }];
    });
    await this.rows.write(writes);
    // Of a schedule that is gone no slot comes again.
    const there = new Set(rows.map(({ id }) => id));
    for (const [id, slot] of wanted) if (!there.has(id)) this.settled.note(id, slot);
    this.parts.mayBegin();
  }

  /** Reads all schedules. Returns false if the clock is not to be trusted yet. */
  private async readAll(reign: { readonly term: number; readAllAt: number }, now: number): Promise<boolean> {
    const { clock } = this.parts;
    const rows = await this.rows.read(null);
    const seen = lastSeen(rows.filter(({ parked }) => !parked));
    if (!this.isMaster(reign) || !this.warnings.isClockRight(seen)) return false;
    reign.readAllAt = clock.now() + READ_ALL_MS;
    await this.park(reign.term, rows, now);
    return true;
  }

  /** Parks what no member has had in its program for a day. */
  private async park(term: number, rows: readonly StoredSchedule[], now: number): Promise<void> {
    const { name, info } = this.parts;
    const old = rows.filter(
      ({ id, parked, declared }) => !parked && !this.entries.has(id) && now - declared > PARKED_AFTER_MS,
    );
    if (old.length === 0) return;
    const writes = old.map((row) => ({
      id: row.id,
      expected: row,
      term,
      set: { cursor: row.cursor, parked: true, next: null },
    }));
    await this.rows.write(writes);
    for (const { id } of old) {
      info(`the schedule '${id}' of '${name}' is parked: no member has had it in its program for a day`);
    }
  }

  /** Reads the schedules, once what the program says of them is in the store. */
  private async currentRows(
    { term }: { readonly term: number },
    asked: readonly Entry[],
    now: number,
  ): Promise<ReadonlyMap<string, StoredSchedule>> {
    const { name, info } = this.parts;
    const ids = asked.map(({ declaration }) => declaration.id);
    const read = async () => new Map((await this.rows.read(ids)).map((row) => [row.id, row]));
    const rows = await read();
    const writes: RowWrite[] = [];
    const gone: string[] = [];
    for (const { declaration } of asked) {
      const row = rows.get(declaration.id);
      if (row !== undefined && isDeclared(row, declaration) && now - row.declared < TOUCH_MS) continue;
      const known = this.rows.lastKnown(declaration.id);
      const { write, news } = declarationOf(declaration, row, { term, now, known });
      writes.push(write);
      if (row === undefined && known !== undefined) gone.push(declaration.id);
      if (news !== null) info(`the schedule '${declaration.id}' of '${name}' ${news}`);
    }
    if (writes.length === 0) return rows;
    await this.rows.write(writes);
    const written = await read();
    for (const id of gone.filter((each) => written.has(each))) {
      info(`the schedule '${id}' of '${name}' was deleted, and this program has it: it was made again as it was`);
    }
    return written;
  }

  private async plan(
    asked: readonly Entry[],
    rows: ReadonlyMap<string, StoredSchedule>,
    now: number,
  ): Promise<DueSchedule[]> {
    const done = await this.parts.adder.done();
    const ours = [...rows.values()].filter((row) => !this.rows.isOfAnotherLife(row));
    const queued = await tasksUpTo(ours, done, this.parts.adder);
    const due: DueSchedule[] = [];
    for (const [index, entry] of asked.entries()) {
      const { declaration, pattern, wakes } = entry;
      const row = rows.get(declaration.id);
      if (index % PLANNED_IN_A_ROW === PLANNED_IN_A_ROW - 1) await this.parts.breathe();
      const again = (at: number): void => {
        // What has woken it came after this plan.
        if (entry.wakes === wakes) entry.dueAt = at;
      };
      // Someone else has just written it, or it cannot be read.
      if (row === undefined || !isDeclared(row, declaration)) again(now + RETRY_MS);
      else {
        const planned = { id: row.id, rules: row, pattern, cursor: openAfter(row, this.parts.clock.wall()) };
        const plan = row.paused === null ? await this.run(planSlots(planned, now)) : passSlots(planned, now);
        this.warnings.tell(row, plan, now);
        const isOurs = !this.rows.isOfAnotherLife(row);
        const isBusy = isOurs && row.lastSeq !== null && row.lastSeq > done && row.lastSeq <= queued;
        // It stays due until its cursor has moved.
        if (plan.cursor > row.cursor || row.resumed !== null) {
          due.push({ declaration, row, plan, slots: withoutOverlap(plan.slots, row, isBusy), again });
        } else again(plan.next ?? Number.POSITIVE_INFINITY);
      }
    }
    return due;
  }

  /** Runs a planner, which pauses now and then: beats go first. */
  private async run(planner: Generator<void, Plan>): Promise<Plan> {
    for (;;) {
      const step = planner.next();
      if (step.done) return step.value;
      await this.parts.breathe();
    }
  }

  private firstRead(): number {
    return LOOK_MAX_MS + jitterOf(this.parts.name, 0, READ_ALL_MS - LOOK_MAX_MS);
  }

  private isMaster(reign: { readonly term: number }): boolean {
    return this.reign === reign && !this.held;
  }

  // ---- any member ----

  private async touch(): Promise<void> {
    const { clock, store, name } = this.parts;
    this.touching.by(clock.now() + TOUCH_MS);
    const rows = await store.readSchedules(name, null).catch(() => []);
    const seen = lastSeen(rows);
    // The guard of the clock compares with what is written here.
    if (seen === null || clock.wall() - seen > PARKED_AFTER_MS) return;
    await store.touchSchedules(name, [...this.entries.keys()], clock.wall()).catch(() => {});
  }
}

/** Returns the latest time at which a member is known to have had one of them; null without any. */
function lastSeen(rows: readonly StoredSchedule[]): number | null {
  return rows.length === 0 ? null : rows.reduce((latest, { declared }) => Math.max(latest, declared), 0);
}

/**
 * Returns up to where no slot is open: what passed during a pause is settled. A clock that is ahead does not say until when. `now`: from
 * after the row was read, as a resume may have come during the look.
 */
function openAfter({ cursor, resumed }: StoredSchedule, now: number): number {
  return Math.max(cursor, resumed === null ? 0 : resumed <= now ? resumed : now - LATE_MS);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
