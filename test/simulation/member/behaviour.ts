/** What the simulated tasks are like, by their natures, and what one call of the work will come to. */
import type { TaskId } from '../../../src/task/task.ts';
import type { Habits } from './habits.ts';

/** All times in ms. */
export interface Behaviour {
  /** Until it ends; infinite: not by itself. */
  readonly takes: number;
  /** `kill` takes the whole process down, `exit` its thread. */
  readonly ends: 'done' | 'refused' | 'throws' | 'kill' | 'exit' | 'postpones';
  /** Of one that postpones itself: for how long. */
  readonly delay?: number;
  /** How long it goes on after it was told to end, if it heeds that at all. */
  readonly lingers: number | null;
  /** In a native call, which nothing can interrupt. */
  readonly native: boolean;
}

type Nature =
  | 'good'
  | 'quick'
  | 'slow'
  | 'moody'
  | 'bad'
  | 'thrower'
  | 'lingering'
  | 'hanging'
  | 'exiting'
  | 'killer'
  | 'native';

const atOnce: Behaviour = { takes: 0, ends: 'done', lingers: null, native: false };
/** How often a task that is queued in memory takes its process down: there is nothing that would end that. */
const KILLS_MAX = 2;
/** How many tasks postpone themselves, how often each does when it begins, and for how long at most, in ms. */
const POSTPONED = { share: 0.15, often: 0.7, most: 600 };

export class Natures {
  private readonly natures = new Map<TaskId, Nature>();
  private readonly kills = new Map<TaskId, number>();
  private readonly troubles: readonly Nature[];
  private readonly postponing = new Set<TaskId>();
  calm = false;

  /** `fate`: draws what is postponed. The rest is as it was without. */
  constructor(
    private readonly habits: Habits,
    private readonly random: () => number,
    private readonly fate: () => number,
  ) {
    const { taskTimeout, fencing, durable } = habits.options;
    const some: Nature[] = ['slow', 'slow', 'moody', 'bad', 'thrower', 'lingering', 'exiting', 'killer'];
    if (Number.isFinite(taskTimeout)) some.push('hanging');
    // A thread that nothing can end may outlive its lease: only a process that is killed for it is safe.
    if (fencing === 'process') some.push('native');
    this.troubles = durable ? some : some.filter((nature) => nature !== 'killer' || random() < 0.5);
  }

  give(id: TaskId): void {
    const { random, habits, troubles } = this;
    const nature = random() < habits.trouble ? troubles[Math.floor(random() * troubles.length)] : undefined;
    if (habits.postpones && this.fate() < POSTPONED.share) this.postponing.add(id);
    this.natures.set(id, nature ?? (random() < 0.5 ? 'good' : 'quick'));
  }

  behaviour(id: TaskId): Behaviour {
    const { random, fate } = this;
    if (!this.calm && this.postponing.has(id) && fate() < POSTPONED.often)
      return { ...atOnce, takes: fate() * 5, ends: 'postpones', delay: Math.ceil(fate() * POSTPONED.most) };
    const nature = this.natures.get(id) ?? 'good';
    if (this.calm) return { ...atOnce, takes: nature === 'good' ? 0 : random() * 4 };
    const short = random() * 5;
    switch (nature) {
      case 'good':
        return atOnce;
      case 'quick':
        return { ...atOnce, takes: short };
      case 'slow':
        return { ...atOnce, takes: 20 + random() * 500 };
      case 'moody':
        return { ...atOnce, takes: short, ends: random() < 0.5 ? 'refused' : 'done' };
      case 'bad':
        return { ...atOnce, takes: short, ends: 'refused' };
      case 'thrower':
        return { ...atOnce, takes: short, ends: random() < 0.7 ? 'throws' : 'done' };
      case 'lingering':
        return { takes: 50 + random() * 1500, ends: 'done', lingers: random() * 80, native: false };
      case 'hanging':
        return { ...atOnce, takes: random() < 0.6 ? Number.POSITIVE_INFINITY : short };
      case 'exiting':
        return { ...atOnce, takes: short, ends: random() < 0.6 ? 'exit' : 'done' };
      case 'native':
        return { takes: 50 + random() * 2500, ends: 'done', lingers: null, native: true };
      case 'killer':
        return this.killer(id, short);
    }
  }

  private killer(id: TaskId, takes: number): Behaviour {
    const kills = this.kills.get(id) ?? 0;
    if (!this.habits.options.durable && kills >= KILLS_MAX) return { ...atOnce, takes };
    this.kills.set(id, kills + 1);
    return { ...atOnce, takes, ends: 'kill' };
  }
}
