/**
 * Keeps a least time between the starts of two tasks (`minInterval`), over hand-overs and crashes, too: a new mastership waits
 * the whole of it before its first task. All that the last master began, it began before its lease ended, and so before this
 * mastership. So no clocks of two machines are compared, and a hand-over makes the time longer, never shorter.
 */
import { Alarm } from '../../time/alarm.js';
import type { Clock } from '../../time/clock.js';
import type { QueuedTask } from '../runner.js';
import type { TaskSource } from '../taskSource.js';

export class Pacing implements TaskSource {
  private from = 0;
  /** Whether a task has begun since something was last asked for. */
  private begun = false;
  private readonly alarm: Alarm;

  constructor(
    private readonly source: TaskSource,
    private readonly parts: {
      readonly clock: Clock;
      /** In ms. */
      readonly minInterval: number;
      /** Whether a task may begin long after `began`. Then the interval counts from when the next is asked for: once it has ended. */
      readonly beginsLate: boolean;
      /** Called when the next task may begin. */
      due(): void;
    },
  ) {
    this.alarm = new Alarm(parts.clock, () => parts.due());
  }

  /** A task is handed over, which begins now, or on a main thread by the end of its run. */
  began(): void {
    this.begun = this.parts.beginsLate;
    this.rest();
  }

  /** Nothing begins for the whole interval: at the beginning of a mastership, and whenever a task begins. */
  rest(): void {
    const { clock, minInterval } = this.parts;
    this.from = clock.now() + minInterval;
    this.alarm.clear();
  }

  /** Ends the wait, with the mastership. */
  end(): void {
    this.alarm.clear();
  }

  get waits(): boolean {
    return this.source.waits && this.isDue();
  }

  get awaitsStore(): boolean {
    return this.source.awaitsStore && this.parts.clock.now() >= this.from;
  }

  ready(most: number): readonly QueuedTask[] {
    if (this.begun) {
      this.begun = false;
      this.rest();
    }
    return this.isDue() ? this.source.ready(Math.min(1, most)) : [];
  }

  isHead(task: QueuedTask): boolean {
    return this.source.isHead?.(task) ?? true;
  }

  remove(count: number): void {
    this.source.remove(count);
  }

  private isDue(): boolean {
    if (this.parts.clock.now() >= this.from) return true;
    this.alarm.by(this.from);
    return false;
  }
}
