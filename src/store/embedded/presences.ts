/** The lines of processes in the embedded store: each call within one transaction. */
import { isFields, readableIn } from '../documents.js';
import type { Presence } from '../presence.js';
import {
  PRESENCES_MAX,
  PresenceReader,
  presenceId,
  presenceIds,
  storedPresence,
  withoutGroups,
} from '../presenceDocuments.js';
import type { Entries } from './environment.js';
import { memberKey, memberRangeOf } from './keys.js';

export class EmbeddedPresences {
  constructor(
    private readonly entries: Entries,
    /** The store as messages call it, and the wall clock, in ms. */
    private readonly facts: { readonly path: string; wall(): number },
  ) {}

  putPresence(presence: Presence): void {
    const id = presenceId(presence.key);
    this.entries.put(memberKey(id), { id, ...storedPresence(presence), at: this.facts.wall() }, 1);
  }

  readPresences(known: readonly string[]): Presence[] {
    const isKnown = new Set<unknown>(known);
    const found: Presence[] = [];
    for (const { value } of this.entries.each(memberRangeOf(presenceIds))) {
      if (found.length >= PRESENCES_MAX) break;
      if (!isFields(value)) continue;
      const fields = isKnown.has(value.set) ? withoutGroups(value) : value;
      found.push(...readableIn(() => new PresenceReader(fields, `a process in ${this.facts.path}`).presence()));
    }
    return found;
  }
}
