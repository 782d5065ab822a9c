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
/** How long an id stays taken, at most, in ms. */
const PERIOD_MAX_MS = 3000;
const block = new Uint8Array(new SharedArrayBuffer(0));

interface FeedingParts {
  readonly habits: Habits;
  readonly natures: Natures;
  readonly ledger: Ledger;
  readonly random: () => number;
  /** Draws what is done with ids that stay taken. */
  readonly unique: () => number;
  living(): readonly SimulatedProcess[];
  later(ms: number, run: () => void): void;
}

export class Feeding {
  private made = 0;
  /** Submitted, and not known to be stored. */
  private readonly open = new Set<TaskId>();
  /** How long some ids stay taken, in ms. */
  private readonly periods = new Map<TaskId, number>();

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
      this.keepTaken(id);
    }
    if (habits.options.durable) {
      for (const id of ids) this.open.add(id);
      this.submit(ids);
    } else for (const process of this.parts.living()) this.feedOne(process, ids);
  }

  /** Keeps some ids taken for longer, and submits some of these again. */
  private keepTaken(id: TaskId): void {
    const { habits, unique, ledger, later } = this.parts;
    if (!habits.keepsIds || unique() < 0.5) return;
    const period = Math.ceil(unique() * PERIOD_MAX_MS);
    this.periods.set(id, period);
    ledger.keepsTaken(id, period);
    if (unique() < 0.7) later(unique() * 1.5 * PERIOD_MAX_MS, () => this.again(id));
  }

  private again(id: TaskId): void {
    if (this.open.has(id)) return;
    this.open.add(id);
    this.submit([id]);
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
      const uniqueFor = this.parts.habits.keepsIds ? left.map((id) => this.periods.get(id)) : undefined;
      process.work.submit(batchOf(left, uniqueFor)).then(() => {
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

/** `uniqueFor`: how long each id stays taken, in ms, or undefined. */
export function batchOf(ids: readonly TaskId[], uniqueFor?: readonly (number | undefined)[]): TaskBatch {
  const zeros = ids.map(() => 0);
  return { block, ids, offsets: zeros, lengths: zeros, ...(uniqueFor === undefined ? {} : { uniqueFor }) };
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const left = [...values];
  const result: T[] = [];
  while (left.length > 0) result.push(...left.splice(Math.floor(random() * left.length), 1));
  return result;
}
