/**
 * Schedules in MongoDB, a collection of their own:
 *
 *   failover_schedules  { _id: length of name + '/' + name + '/' + id, subsystem, id, pattern, timeZone, missed, maxMissed, within,
 *                         overlap, jitter, from, until, digest, payload, cursor, term, lastSeq, last, next, missedCount, missedAt,
 *                         declared, parked, paused: { by, reason, at }, resumed }
 *
 * Its times are in ms since 1970. No index is needed: the keys of a subsystem are a range.
 */
import { type Fields, readableIn } from '../documents.js';
import { partsOf } from '../parts.js';
import {
  newSchedule,
  ScheduleReader,
  scheduleKeyOf,
  scheduleKeysOf,
  storedChange,
  storedPause,
} from '../scheduleDocuments.js';
import type { DeletedSchedule, SchedulePause, ScheduleStore, ScheduleWrite, StoredSchedule } from '../schedules.js';
import { type Commands, ofOurFormat } from './commands.js';
import { majority } from './tasks/taskReads.js';

export const SCHEDULES = 'failover_schedules';
/** Schedules in one answer. */
const READ_MAX = 1000;
/** Writes, and bytes of their payloads, in one command. */
const writeLimits = { items: 500, bytes: 4 * 1024 * 1024 };
const DUPLICATE_KEY = 11000;
const withoutPayload = { projection: { payload: 0 }, sort: { _id: 1 }, ...majority } as const;

export class MongodbSchedules implements ScheduleStore {
  constructor(private readonly commands: Commands) {}

  readSchedules(name: string, ids: readonly string[] | null): Promise<StoredSchedule[]> {
    return ids === null ? this.readAll(name) : this.readSome(name, ids);
  }

  private async readAll(name: string): Promise<StoredSchedule[]> {
    const prefix = scheduleKeysOf(name);
    // The character after the slash: all keys of the name are below.
    const $lt = `${prefix.slice(0, -1)}0`;
    const found: StoredSchedule[] = [];
    for (let after: unknown = prefix; ; ) {
      const range = { _id: { $gt: after, $lt } };
      const some = await this.commands.find('readSchedules', SCHEDULES, range, { ...withoutPayload, limit: READ_MAX });
      found.push(...this.readable(some));
      if (some.length < READ_MAX) return found;
      after = some.at(-1)?._id;
    }
  }

  private async readSome(name: string, ids: readonly string[]): Promise<StoredSchedule[]> {
    const found: StoredSchedule[] = [];
    for (let at = 0; at < ids.length; at += READ_MAX) {
      const keys = ids.slice(at, at + READ_MAX).map((id) => scheduleKeyOf(name, id));
      const options = { ...withoutPayload, limit: keys.length };
      found.push(
        ...this.readable(await this.commands.find('readSchedules', SCHEDULES, { _id: { $in: keys } }, options)),
      );
    }
    return found;
  }

  async findSchedule(name: string, id: string): ReturnType<ScheduleStore['findSchedule']> {
    const _id = scheduleKeyOf(name, id);
    const [found] = await this.commands.find('findSchedule', SCHEDULES, { _id }, { limit: 1, ...majority });
    if (found === undefined) return null;
    const reader = this.reader(found);
    return { ...reader.schedule(), payload: reader.payload() };
  }

  async writeSchedules(name: string, writes: readonly ScheduleWrite[]): Promise<boolean> {
    let isAll = true;
    for (const some of partsOf(writes, ({ set }) => set.payload?.length ?? 0, writeLimits)) {
      const isWritten = await this.writeSome(name, some);
      isAll &&= isWritten;
    }
    return isAll;
  }

  private async writeSome(name: string, writes: readonly ScheduleWrite[]): Promise<boolean> {
    const { commands } = this;
    const made: Fields[] = [];
    const changed: { q: Fields; u: Fields }[] = [];
    for (const write of writes) {
      const { id, expected, term, over, set } = write;
      const _id = scheduleKeyOf(name, id);
      if (expected === null) made.push({ _id, ...newSchedule(name, write) });
      else {
        const { cursor, pattern, timeZone } = expected;
        const q = { _id, cursor, pattern, timeZone, term: over ?? { $lte: term }, ...ofOurFormat };
        changed.push({ q, u: { $set: storedChange(term, set) } });
      }
    }
    // One that is there by now stays as it is.
    const refused = await commands.insertAll('writeSchedules', SCHEDULES, made);
    const failed = [...refused.values()].find(({ code }) => code !== DUPLICATE_KEY);
    if (failed !== undefined) throw failed.error;
    const { matched, errors } = await commands.updateAll('writeSchedules', SCHEDULES, changed);
    for (const error of errors.values()) throw error;
    return refused.size === 0 && matched === changed.length;
  }

  async touchSchedules(name: string, ids: readonly string[], at: number): Promise<void> {
    const touched = ids.map((id) => ({
      q: { _id: scheduleKeyOf(name, id), ...ofOurFormat },
      u: { $max: { declared: at } },
    }));
    await this.commands.updateEach('touchSchedules', SCHEDULES, touched);
  }

  pauseSchedule(name: string, id: string, pause: SchedulePause): Promise<boolean> {
    const same = { _id: scheduleKeyOf(name, id), ...ofOurFormat };
    return this.commands.update('pauseSchedule', SCHEDULES, same, { $set: { paused: storedPause(pause) } });
  }

  async resumeSchedule(name: string, id: string, at: number): Promise<boolean> {
    const { commands } = this;
    const same = { _id: scheduleKeyOf(name, id), ...ofOurFormat };
    const change = { $set: { paused: null, resumed: at } };
    if (await commands.update('resumeSchedule', SCHEDULES, { ...same, paused: { $ne: null } }, change)) return true;
    const found = await commands.find('resumeSchedule', SCHEDULES, same, {
      ...{ limit: 1, projection: { _id: 1 } },
      ...majority,
    });
    return found.length > 0;
  }

  async deleteSchedule(name: string, id: string, since: number): Promise<DeletedSchedule> {
    const _id = scheduleKeyOf(name, id);
    const isDeleted = await this.commands.delete(
      'deleteSchedule',
      SCHEDULES,
      { _id, declared: { $lte: since }, ...ofOurFormat },
      1,
    );
    if (isDeleted > 0) return { deleted: true };
    const [found] = await this.commands.find('deleteSchedule', SCHEDULES, { _id }, { limit: 1, ...majority });
    return { deleted: false, declared: found === undefined ? null : this.reader(found).schedule().declared };
  }

  private readable(documents: readonly Fields[]): StoredSchedule[] {
    return documents.flatMap((document) => readableIn(() => this.reader(document).schedule()));
  }

  private reader(document: Fields): ScheduleReader {
    return new ScheduleReader(document, this.commands.where(document._id));
  }
}
