/** The members of one name that are configured differently: each is said once for what it differs in, and is known while it lives. */

import { FailoverError } from '../errors.js';
import { type Configuration, differences } from '../options/configuration.js';
import type { Clock } from '../time/clock.js';
import type { DifferingMember } from '../wire/status.js';

/** How many texts that were told, and how many members, are remembered; beyond it the oldest is forgotten. */
const REMEMBERED_MAX = 1000;
/** How long a member counts as differing after it was last seen to live, in times to live. */
const KNOWN_FOR = 4;

export interface DifferingParts {
  readonly name: string;
  readonly configuration: Configuration;
  /** SLAVE + TICKING, in ms. */
  readonly ttl: number;
  readonly clock: Clock;
  differs(error: FailoverError): void;
  info(text: string): void;
}

export class DifferingMembers {
  /** By holder; until when each counts. */
  private readonly known = new Map<string, { readonly member: DifferingMember; readonly until: number }>();
  private readonly told = new Set<string>();

  constructor(private readonly parts: DifferingParts) {}

  /** Returns the members that are known to live and to differ. */
  get members(): DifferingMember[] {
    // As nearly always; and a thousand members ask.
    if (this.known.size === 0) return [];
    const now = this.parts.clock.now();
    return [...this.known.values()].filter(({ until }) => now < until).map(({ member }) => member);
  }

  /** Returns whether that member, which lives, differs; says so if it was not said yet. */
  meet(holder: string, configuration: Configuration, ttl: number): boolean {
    const { name, clock, configuration: own } = this.parts;
    const differs = differences(own, configuration);
    this.known.delete(holder);
    if (differs.length === 0) return false;
    const until = clock.now() + KNOWN_FOR * Math.max(ttl, this.parts.ttl);
    this.known.set(holder, { member: { holder, ...configuration, differs }, until });
    forgetOldest(this.known);
    const values = differs.map(({ name: what, here, there }) => `${what}: ${here} here, ${there} there`).join('; ');
    const text =
      `the members of '${name}' are configured differently (${values}; there is ${holder}). ` +
      'Give all members of one name the same kind, key, retry and limits';
    if (this.isNews(text)) this.parts.differs(new FailoverError('ERR_CONFIGURATION_DIFFERS', text));
    return true;
  }

  /** Notes that an older version is master, which does not say how it is configured. */
  meetOlderVersion(holder: string): void {
    const text = `the master ${holder} does not say how it is configured: an older version of mongo-failover runs there, and members that differ from it go unnoticed`;
    if (this.isNews(text)) this.parts.info(text);
  }

  private isNews(text: string): boolean {
    if (this.told.has(text)) return false;
    this.told.add(text);
    forgetOldest(this.told);
    return true;
  }
}

function forgetOldest(from: Set<string> | Map<string, unknown>): void {
  if (from.size <= REMEMBERED_MAX) return;
  for (const oldest of from.keys()) {
    from.delete(oldest);
    return;
  }
}
