/** The tasks that are due later, in the embedded store: in the order in which they leave, and by their ids. */
import { type Fields, isFields, storedId } from '../documents.js';
import type { BadEntry, Entry } from '../outbox.js';
import { EntryReader } from '../outboxDocuments.js';
import type { Entries } from './environment.js';
import { entryIdKey, entryKey, entryRangeUntil, entryTimeIn, refusedPlaceOf } from './keys.js';
import type { StoreFacts } from './leases.js';
import type { PackedEntries } from './taskBytes.js';
import { unpackEntries } from './taskBytes.js';

/**
 * What one read gives out at most, but for its first entry. All that it gives is marked, stored as tasks and removed, each under the
 * one lock of the store, for which beats of all members wait.
 */
export const READ_BYTES_MAX = 1024 * 1024;

export interface OutboxCalls {
  putEntries(name: string, entries: PackedEntries): boolean[];
  namesWaiting(names: readonly string[], now: Date): string[];
  readEntries(name: string, now: Date, most: number): (Entry | BadEntry)[];
  markEntries(name: string, keys: readonly string[]): void;
  refuseEntries(name: string, refused: readonly (readonly [key: string, problem: string])[]): void;
  removeEntries(name: string, entries: readonly (readonly [key: string, origin: string])[]): void;
}

export function outboxOn(entries: Entries, store: StoreFacts): OutboxCalls {
  const outbox = new Outbox(entries, store);
  return {
    putEntries: (name, packed) => outbox.putEntries(name, packed),
    namesWaiting: (names, now) => outbox.namesWaiting(names, now),
    readEntries: (name, now, most) => outbox.readEntries(name, now, most),
    markEntries: (name, keys) => outbox.markEntries(name, keys),
    refuseEntries: (name, refused) => outbox.refuseEntries(name, refused),
    removeEntries: (name, entries) => outbox.removeEntries(name, entries),
  };
}

class Outbox {
  constructor(
    private readonly entries: Entries,
    private readonly facts: StoreFacts,
  ) {}

  putEntries(name: string, packed: PackedEntries): boolean[] {
    return unpackEntries(packed).map(({ id, bytes, at, origin }) => {
      const idKey = entryIdKey(name, id);
      if (this.entries.get(idKey) !== undefined) return false;
      const key = entryKey(name, { marked: false, at: at.getTime(), origin });
      const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.entries.put(key, { key: storedId(id), payload, at: at.getTime(), origin }, 1);
      this.entries.put(idKey, key.toString('hex'), 1);
      return true;
    });
  }

  namesWaiting(names: readonly string[], now: Date): string[] {
    return names.filter((name) => this.isWaiting(name, now));
  }

  /** Looks at the first one alone: to count them would take as long as there are many. */
  private isWaiting(name: string, now: Date): boolean {
    for (const _first of this.entries.each(entryRangeUntil(name, now.getTime()))) return true;
    return false;
  }

  readEntries(name: string, now: Date, most: number): (Entry | BadEntry)[] {
    const found: (Entry | BadEntry)[] = [];
    let bytes = 0;
    for (const { key, value } of this.entries.each(entryRangeUntil(name, now.getTime()))) {
      if (found.length >= most) break;
      const fields = this.fields(value, name);
      if (fields.refused !== undefined) continue;
      const { payload } = fields;
      bytes += payload instanceof Uint8Array ? payload.length : 0;
      if (found.length > 0 && bytes > READ_BYTES_MAX) break;
      found.push(this.entryOf(name, key, fields));
    }
    return found;
  }

  private entryOf(name: string, key: Buffer, fields: Fields): Entry | BadEntry {
    const ref = { key: key.toString('hex'), origin: typeof fields.origin === 'string' ? fields.origin : '' };
    try {
      const entry = new EntryReader(fields, this.where(name)).entry(ref);
      // Memory of its own: as a view it would take all with it when it crosses threads.
      return { ...entry, bytes: new Uint8Array(entry.bytes) };
    } catch (error) {
      return { ...ref, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Moves them before those that are not marked. */
  markEntries(name: string, keys: readonly string[]): void {
    this.change(name, keys, (fields) => ({ ...fields, due: true }));
  }

  refuseEntries(name: string, refused: readonly (readonly [key: string, problem: string])[]): void {
    const reasons = new Map(refused);
    const at = this.facts.wall();
    const keys = refused.map(([key]) => key);
    this.change(name, keys, (fields, key) => ({ ...fields, refused: { reason: reasons.get(key) ?? '', at } }));
  }

  /** What is refused moves behind all others, so no look passes it. */
  private change(name: string, keys: readonly string[], next: (fields: Fields, key: string) => Fields): void {
    for (const hex of keys) {
      const key = Buffer.from(hex, 'hex');
      const entry = this.entries.get(key);
      if (entry === undefined) continue;
      const fields = next(this.fields(entry.value, name), hex);
      const moved = fields.refused === undefined ? placeOf(name, fields, key) : refusedPlaceOf(key);
      this.entries.remove(key);
      this.entries.put(moved, fields, entry.version + 1);
      this.setIdKey(name, fields, moved.toString('hex'));
    }
  }

  private setIdKey(name: string, fields: Fields, hex: string): void {
    const id = idOf(fields, this.where(name));
    if (id !== undefined) this.entries.put(entryIdKey(name, id), hex, 1);
  }

  removeEntries(name: string, origins: readonly (readonly [key: string, origin: string])[]): void {
    for (const [hex, origin] of origins) {
      // It may have been marked since it was read.
      for (const key of [Buffer.from(hex, 'hex'), markedKey(name, hex, origin)]) {
        const entry = this.entries.get(key);
        if (entry === undefined) continue;
        const fields = this.fields(entry.value, name);
        const id = idOf(fields, this.where(name));
        this.entries.remove(key);
        if (id !== undefined && this.entries.get(entryIdKey(name, id))?.value === key.toString('hex')) {
          this.entries.remove(entryIdKey(name, id));
        }
      }
    }
  }

  private fields(value: unknown, name: string): Fields {
    return isFields(value) ? value : { broken: this.where(name) };
  }

  private where(name: string): string {
    return `an entry of the outbox of ${name} in ${this.facts.path}`;
  }
}

/** Returns where an entry is in the line. */
function placeOf(name: string, { origin, at, due }: Fields, key: Buffer): Buffer {
  const isReadable = typeof origin === 'string' && typeof at === 'number';
  return isReadable ? entryKey(name, { marked: due === true, at, origin }) : key;
}

/** Returns where an entry is once it is marked. */
function markedKey(name: string, hex: string, origin: string): Buffer {
  return entryKey(name, { marked: true, at: entryTimeIn(Buffer.from(hex, 'hex')), origin });
}

function idOf(fields: Fields, where: string): Entry['id'] | undefined {
  try {
    return new EntryReader(fields, where).entryId();
  } catch {
    return undefined;
  }
}
