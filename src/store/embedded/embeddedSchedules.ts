/** The schedules in the embedded store, as the coordinator sees them. */
import type { DeletedSchedule, SchedulePause, ScheduleStore, ScheduleWrite, StoredSchedule } from '../schedules.js';
import type { StoreCaller } from './storeThread.js';

/** Writes in one transaction: the beats of all members wait for it. */
const WRITTEN_MAX = 200;

export class EmbeddedScheduleStore implements ScheduleStore {
  constructor(private readonly thread: Pick<StoreCaller, 'call'>) {}

  readSchedules(name: string, ids: readonly string[] | null): Promise<StoredSchedule[]> {
    return this.thread.call('readSchedules', [name, ids]);
  }

  findSchedule(name: string, id: string): ReturnType<ScheduleStore['findSchedule']> {
    return this.thread.call('findSchedule', [name, id]);
  }

  async writeSchedules(name: string, writes: readonly ScheduleWrite[]): Promise<boolean> {
    let isAll = true;
    for (let at = 0; at < writes.length; at += WRITTEN_MAX) {
      const isWritten = await this.thread.call('writeSchedules', [name, writes.slice(at, at + WRITTEN_MAX)]);
      isAll &&= isWritten;
    }
    return isAll;
  }

  async touchSchedules(name: string, ids: readonly string[], at: number): Promise<void> {
    for (let from = 0; from < ids.length; from += WRITTEN_MAX) {
      await this.thread.call('touchSchedules', [name, ids.slice(from, from + WRITTEN_MAX), at]);
    }
  }

  pauseSchedule(name: string, id: string, pause: SchedulePause): Promise<boolean> {
    return this.thread.call('pauseSchedule', [name, id, pause]);
  }

  resumeSchedule(name: string, id: string, at: number): Promise<boolean> {
    return this.thread.call('resumeSchedule', [name, id, at]);
  }

  deleteSchedule(name: string, id: string, since: number): Promise<DeletedSchedule> {
    return this.thread.call('deleteSchedule', [name, id, since]);
  }
}
