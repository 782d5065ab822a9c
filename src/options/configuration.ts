/**
 * What must agree among the members of one name, because it decides what becomes of a task under each master:
 *
 *   kind           unmanaged, memory or durable: a master of another kind does not even see the tasks that wait.
 *   key            the property that holds the id: ids that differ are other tasks. A function cannot be compared.
 *   attempts       how often a task is tried, and
 *   exhausted      what becomes of it afterwards.
 *   maxQueue       a task that one member takes and another refuses is in the queue of one alone.
 *   maxTaskBytes   the same.
 *   keepOutcomes   a master that keeps none leaves those unanswered who wait, and
 *   results        one that takes no results fails the tasks of work that returns them.
 *   minInterval    a master with a shorter one begins tasks too soon.
 *
 * What may differ is about a machine, or about a moment: intervals, delays between tries, `taskTimeout`, `mainTimeout`,
 * `loadTimeout`, `idleThreadTimeout`, `stopTimeout`, `grace`, `fencing`, `resourceLimits`, and the work itself, which a
 * rolling deployment replaces.
 */
import { createHash } from 'node:crypto';
import type { ResolvedManagedOptions } from './options.js';

/** In their order: a later one takes precedence over an earlier one when its tasks wait. */
export const kinds = ['unmanaged', 'memory', 'durable'] as const satisfies readonly ClusterKind[];
/** Names the kind of a cluster: without a queue, with a queue in memory, or with stored tasks. */
export type ClusterKind = 'unmanaged' | 'memory' | 'durable';

/** Holds what must agree among the members of one name. */
export interface Configuration {
  /** Names the kind of the cluster. */
  readonly kind: ClusterKind;
  /** Holds the settings as texts, which every store keeps as they are. One that is missing is not known, and differs from nothing. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Describes a setting that two members have with two values. */
export interface Difference {
  /** Names the setting, or `kind`. */
  readonly name: string;
  /** Holds the value of this member. */
  readonly here: string;
  /** Holds the value of the other member. */
  readonly there: string;
}

/** A key of more characters is stored as its beginning and a digest. */
const KEY_MAX = 200;

/** Returns what a member says of itself. `key`: null if it is a function. `options`: null for an unmanaged cluster. */
export function configurationOf(options: ResolvedManagedOptions | null, key: string | null): Configuration {
  if (options === null) return { kind: 'unmanaged', settings: {} };
  const { durable, retry, maxQueue, maxTaskBytes, keepOutcomes, results, minInterval } = options;
  return {
    kind: durable ? 'durable' : 'memory',
    settings: {
      ...(key === null ? {} : { key: keyInWords(key) }),
      attempts: String(retry.attempts),
      exhausted: retry.exhausted,
      maxQueue: String(maxQueue),
      maxTaskBytes: String(maxTaskBytes),
      keepOutcomes: keepOutcomes === null ? 'off' : String(keepOutcomes),
      results: String(results),
      minInterval: String(minInterval),
    },
  };
}

function keyInWords(key: string): string {
  const text = JSON.stringify(key);
  if (text.length <= KEY_MAX) return text;
  return `${text.slice(0, KEY_MAX / 2)}… ${createHash('sha256').update(text).digest('hex')}`;
}

export function isKind(value: unknown): value is ClusterKind {
  return kinds.some((kind) => kind === value);
}

/** Returns what both know and say differently; empty if they agree. */
export function differences(here: Configuration, there: Configuration): Difference[] {
  const names = Object.keys(here.settings).filter((name) => Object.hasOwn(there.settings, name));
  const settings = names.map((name) => ({ name, here: here.settings[name] ?? '', there: there.settings[name] ?? '' }));
  const all: Difference[] = [{ name: 'kind', here: here.kind, there: there.kind }, ...settings];
  return all.filter((each) => each.here !== each.there);
}

/** Returns whether a member of the first kind works rather than one of the second, if its tasks wait. */
export function outranks(first: ClusterKind, second: ClusterKind): boolean {
  return kinds.indexOf(first) > kinds.indexOf(second);
}
