/** What the master of a subsystem with schedules warns of. */
import { FailoverError } from '../../errors.js';
import { ClockWatch } from '../../schedules/clockWatch.js';
import type { Plan } from '../../schedules/planner.js';
import type { StoredSchedule } from '../../store/schedules.js';
import type { Clock } from '../../time/clock.js';

const DAY_MS = 86_400_000;
/** By how much a clock may be set forward without a word, in ms. */
const JUMP_MS = DAY_MS;

interface WarningParts {
  readonly name: string;
  readonly clock: Clock;
  trouble(error: Error): void;
}

export class ScheduleWarnings {
  private readonly watch = new ClockWatch();
  /** Schedules whose cursor was found ahead of the clock. */
  private readonly ahead = new Set<string>();
  /** Schedules that had missed too many slots when they were looked at last. */
  private readonly behind = new Set<string>();

  constructor(private readonly parts: WarningParts) {}

  /** A mastership begins. */
  begin(): void {
    this.ahead.clear();
    this.behind.clear();
  }

  /** Returns whether the clock is to be trusted. `seen`: the latest time that a member has left in the store; null if none is known. */
  isClockRight(seen: number | null): boolean {
    const { clock, name, trouble } = this.parts;
    const found = this.watch.look({ wall: clock.wall(), monotonic: clock.sinceBoot() }, seen, JUMP_MS);
    if (typeof found === 'string') return found === 'right';
    const days = (found.jumped / 86_400_000).toFixed(1);
    const text = `the clock is ${days} days ahead of where '${name}' was last seen; if that is right, its schedules go on in 3 minutes`;
    trouble(new FailoverError('ERR_CLOCK_JUMPED', text));
    return false;
  }

  /** Says what people should know of a plan. */
  tell({ id, cursor, maxMissed }: StoredSchedule, plan: Plan, now: number): void {
    const { name, trouble } = this.parts;
    if (!plan.isTooMany) this.behind.delete(id);
    else if (!this.behind.has(id)) {
      this.behind.add(id);
      const text = `the schedule '${id}' of '${name}' has missed more than ${maxMissed} slots (maxMissed): the latest are queued`;
      trouble(new FailoverError('ERR_SCHEDULE_MISSED', text));
    }
    if (cursor <= now + DAY_MS || this.ahead.has(id)) return;
    this.ahead.add(id);
    const until = new Date(cursor).toISOString();
    const text = `the schedule '${id}' of '${name}' is settled until ${until}, so a clock was ahead; it queues nothing before that`;
    trouble(new FailoverError('ERR_CLOCK_JUMPED', text));
  }
}
