/** How simulated processes of one machine hear that another one has ended: at once, late, not at all, and for no reason. */
import type { Lifelines } from '../../../src/surroundings/lifelines.ts';
import { type ProcessIdentity, processKey } from '../../../src/surroundings/processIdentity.ts';

/** A process that was dialled, and is told. */
export interface Party {
  readonly identity: ProcessIdentity;
  readonly dead: boolean;
  /** Calls when the process runs again, if it is held up. */
  hold(run: () => void): void;
}

interface Line {
  readonly to: string;
  readonly follower: Party;
  ended: (() => void) | null;
}

interface LifelinesParts {
  readonly random: () => number;
  parties(): readonly Party[];
  later(ms: number, run: () => void): void;
}

/** Of lines: that are refused, that end although the process lives, and whose end is heard of late. */
const CHANCES = { refused: 0.2, broken: 0.1, late: 0.2 };
const BROKEN_AFTER_MAX_MS = 5000;
const LATE_MAX_MS = 300;

export class SimulatedLifelines {
  private readonly lines = new Set<Line>();

  constructor(private readonly parts: LifelinesParts) {}

  of(follower: Party): Lifelines {
    return { follow: (process, ended) => this.follow(follower, process, ended) };
  }

  private follow(follower: Party, process: ProcessIdentity, ended: () => void): () => void {
    const { random, parties, later } = this.parts;
    const to = processKey(process);
    const isThere = parties().some(({ dead, identity }) => !dead && processKey(identity) === to);
    if (!isThere || random() < CHANCES.refused) return () => {};
    const line: Line = { to, follower, ended };
    this.lines.add(line);
    if (random() < CHANCES.broken) later(random() * BROKEN_AFTER_MAX_MS, () => this.end(line));
    return () => {
      line.ended = null;
      this.lines.delete(line);
    };
  }

  /** The process has ended, and with it all of its lines. */
  ended({ identity }: Party): void {
    const { random, later } = this.parts;
    const key = processKey(identity);
    for (const line of this.lines) {
      if (line.to === key) later(random() < CHANCES.late ? random() * LATE_MAX_MS : random(), () => this.end(line));
    }
  }

  private end(line: Line): void {
    this.lines.delete(line);
    line.follower.hold(() => line.ended?.());
  }
}
