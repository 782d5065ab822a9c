/** What people look at in the embedded store: each call within one transaction, which it keeps short, and without a write. */
import { DocumentReader, isFields, readableIn } from '../documents.js';
import { leaseEntry } from '../leaseEntry.js';
import { type LeaseEntry, type LetterEntry, NO_BYTES, type Page, type TermEntry } from '../reader.js';
import type { Member } from '../store.js';
import { TaskReader } from '../taskDocuments.js';
import type { Entries } from './environment.js';
import { allTasks, leaseKey, letterKey, letterRange, memberRange, taskNameIn, taskRange, termRange } from './keys.js';
import type { StoreFacts } from './leases.js';
import { type PackedStored, packStored } from './taskBytes.js';

/** The bytes of tasks or letters in one answer: the beats of all members wait for it. */
const BYTES_MAX = 4 * 1024 * 1024;

export interface InspectionCalls {
  inspectLeases(page: Page<string>): LeaseEntry[];
  inspectLeasesOf(names: readonly string[]): LeaseEntry[];
  inspectTerms(name: string, limit: number): TermEntry[];
  inspectMembers(name: string | null): Member[];
  inspectHighestTask(name: string): number;
  inspectTaskNames(except: readonly string[], limit: number): string[];
  inspectTasks(name: string, page: Page<number>, withPayload: boolean): PackedStored;
  inspectLetters(name: string, page: Page<number>, withPayload: boolean): LetterEntry[];
}

export function inspectionOn(entries: Entries, { path }: StoreFacts): InspectionCalls {
  const reader = (value: unknown, what: string, name: string): TaskReader =>
    new TaskReader(value, `the ${what} of ${name} in ${path}`);
  const entry = (name: string, value: unknown): LeaseEntry => {
    const where = `the lease of ${name} in ${path}`;
    return leaseEntry(name, isFields(value) ? value : {}, where);
  };
  return {
    inspectLeases({ after, limit }) {
      const range = { start: Buffer.concat([leaseKey(after), Buffer.alloc(after === '' ? 0 : 1)]), end: END_OF_LEASES };
      return first(entries.each(range), limit).map(({ key, value }) => entry(key.subarray(1).toString(), value));
    },
    inspectLeasesOf: (names) =>
      names.flatMap((name) => {
        const found = entries.get(leaseKey(name));
        return found === undefined ? [] : [entry(name, found.value)];
      }),
    inspectTerms(name, limit) {
      const found: TermEntry[] = [];
      for (let below = Number.MAX_SAFE_INTEGER; found.length < limit; ) {
        const last = entries.last(termRange(name, below));
        if (last === undefined) break;
        const record = reader(last, 'record', name);
        below = record.serial('term') - 1;
        found.push({ ...record.termRecord(), at: readableIn(() => record.date('at'))[0] ?? null });
      }
      return found;
    },
    inspectMembers: (name) =>
      [...entries.each(memberRange)].flatMap(({ value }) => {
        if (!isFields(value) || value.host === undefined || (name !== null && value.name !== name)) return [];
        return readableIn(() => new DocumentReader(value, `a member in ${path}`).member('id'));
      }),
    inspectHighestTask(name) {
      const last = entries.last(taskRange(name, 0));
      return last === undefined ? 0 : reader(last, 'task', name).serial('seq');
    },
    inspectTaskNames(except, limit) {
      const known = new Set(except);
      const names: string[] = [];
      for (let { start, end } = allTasks; names.length < limit; ) {
        const [found] = first(entries.each({ start, end }), 1);
        if (found === undefined) break;
        const { name, next } = taskNameIn(found.key);
        if (!known.has(name)) names.push(name);
        start = next;
      }
      return names;
    },
    inspectTasks(name, { after, limit }, withPayload) {
      const found = within(entries.each(taskRange(name, after + 1)), limit, ({ value }) =>
        reader(value, 'task', name).task(),
      ).filter(({ cancelled }) => cancelled !== true);
      return packStored(withPayload ? found : found.map((task) => ({ ...task, bytes: NO_BYTES })));
    },
    inspectLetters(name, { after, limit }, withPayload) {
      const range = { start: letterKey(name, after + 1), end: letterRange(name).end };
      const read = ({ value }: { value: unknown }) => reader(value, 'dead letter', name).deadLetter();
      const found = within(entries.each(range), limit, read);
      // Memory of its own: as a view it would take all with it when it crosses threads.
      return found.map((letter) => ({ ...letter, bytes: withPayload ? new Uint8Array(letter.bytes) : NO_BYTES }));
    },
  };
}

const END_OF_LEASES = Buffer.from('m');

type Found = { readonly key: Buffer; readonly value: unknown };

function first(found: Iterable<Found>, limit: number): Found[] {
  const taken: Found[] = [];
  for (const { key, value } of found) {
    if (taken.length >= limit) break;
    taken.push({ key: Buffer.from(key), value });
  }
  return taken;
}

function within<T extends { readonly bytes: Uint8Array }>(
  found: Iterable<Found>,
  limit: number,
  read: (entry: Found) => T,
): T[] {
  const taken: T[] = [];
  let bytes = 0;
  for (const each of found) {
    if (taken.length >= limit || bytes > BYTES_MAX) break;
    const item = read(each);
    bytes += item.bytes.length;
    taken.push(item);
  }
  return taken;
}
