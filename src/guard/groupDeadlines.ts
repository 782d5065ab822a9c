/**
 * Kills the groups whose time is over. Their ward moves that time on with each beat, and kills them itself before it comes. So
 * this happens only if the ward is stopped, or so late that its lease could end first.
 */
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';
import type { Duties, ProcessGroup } from './orders.js';

/** Before a group that still lives is killed again, in ms: a signal may be lost to a change of rights. */
const AGAIN_MS = 100;

interface GroupDeadlinesParts {
  readonly duties: Duties;
  readonly clock: Clock;
  kill(group: ProcessGroup): void;
  /** Returns whether a process of the group may be left. */
  lives(group: ProcessGroup): boolean;
}

export class GroupDeadlines {
  private readonly alarm: Alarm;

  constructor(private readonly parts: GroupDeadlinesParts) {
    this.alarm = new Alarm(parts.clock, () => this.look());
  }

  /** Called when the duties have changed. */
  changed(): void {
    this.alarm.clear();
    for (const { until } of this.parts.duties.groups.values()) if (until !== undefined) this.alarm.by(until);
  }

  private look(): void {
    const { duties, clock, kill, lives } = this.parts;
    const now = clock.now();
    for (const group of duties.groups.values()) {
      if (group.until === undefined) continue;
      if (group.until > now) this.alarm.by(group.until);
      else if (lives(group)) {
        kill(group);
        this.alarm.by(now + AGAIN_MS);
      }
    }
  }
}
