/**
 * What marked slots of wakeups.ts are hints about. A thousand names are asked for each of them, so the place of a name is not
 * reckoned again each time; and one hint has all that was marked at once.
 */
import type { Hint, HintTopic } from '../store.js';
import type { MarkedMessage } from './calls.js';
import { ALL_LEASES, slotOf, topicOf } from './wakeups.js';

const topics: readonly HintTopic[] = ['lease', 'tasks'];

/** More names than that are those of clusters of which many have ended: then all are reckoned again. */
const NAMES_MAX = 50_000;

export class MarkedHints {
  private readonly slots: Readonly<Record<HintTopic, Map<string, number>>> = { lease: new Map(), tasks: new Map() };

  /** How many places are kept. */
  get kept(): number {
    return this.slots.lease.size + this.slots.tasks.size;
  }

  hintsOf({ marked, names }: MarkedMessage): Hint[] {
    const all = new Set(marked);
    const exact = names === undefined || all.has(ALL_LEASES) ? null : new Set(names);
    return topics.flatMap((topic): Hint[] => {
      if (!marked.some((slot) => topicOf(slot) === topic)) return [];
      if (exact !== null) return [{ topic, concerns: (name) => exact.has(name) }];
      const isAll = topic === 'lease' && all.has(ALL_LEASES);
      return [{ topic, concerns: (name) => isAll || all.has(this.slotOf(name, topic)) }];
    });
  }

  private slotOf(name: string, topic: HintTopic): number {
    const slots = this.slots[topic];
    const known = slots.get(name);
    if (known !== undefined) return known;
    const slot = slotOf(name, topic);
    if (slots.size >= NAMES_MAX) slots.clear();
    slots.set(name, slot);
    return slot;
  }
}
