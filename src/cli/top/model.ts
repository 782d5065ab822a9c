/** What `top` shows: the last look, how fast tasks are done, the last changes. Pure: looks and times are handed in. */
import type { Change } from '../../operations/changes.js';
import type { SubsystemView } from '../../operations/views.js';

export type Order = 'name' | 'queued' | 'rate' | 'head';
const orders: readonly Order[] = ['name', 'queued', 'rate', 'head'];

/** So many changes are kept: no screen shows more. */
const CHANGES_MAX = 100;
/** The rate is of the last so many ms. */
const RATE_WINDOW_MS = 10_000;

interface Sample {
  readonly now: number;
  readonly done: number;
}

export class TopModel {
  views: readonly SubsystemView[] = [];
  readonly changes: { readonly at: Date; readonly change: Change }[] = [];
  order: Order = 'name';
  isPaused = false;
  /** Why the last look failed. */
  trouble: string | null = null;
  /** When the views were read, by the wall clock; null before. */
  at: Date | null = null;
  private readonly samples = new Map<string, Sample[]>();

  /** `now`: monotonic ms. */
  see(views: readonly SubsystemView[], changes: readonly Change[], at: Date, now: number): void {
    this.views = views;
    this.at = at;
    this.trouble = null;
    for (const change of changes) this.changes.push({ at, change });
    this.changes.splice(0, this.changes.length - CHANGES_MAX);
    for (const view of views) this.sample(view, now);
  }

  private sample({ name, count, queue }: SubsystemView, now: number): void {
    // In memory the beats carry the count; in the store the number of the last task that is done is newer.
    const done = queue?.done ?? count;
    const samples = [...(this.samples.get(name) ?? []), { now, done }];
    this.samples.set(
      name,
      samples.filter((sample, index) => sample.now >= now - RATE_WINDOW_MS || index === samples.length - 1),
    );
  }

  /** Returns how many tasks were done per second of late; null before two looks. */
  rate(name: string): number | null {
    const samples = this.samples.get(name) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined || last.now <= first.now) return null;
    return Math.max(0, (last.done - first.done) / ((last.now - first.now) / 1000));
  }

  nextOrder(): void {
    this.order = orders[(orders.indexOf(this.order) + 1) % orders.length] ?? 'name';
  }

  /** Returns the views in the order that was chosen: names from A on, numbers from the largest on. */
  get sorted(): readonly SubsystemView[] {
    const { order } = this;
    if (order === 'name') return this.views;
    const value = (view: SubsystemView): number => {
      if (order === 'queued') return view.queue?.queued ?? -1;
      return order === 'rate' ? (this.rate(view.name) ?? -1) : (view.queue?.headAge ?? -1);
    };
    return [...this.views].sort((a, b) => value(b) - value(a));
  }
}
