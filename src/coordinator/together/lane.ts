/**
 * Calls that take turns, so a store that is slow, or that a few of them wait for, is not asked for all of them at once. One that
 * has been under way for long gives its turn to the next: it may hang, and the others are to get through.
 */
import type { Clock } from '../../time/clock.js';

export interface Job {
  /** When it was asked for. */
  readonly since: number;
  /** Resolves when the call has ended. Must not reject. */
  send(): Promise<void>;
  /** Called in the place of `send`, because it has waited for too long. */
  refuse(): void;
}

interface LaneParts {
  readonly clock: Clock;
  /** Turns. */
  readonly atOnce: number;
  /** Calls under way, with those that have given their turn on. */
  readonly underWayMax: number;
  /** After so long a call gives its turn on, in ms. */
  readonly patience: number;
  /** How long a call may wait for its turn, in ms. */
  readonly wait: number;
}

export class Lane<J extends Job> {
  private queue: J[] = [];
  /** Those that come after all others, and leave half of the turns to them, because the call before had no answer. */
  private doubtful: J[] = [];
  private turns = 0;
  private underWay = 0;
  private doubtfulUnderWay = 0;

  constructor(private readonly parts: LaneParts) {}

  add(job: J, isDoubtful = false): void {
    (isDoubtful ? this.doubtful : this.queue).push(job);
  }

  /** Replaces what waits; without a replacement a job waits no more. */
  change(replacement: (job: J) => J | null): void {
    const changed = (jobs: readonly J[]): J[] => jobs.map(replacement).filter((job) => job !== null);
    this.queue = changed(this.queue);
    this.doubtful = changed(this.doubtful);
  }

  /** Sends what has its turn. */
  run(): void {
    const { atOnce, underWayMax, clock, wait } = this.parts;
    while (this.turns < atOnce && this.underWay < underWayMax) {
      const isDoubtful = this.queue.length === 0;
      if (isDoubtful && this.doubtfulUnderWay >= atOnce / 2) return;
      const job = isDoubtful ? this.doubtful.shift() : this.queue.shift();
      if (job === undefined) return;
      if (clock.now() - job.since >= wait) job.refuse();
      else this.send(job, isDoubtful);
    }
  }

  private send(job: J, isDoubtful: boolean): void {
    const { clock, patience } = this.parts;
    let hasTurn = true;
    const leave = (): void => {
      if (hasTurn) this.turns -= 1;
      hasTurn = false;
    };
    this.turns += 1;
    this.underWay += 1;
    if (isDoubtful) this.doubtfulUnderWay += 1;
    const cancel = clock.at(clock.now() + patience, () => {
      leave();
      this.run();
    });
    void job.send().then(() => {
      cancel();
      leave();
      this.underWay -= 1;
      if (isDoubtful) this.doubtfulUnderWay -= 1;
      this.run();
    });
  }
}
