/** Looks each POLL whether entries of the outbox are due, for all masters of a coordinator by one call. */
import type { OutboxStore } from '../store/outbox.js';
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';

interface OutboxWatchParts {
  readonly outbox: Pick<OutboxStore, 'namesWaiting'>;
  readonly clock: Clock;
  /** Between two looks, in ms. */
  readonly poll: number;
}

/** After a slow look the next one waits so many times as long as that one took, but no more than so many POLL. */
const REST = { times: 10, polls: 4 };

export class OutboxWatch {
  private readonly watched = new Map<string, Set<() => void>>();
  private readonly alarm: Alarm;
  private looking = false;

  constructor(private readonly parts: OutboxWatchParts) {
    this.alarm = new Alarm(parts.clock, () => void this.look());
  }

  /** Calls `waiting` whenever entries of this subsystem are due. Returns how to stop that. */
  add(name: string, waiting: () => void): () => void {
    const told = this.watched.get(name) ?? new Set();
    this.watched.set(name, told.add(waiting));
    if (!this.looking) this.alarm.by(this.parts.clock.now() + this.parts.poll);
    return () => {
      told.delete(waiting);
      if (told.size === 0 && this.watched.get(name) === told) this.watched.delete(name);
      if (this.watched.size === 0) this.alarm.clear();
    };
  }

  private async look(): Promise<void> {
    const { outbox, clock, poll } = this.parts;
    const began = clock.now();
    this.looking = true;
    const all = [...this.watched.keys()];
    // If it fails, as if entries were due in all of them: each master looks by itself, and tells it if that fails as well.
    const names = await outbox.namesWaiting(all, new Date(clock.wall())).catch(() => all);
    this.looking = false;
    for (const name of names) for (const waiting of this.watched.get(name) ?? []) waiting();
    if (this.watched.size === 0) return;
    const rest = Math.min(REST.polls * poll, REST.times * (clock.now() - began));
    this.alarm.by(began + Math.max(poll, rest));
  }
}
