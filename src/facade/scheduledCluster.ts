/** The calls about schedules, of a cluster that has a queue. */
import type { ScheduleInfo } from '../requests/scheduleInfo.js';
import { type PreviewOptions, previewSlots, type ScheduleOptions } from '../schedules/options.js';
import { systemClock } from '../time/systemClock.js';
import { Cluster } from './cluster.js';
import type { Backfilled, ScheduledTask, SchedulePauseOptions, Schedules } from './schedulesApi.js';
import type { Scheduling } from './scheduling.js';

/** Its public members are described in `schedulesApi.ts`. */
export abstract class ScheduledCluster<Task extends object> extends Cluster implements Schedules<Task> {
  protected abstract readonly scheduling: Scheduling;

  async schedule(id: string, pattern: string, task: ScheduledTask<Task>, options?: ScheduleOptions): Promise<void> {
    this.mustNotBeStopped();
    await this.scheduling.schedule(id, pattern, task, options);
  }

  async schedules(): Promise<ScheduleInfo[]> {
    this.mustNotBeStopped();
    return this.scheduling.list();
  }

  preview(pattern: string, options?: PreviewOptions): Date[] {
    return previewSlots(pattern, options, systemClock.wall());
  }

  async trigger(id: string): Promise<boolean> {
    this.mustNotBeStopped();
    return this.scheduling.trigger(id);
  }

  async backfill(id: string, from: Date | number, to: Date | number): Promise<Backfilled> {
    this.mustNotBeStopped();
    return this.scheduling.backfill(id, from, to);
  }

  async pauseSchedule(id: string, options?: SchedulePauseOptions): Promise<void> {
    this.mustNotBeStopped();
    await this.scheduling.pause(id, options);
  }

  async resumeSchedule(id: string): Promise<void> {
    this.mustNotBeStopped();
    await this.scheduling.resume(id);
  }

  async deleteSchedule(id: string): Promise<void> {
    this.mustNotBeStopped();
    await this.scheduling.delete(id);
  }
}
