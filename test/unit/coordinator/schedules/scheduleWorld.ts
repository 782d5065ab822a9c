/**
 * A world of timetables: processes that are master, one after another and sometimes two, that die, stall and have wrong clocks; and
 * a store whose calls are late, lost, or carried out after their callers gave up.
 */
import { createHash } from 'node:crypto';
import { Timetable } from '../../../../src/coordinator/schedules/timetable.ts';
import { StoreError } from '../../../../src/errors.ts';
import type { Missed, Overlap } from '../../../../src/schedules/options.ts';
import { readPattern } from '../../../../src/schedules/pattern.ts';
import { jitterOf, originOf } from '../../../../src/schedules/slots.ts';
import type { ScheduleStore, ScheduleWrite } from '../../../../src/store/schedules.ts';
import type { Moment } from '../../../../src/store/taskStore.ts';
import type { Cancel, Clock } from '../../../../src/time/clock.ts';
import type { Declaration } from '../../../../src/wire/schedules.ts';
import { MemoryScheduleStore } from '../../../support/memoryScheduleStore.ts';
import { randomFrom } from '../../../support/random.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const NAME = 'billing';
const LIMIT_MS = 2000;
/** How long what was read of a queue is trusted, and how long tasks that are done are kept. */
const TRUST_MS = 20_000;
const KEPT_MS = 60_000;
/** What the clocks of two processes differ by at most where none is set, and how old slots may be behind a clock that is late. */
const DIFFER_MS = 2000;
const LATE_MS = 120_000;

export interface Rules {
  readonly pattern: string;
  readonly missed: Missed;
  readonly overlap: Overlap;
  readonly jitter: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly rules: Rules;
  /** How far clocks are set, at most, in ms. */
  readonly jumps: number;
  /** How often a process dies right after it has stored a task. */
  readonly deaths: number;
  /** Whether the leases are dropped now and then, so terms begin again. */
  readonly losses?: boolean;
  /** How often, of all 5 s, people pause a schedule or resume it. */
  readonly pauses?: number;
}

/** `to` is infinite as long as it is paused. */
interface Pause {
  readonly id: string;
  readonly from: number;
  to: number;
}

interface QueuedSlot {
  readonly seq: number;
  readonly origin: string;
  readonly slot: number;
  doneAt: number | null;
}

/** One for each full hour. */
export const hourly = (more: object = {}) => ({
  ...declared('a', { pattern: '0 * * * *' }),
  timeZone: 'UTC',
  ...more,
});

/** Without what the ids of all slots of 1 May 2026 have in common. */
export const shortIds = (queued: readonly { readonly id: string }[]) =>
  queued.map(({ id }) => id.replace('2026-05-01T', '').replace(':00Z', ''));

export function declared(id: string, rules: Partial<Rules>): Declaration {
  const template = Uint8Array.from([5, 0, 0, 0, 0]);
  const digest = createHash('sha256').update(template).digest('hex');
  return {
    ...{
      id,
      pattern: '*/5 * * * *',
      timeZone: 'Europe/Berlin',
      missed: 'once',
      maxMissed: 1000,
      within: 86_400_000 * 30,
    },
    ...{ overlap: 'skip', jitter: 0, from: null, until: null, template, digest },
    ...rules,
  };
}

/** The clock of one process, which may be held up, set, or dead. */
class ProcessClock implements Clock {
  shift = 0;
  dead = false;
  private stalled: (() => void)[] | null = null;

  constructor(private readonly base: VirtualClock) {}

  now = (): number => this.base.now();
  sinceBoot = (): number => this.base.sinceBoot();
  wall = (): number => this.base.wall() + this.shift;

  at(time: number, callback: () => void): Cancel {
    let isCancelled = false;
    const cancel = this.base.at(time, () => this.run(() => isCancelled || callback()));
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  /** Runs it now, or when the process is no longer held up, or never. */
  run(callback: () => void): void {
    if (this.dead) return;
    if (this.stalled === null) callback();
    else this.stalled.push(callback);
  }

  stall(ms: number): void {
    this.stalled ??= [];
    this.base.at(this.base.now() + ms, () => {
      const held = this.stalled ?? [];
      this.stalled = null;
      for (const callback of held) this.run(callback);
    });
  }
}

interface Process {
  readonly clock: ProcessClock;
  readonly timetable: Timetable;
}

export class ScheduleWorld {
  readonly clock = new VirtualClock({ wall: Date.UTC(2026, 2, 28, 20) });
  readonly rows = new MemoryScheduleStore();
  readonly queue: QueuedSlot[] = [];
  /** All that went wrong. */
  readonly faults: string[] = [];
  readonly troubles: string[] = [];
  private readonly random: () => number;
  private processes: Process[] = [];
  private isPeace = false;
  private term = 0;
  private master: Process | undefined;
  private done = 0;
  private readonly cursors = new Map<string, number>();
  readonly pauses: Pause[] = [];
  private readonly began: number;

  constructor(private readonly options: WorldOptions) {
    this.random = randomFrom(options.seed);
    this.began = this.clock.wall();
    for (let count = 0; count < 3; count++) this.processes.push(this.process());
  }

  private process(): Process {
    const clock = new ProcessClock(this.clock);
    clock.shift = (this.random() - 0.5) * Math.max(2000, this.options.jumps);
    const timetable = new Timetable({
      name: NAME,
      clock,
      store: this.storeFor(clock),
      adder: {
        done: () => this.call(clock, async () => this.done),
        reaches: (seq) => this.call(clock, async () => this.highest >= seq),
        add: (tasks, _, since) => this.add(clock, tasks, since),
      },
      key: null,
      mayBegin: () => {},
      make: () => {},
      breathe: () => new Promise((resolve) => clock.at(clock.now(), resolve)),
      trouble: (error) => this.troubles.push(error.message),
      info: () => {},
    });
    timetable.declare(declared('a', this.options.rules));
    timetable.declare(declared('b', this.options.rules));
    return { clock, timetable };
  }

  /** A call: there, carried out, and back, each after a while; or never. */
  private call<T>(clock: ProcessClock, act: () => Promise<T>): Promise<T> {
    const { random } = this;
    const isBad = !this.isPeace && random() < 0.08;
    const there = isBad ? random() * 8000 : random() * 40;
    const isLost = isBad && random() < 0.4;
    return new Promise((resolve, reject) => {
      const gone = new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');
      clock.at(clock.now() + LIMIT_MS, () => reject(gone));
      if (isBad && random() < 0.3) return;
      this.clock.at(this.clock.now() + there, () => {
        void act().then((value) => {
          if (!isLost) clock.at(clock.now() + random() * 40, () => resolve(value));
        });
      });
    });
  }

  private storeFor(clock: ProcessClock): ScheduleStore {
    const { rows } = this;
    return {
      readSchedules: (name, ids) => this.call(clock, () => rows.readSchedules(name, ids)),
      findSchedule: (name, id) => this.call(clock, () => rows.findSchedule(name, id)),
      writeSchedules: (name, writes) => this.call(clock, () => this.written(name, writes)),
      touchSchedules: (name, ids, at) => this.call(clock, () => rows.touchSchedules(name, ids, at)),
      pauseSchedule: (name, id, pause) => this.call(clock, () => rows.pauseSchedule(name, id, pause)),
      resumeSchedule: (name, id, at) => this.call(clock, () => rows.resumeSchedule(name, id, at)),
      deleteSchedule: (name, id, since) => this.call(clock, () => rows.deleteSchedule(name, id, since)),
    };
  }

  private async written(name: string, writes: readonly ScheduleWrite[]): Promise<boolean> {
    const isAll = await this.rows.writeSchedules(name, writes);
    for (const { id, cursor } of await this.rows.readSchedules(name, null)) {
      if (cursor < (this.cursors.get(id) ?? 0)) this.faults.push(`the cursor of ${id} moved back`);
      this.cursors.set(id, cursor);
    }
    return isAll;
  }

  /** As a store does it that has no transactions: looks for the highest number, then for the origins, then inserts. */
  private async add(
    clock: ProcessClock,
    tasks: Parameters<Timetable['parts']['adder']['add']>[0],
    since: Moment,
  ): ReturnType<Timetable['parts']['adder']['add']> {
    const wall = clock.wall();
    for (const { slot, schedule } of tasks) {
      if (slot + jitterOf(schedule, slot, this.options.rules.jitter) > wall)
        this.faults.push(`${schedule} before its time`);
      if (this.isToPass(schedule, slot)) this.faults.push(`${schedule} has a task for ${slot}, and was paused`);
    }
    const results: { seq: number | null }[] = [];
    while (results.length < tasks.length) {
      const highest = await this.call(clock, async () => this.highest);
      const there = await this.call(clock, async () => new Set(this.kept.map(({ origin }) => origin)));
      let seq = highest;
      for (const { schedule, slot } of tasks.slice(results.length)) {
        const origin = originOf(schedule, slot);
        if (there.has(origin)) results.push({ seq: null });
        else {
          if (clock.now() - since.now > TRUST_MS) throw new StoreError('ERR_STORE_UNAVAILABLE', 'too late');
          if (!(await this.insert(clock, { origin, slot, after: seq, since }))) break;
          seq += 1;
          results.push({ seq });
        }
      }
    }
    return results;
  }

  private insert(
    clock: ProcessClock,
    { origin, slot, after, since }: { origin: string; slot: number; after: number; since: Moment },
  ): Promise<boolean> {
    return this.call(clock, async () => {
      // What comes later than all patience is told apart by its number.
      if (this.highest !== after || this.clock.now() - since.now > 3 * TRUST_MS) return false;
      if (this.queue.some((task) => task.origin === origin)) this.faults.push(`${origin} has two tasks`);
      this.queue.push({ seq: after + 1, origin, slot, doneAt: null });
      // The worst moment: the task is stored, and the cursor has not moved.
      if (!this.isPeace && this.random() < this.options.deaths) this.kill(clock);
      return true;
    });
  }

  private get highest(): number {
    return this.queue.at(-1)?.seq ?? 0;
  }

  /** Tasks that are not trimmed. */
  private get kept(): QueuedSlot[] {
    return this.queue.filter(({ doneAt }) => doneAt === null || this.clock.now() - doneAt <= KEPT_MS);
  }

  // ---- what happens ----

  /** Makes one process master. The one before hears of it a little later, if it is there. */
  private elect(): void {
    const { random } = this;
    this.term = this.options.losses === true && random() < 0.3 ? 1 : this.term + 1;
    const next = this.processes[Math.floor(random() * this.processes.length)];
    for (const process of this.processes) {
      if (process === next) continue;
      process.clock.at(process.clock.now() + random() * 3000, () => process.timetable.end());
    }
    const { term } = this;
    this.master = next;
    next?.clock.at(next.clock.now() + random() * 500, () => next.timetable.start(term));
  }

  private strike(): void {
    const { random, processes } = this;
    const victim = processes[Math.floor(random() * processes.length)];
    if (victim === undefined) return;
    const kind = random();
    if (kind < 0.3) this.kill(victim.clock);
    else if (kind < 0.55) victim.clock.stall(random() * 50_000);
    else if (kind < 0.75) victim.clock.shift += (random() - 0.4) * this.options.jumps;
    else if (kind < 0.85) for (const { timetable } of processes) timetable.end();
    this.elect();
  }

  private kill(clock: ProcessClock): void {
    clock.dead = true;
    this.processes = this.processes.map((process) => (process.clock === clock ? this.process() : process));
    this.elect();
  }

  /** The clock of a master that is behind lets slots of the last two minutes have a task after a resume. */
  private isToPass(schedule: string, slot: number): boolean {
    return this.pauses.some(
      ({ id, from, to }) => id === schedule && slot > from + DIFFER_MS && slot < to - LATE_MS - DIFFER_MS,
    );
  }

  /** People have a clock that is right. */
  private async pauseOrResume(id: string): Promise<void> {
    const now = this.clock.wall();
    const open = this.pauses.find((pause) => pause.id === id && pause.to === Number.POSITIVE_INFINITY);
    if (open !== undefined) {
      open.to = now;
      await this.rows.resumeSchedule(NAME, id, now);
    } else if (await this.rows.pauseSchedule(NAME, id, { by: 'ann', at: new Date(now) }))
      this.pauses.push({ id, from: now, to: Number.POSITIVE_INFINITY });
  }

  private work(): void {
    const head = this.queue.find(({ doneAt }) => doneAt === null);
    if (head === undefined || this.random() < 0.3) return;
    if (!this.master?.timetable.mayBegin(head.origin)) return;
    head.doneAt = this.clock.now();
    this.done = head.seq;
  }

  /** Lets hours pass with faults, and then some in peace. */
  async run(hours: number): Promise<void> {
    this.elect();
    const end = this.clock.now() + hours * 3_600_000;
    let strikeAt = this.clock.now() + 60_000;
    while (this.clock.now() < end) {
      await this.clock.advance(5000);
      this.master?.timetable.heldUntil(this.clock.now());
      this.work();
      const { pauses = 0 } = this.options;
      if (pauses > 0 && this.random() < pauses) await this.pauseOrResume('a');
      if (this.clock.now() < strikeAt) continue;
      this.strike();
      strikeAt = this.clock.now() + this.random() * 900_000;
    }
    this.isPeace = true;
    if (this.pauses.at(-1)?.to === Number.POSITIVE_INFINITY) await this.pauseOrResume('a');
    for (const { clock } of this.processes) clock.shift = 0;
    await this.clock.advance(120_000);
    this.elect();
    // A clock that has run ahead has settled slots of the future, and they come first.
    for (let beat = 0; beat < 120; beat++) {
      await this.clock.advance(5000);
      this.master?.timetable.heldUntil(this.clock.now());
    }
  }

  /** Returns the slots of a schedule that are settled, have no task, and did not pass in a pause: those that were open by then may. */
  async without(id: string): Promise<number[]> {
    const [row] = await this.rows.readSchedules(NAME, [id]);
    if (row === undefined) return [0];
    const { next } = readPattern(row.pattern, row.timeZone, 0);
    const queued = new Set(this.queue.map(({ origin }) => origin));
    const missing: number[] = [];
    for (let slot = next(this.began + 300_000); slot !== null && slot <= row.cursor; slot = next(slot)) {
      if (!queued.has(originOf(id, slot))) missing.push(slot);
    }
    const passed = new Set<number>();
    for (const slot of missing.toReversed()) {
      const isOpen = passed.has(next(slot) ?? 0);
      if (isOpen || this.pauses.some((one) => one.id === id && slot >= one.from && slot <= one.to + DIFFER_MS))
        passed.add(slot);
    }
    return missing.filter((slot) => !passed.has(slot));
  }

  async cursor(id: string): Promise<number> {
    return (await this.rows.readSchedules(NAME, [id]))[0]?.cursor ?? 0;
  }
}
