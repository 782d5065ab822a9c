/**
 * The clients: they submit tasks for as long as the faults last. A stored task is submitted to any one member, and again
 * until a member has answered; one for queues in memory is fed to every member, to each in an order and at a time of its
 * own, and to a member that is made later not at all.
 */

import type { TaskId } from '../../../src/task/task.ts';
import type { TaskBatch } from '../../../src/wire/messages.ts';
import type { Natures } from './behaviour.ts';
import type { Habits } from './habits.ts';
import type { Ledger } from './ledger.ts';
import type { SimulatedProcess } from './process.ts';

/** After so many ms without an answer a client submits again. */
const PATIENCE = 2500;
const PAUSE_MS = 200;
const block = new Uint8Array(new SharedArrayBuffer(0));

interface FeedingParts {
  readonly habits: Habits;
  readonly natures: Natures;
  readonly ledger: Ledger;
  readonly random: () => number;
  living(): readonly SimulatedProcess[];
  later(ms: number, run: () => void): void;
}

export class Feeding {
  private made = 0;
  /** Submitted, and not known to be stored. */
  private readonly open = new Set<TaskId>();

  constructor(private readonly parts: FeedingParts) {}

  /** Whether every task that was to be stored is. */
  get isDone(): boolean {
    return this.open.size === 0;
  }

  /** Some more tasks. */
  feed(): void {
    const { random, habits, natures } = this.parts;
    const ids: TaskId[] = [];
    for (let count = 1 + Math.floor(random() ** 2 * habits.burst); count > 0; count--) {
      this.made += 1;
      const id = this.made % 3 === 0 ? `t${this.made}` : this.made;
      natures.give(id);
      ids.push(id);
    }
    if (habits.options.durable) {
      for (const id of ids) this.open.add(id);
      this.submit(ids);
    } else for (const process of this.parts.living()) this.feedOne(process, ids);
  }

  private submit(ids: readonly TaskId[]): void {
    const { random, later } = this.parts;
    const left = ids.filter((id) => this.open.has(id));
    if (left.length === 0) return;
    const living = this.parts.living();
    const process = living[Math.floor(random() * living.length)];
    if (process === undefined) return later(PAUSE_MS, () => this.submit(left));
    let answered = false;
    const again = (): void => {
      if (answered) return;
      answered = true;
      later(PAUSE_MS, () => this.submit(left));
    };
    process.hold(() => {
      if (!process.alive) return;
      process.work.submit(batchOf(left)).then(() => {
        answered = true;
        for (const id of left) this.open.delete(id);
      }, again);
    });
    later(PATIENCE, again);
  }

  private feedOne(process: SimulatedProcess, ids: readonly TaskId[]): void {
    const { random, habits, ledger, later } = this.parts;
    const own = random() < 0.5 ? shuffled(ids, random) : [...ids];
    for (let parts = 1 + Math.floor(random() * 3); parts > 0; parts--) {
      const some = own.splice(0, Math.ceil(own.length / parts));
      if (some.length === 0) continue;
      later(random() * habits.lateFeed, () =>
        process.hold(() => {
          if (!process.alive) return;
          for (const id of some) ledger.fed(process, id);
          void process.work.submit(batchOf(some));
        }),
      );
    }
  }
}

function batchOf(ids: readonly TaskId[]): TaskBatch {
  const zeros = ids.map(() => 0);
  return { block, ids, offsets: zeros, lengths: zeros };
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const left = [...values];
  const result: T[] = [];
  while (left.length > 0) result.push(...left.splice(Math.floor(random() * left.length), 1));
  return result;
}
