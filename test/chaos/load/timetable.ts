/**
 * The schedules of the members. A clock that jumped ahead settles the slots of hours, so after such a fault a new generation of
 * schedules begins, and the one before ends: the runner says so by a file, which all members read.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FailoverError, type ManagedCluster } from 'mongo-failover';
import type { LineFile } from '../lineFile.ts';
import type { Task } from '../task.ts';
import type { TrueTime } from './trueTime.ts';

export interface ScheduleRule {
  readonly id: string;
  /** Between two slots, in ms. */
  readonly every: number;
  readonly missed: 'all' | 'once' | 'skip';
  readonly maxMissed: number;
  readonly overlap: 'queue' | 'skip';
  readonly jitter: number;
}

/** The one that people pause now and then. */
export const HELD = 'held';

/** Where slots overlap, some may have no task. */
const rules: readonly ScheduleRule[] = [
  { id: 'all', every: 1000, missed: 'all', maxMissed: 20, overlap: 'queue', jitter: 0 },
  { id: 'once', every: 2000, missed: 'once', maxMissed: 1, overlap: 'queue', jitter: 400 },
  { id: 'skip', every: 3000, missed: 'skip', maxMissed: 1, overlap: 'skip', jitter: 200 },
  { id: HELD, every: 1000, missed: 'all', maxMissed: 20, overlap: 'queue', jitter: 0 },
];

/** Returns the schedules, with slots that are so many times as rare. */
export function scheduleRules(times: number): ScheduleRule[] {
  return rules.map((rule) => ({ ...rule, every: rule.every * times }));
}

interface Generation {
  readonly number: number;
  /** From when on there are slots, and until when; in ms since 1970. */
  readonly from: number;
  readonly until: number | null;
}

const FILE = 'timetable';
/** How long a generation goes on once it was said to end, in ms: all members shall have read it by then. */
const NOTICE = 2000;

/** The side of the runner. */
export class Generations {
  private readonly all: Generation[] = [];

  constructor(
    private readonly folder: string,
    private readonly events: LineFile,
    private readonly time: TrueTime,
    private readonly rules: readonly ScheduleRule[],
  ) {}

  /** The number of the last one. */
  get last(): number {
    return this.all.at(-1)?.number ?? 0;
  }

  /** When it began, in ms since 1970. */
  get began(): number {
    return this.all.at(-1)?.from ?? 0;
  }

  /** Begins a generation, and ends the one before. */
  next(): void {
    this.endLast();
    const { length: number } = this.all;
    const from = Math.round(this.time.now());
    this.all.push({ number, from, until: null });
    this.events.write({ what: 'opened', at: process.hrtime.bigint(), generation: number, from });
    this.write();
  }

  /** Ends the last one. Returns the ids of the tasks that come last, but for those that may be left out. */
  end(): string[] {
    this.endLast();
    this.write();
    const last = this.all.at(-1);
    if (last === undefined) return [];
    return this.rules
      .filter(({ overlap }) => overlap === 'queue')
      .map(({ id, every }) => slotTaskId(`${id}.${last.number}`, every * Math.floor((last.until ?? 0) / every)));
  }

  private endLast(): void {
    const last = this.all.pop();
    if (last === undefined) return;
    const until = Math.round(this.time.now()) + NOTICE;
    this.all.push({ ...last, until });
    this.events.write({ what: 'closed', at: process.hrtime.bigint(), generation: last.number, until });
  }

  private write(): void {
    const file = join(this.folder, FILE);
    writeFileSync(`${file}.new`, JSON.stringify(this.all));
    renameSync(`${file}.new`, file);
  }
}

function slotTaskId(id: string, slot: number): string {
  return `${id}@${new Date(slot).toISOString().replace('.000Z', 'Z')}`;
}

/** The side of a member: declares what is new in the file. */
export class Declarer {
  private text = '';
  private readonly declared = new Map<number, string>();

  constructor(
    private readonly folder: string,
    private readonly cluster: ManagedCluster<Task>,
    private readonly rules: readonly ScheduleRule[],
  ) {}

  look(): void {
    const text = readFileSync(join(this.folder, FILE), 'utf8');
    if (text === this.text) return;
    this.text = text;
    const generations: Generation[] = JSON.parse(text);
    for (const generation of generations) {
      const shown = JSON.stringify(generation);
      if (this.declared.get(generation.number) === shown) continue;
      this.declared.set(generation.number, shown);
      for (const rule of this.rules) void this.declare(rule, generation);
    }
  }

  private async declare({ id, every, ...options }: ScheduleRule, { number, from, until }: Generation): Promise<void> {
    const pattern = `*/${every / 1000} * * * * *`;
    const times = { from, ...(until === null ? {} : { until }) };
    try {
      await this.cluster.schedule(`${id}.${number}`, pattern, { ms: 0.5 }, { ...options, ...times });
    } catch (error) {
      // The next coordinator is told.
      if (!(error instanceof FailoverError) || !['ERR_COORDINATOR_LOST', 'ERR_STOPPED'].includes(error.code))
        throw error;
    }
  }
}
