/** When a stored queue is looked at: each POLL, and for new tasks not so often if the store is slow, so the looks of many queues do not delay beats. */
import { Alarm } from '../../time/alarm.js';
import type { Clock } from '../../time/clock.js';

/** Looks are on a grid of so many ms: the end of each timer blocks the thread, once for all that end together (systemClock.ts). */
const POLL_GRID_MS = 10;
/** After a look for new tasks the next one waits ten times as long as that look took, but no more than four POLL. */
const POLL_REST = { times: 10, polls: 4 };

interface PollingParts {
  readonly clock: Clock;
  /** Between two turns, in ms. */
  readonly poll: number;
  turn(): void;
}

export class Polling {
  /** Before then the store is not asked for new tasks: it was slow to answer. */
  private lookFrom = 0;
  private readonly alarm: Alarm;

  constructor(private readonly parts: PollingParts) {
    this.alarm = new Alarm(parts.clock, () => {
      this.schedule();
      parts.turn();
    });
  }

  schedule(): void {
    const { clock, poll } = this.parts;
    const now = clock.now();
    const onGrid = Math.floor((now + poll) / POLL_GRID_MS) * POLL_GRID_MS;
    this.alarm.by(onGrid > now ? onGrid : now + poll);
  }

  end(): void {
    this.alarm.clear();
  }

  /** Looks for new tasks, unless one look is under way, or the last was slow. */
  async look(fetch: () => Promise<void>): Promise<void> {
    const { clock, poll } = this.parts;
    const began = clock.now();
    if (began < this.lookFrom) return;
    this.lookFrom = Number.POSITIVE_INFINITY;
    await fetch();
    const took = clock.now() - began;
    this.lookFrom = began + Math.min(POLL_REST.polls * poll, POLL_REST.times * took);
  }
}
