/** The documents of schedules, in both stores, and the check of every one that is read, as in documents.ts. */
import { DocumentReader, type Fields, isFields } from './documents.js';
import { ORDER_TEXT_MAX } from './orderDocuments.js';
import type { ScheduleChange, SchedulePause, ScheduleWrite, StoredSchedule } from './schedules.js';
import { TaskReader } from './taskDocuments.js';

const choices = { missed: ['once', 'skip', 'all'], overlap: ['skip', 'queue'] } as const;
const MISSED_MAX = 1000;

/** Returns the key of its document. No pair of a name and an id has that of another pair. */
export function scheduleKeyOf(name: string, id: string): string {
  return `${scheduleKeysOf(name)}${id}`;
}

/** Returns how the keys of all schedules of a subsystem begin. */
export function scheduleKeysOf(name: string): string {
  return `${name.length}/${name}/`;
}

/** Returns the fields of a new schedule but for its key. None is called `name`: those documents are the records of terms. */
export function newSchedule(name: string, { id, term, set, paused }: ScheduleWrite): Fields {
  const pause = paused === undefined || paused === null ? {} : { paused: storedPause(paused) };
  return { subsystem: name, id, ...storedChange(term, set), ...pause };
}

/** Returns the fields that a write sets. */
export function storedChange(term: number, change: ScheduleChange): Fields {
  return Object.fromEntries(Object.entries({ ...change, term }).filter(([, value]) => value !== undefined));
}

export function storedPause({ by, reason, at }: SchedulePause): Fields {
  return { by, ...(reason === undefined ? {} : { reason }), at };
}

export class ScheduleReader extends DocumentReader {
  schedule(): StoredSchedule {
    return {
      id: this.text('id'),
      pattern: this.text('pattern'),
      timeZone: this.text('timeZone'),
      missed: this.choice('missed', choices.missed),
      maxMissed: Math.min(MISSED_MAX, Math.max(1, this.count('maxMissed'))),
      within: this.time('within'),
      overlap: this.choice('overlap', choices.overlap),
      jitter: this.count('jitter'),
      from: this.timeOrNull('from'),
      until: this.timeOrNull('until'),
      digest: this.text('digest'),
      cursor: this.count('cursor'),
      term: this.serial('term'),
      lastSeq: this.timeOrNull('lastSeq'),
      last: this.timeOrNull('last'),
      next: this.timeOrNull('next'),
      missedCount: this.timeOrNull('missedCount') ?? 0,
      missedAt: this.timeOrNull('missedAt'),
      declared: this.count('declared'),
      parked: this.fields.parked === true,
      paused: this.paused(),
      resumed: this.timeOrNull('resumed'),
    };
  }

  payload(): Uint8Array | null {
    const { payload } = this.fields;
    return payload === undefined || payload === null ? null : new TaskReader(this.fields, this.where).bytes('payload');
  }

  private paused(): SchedulePause | null {
    const { paused } = this.fields;
    if (paused === undefined || paused === null) return null;
    if (!isFields(paused)) throw this.alien('paused', 'a document');
    const reader = new ScheduleReader(paused, `${this.where}, in paused`);
    const { reason } = paused;
    return {
      by: reader.text('by').slice(0, ORDER_TEXT_MAX),
      ...(typeof reason === 'string' ? { reason: reason.slice(0, ORDER_TEXT_MAX) } : {}),
      at: reader.date('at'),
    };
  }

  private choice<Choice extends string>(name: string, known: readonly Choice[]): Choice {
    const found = known.find((choice) => choice === this.fields[name]);
    if (found === undefined) throw this.alien(name, known.join(' or '));
    return found;
  }

  private time(name: string): number {
    const value = this.fields[name];
    if (typeof value !== 'number' || !(value >= 0)) throw this.alien(name, 'a time in ms');
    return value;
  }

  private timeOrNull(name: string): number | null {
    const value = this.fields[name];
    return value === undefined || value === null ? null : this.count(name);
  }
}
