/** The documents of processes that say that they live, in both stores. They are among the lines of the members. */
import { DocumentReader, type Fields, isFields } from './documents.js';
import type { CandidacyGroup, Presence } from './presence.js';

const PREFIX = 'presence/';
/** Where the ids of these documents begin and end: the character after the slash is '0'. */
export const presenceIds = { from: PREFIX, below: 'presence0' } as const;
/** Processes in one answer. */
export const PRESENCES_MAX = 1000;
const BYTES_PER_NAME = 4;
const PRIORITY_MAX = 100;

/** Returns the key of the document: `removeMember` takes it, too. */
export function presenceId(key: string): string {
  return `${PREFIX}${key}`;
}

/** Returns the fields but for the key. It is no line of a member, as it has neither name nor host. */
export function storedPresence({ candidacies = [], ...fields }: Presence): Fields {
  const groups = candidacies.map(({ priority, names }) => ({ priority, names: bytesOf(names).toString('base64') }));
  return { ...fields, groups };
}

/** Leaves the candidacies out, as a projection does. */
export function withoutGroups({ groups: _, ...fields }: Fields): Fields {
  return fields;
}

export class PresenceReader extends DocumentReader {
  presence(): Presence {
    const { groups } = this.fields;
    return {
      key: this.text('key'),
      process: this.text('process'),
      holders: this.text('holders'),
      count: this.count('count'),
      held: this.count('held'),
      set: this.text('set'),
      ...(isList(groups) ? { candidacies: groups.map((group) => this.group(group)) } : {}),
    };
  }

  private group(group: unknown): CandidacyGroup {
    if (!isFields(group)) throw this.alien('groups', 'a list of documents');
    const { priority, names } = group;
    if (typeof priority !== 'number' || !(priority >= 0 && priority <= PRIORITY_MAX) || typeof names !== 'string') {
      throw this.alien('groups', 'a list of priorities and names');
    }
    const bytes = Buffer.from(names, 'base64');
    const hashes = new Uint32Array(Math.floor(bytes.length / BYTES_PER_NAME));
    for (const index of hashes.keys()) hashes[index] = bytes.readUInt32LE(index * BYTES_PER_NAME);
    return { priority, names: hashes };
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function bytesOf(names: Uint32Array): Buffer {
  const bytes = Buffer.alloc(names.length * BYTES_PER_NAME);
  for (const [index, hash] of names.entries()) bytes.writeUInt32LE(hash, index * BYTES_PER_NAME);
  return bytes;
}
