/**
 * Tells the store which names are hosted, for its hints. It is told all of them each time, so what a thousand clusters change
 * one after another is told once, a moment later: members look every POLL until then, as without hints.
 */
import type { WantedHints } from '../store/store.js';
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';

/** Between two tellings at least, in ms. */
const PAUSE_MS = 100;

export class HintWishes {
  private readonly alarm: Alarm;
  private toldAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly tell: () => void,
  ) {
    this.alarm = new Alarm(clock, () => {
      this.toldAt = this.clock.now();
      this.tell();
    });
  }

  /** The names have changed. */
  changed(): void {
    this.alarm.by(Math.max(this.clock.now(), this.toldAt + PAUSE_MS));
  }

  close(): void {
    this.alarm.clear();
  }
}

/** Returns what the store is told of these clusters. */
export function wishesOf(hosted: Iterable<{ readonly name: string; readonly storesTasks: boolean }>): WantedHints {
  const lease = new Set<string>();
  const tasks = new Set<string>();
  for (const { name, storesTasks } of hosted) {
    lease.add(name);
    if (storesTasks) tasks.add(name);
  }
  return { lease: [...lease].sort(), tasks: [...tasks].sort() };
}
