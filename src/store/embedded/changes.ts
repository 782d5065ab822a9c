/** Requests to change a task, in the embedded store: each call within one transaction. */
import type { TaskId } from '../../task/task.js';
import { ChangeReader, storedTaskChange } from '../changeDocuments.js';
import type { ChangeAnswer, TaskChange, TaskMark } from '../changes.js';
import { type Fields, isFields, readableIn, storedId } from '../documents.js';
import { NO_BYTES } from '../reader.js';
import type { Tenure } from '../store.js';
import type { Entries } from './environment.js';
import { changeKey, changeRange, idKey, leaseKey, taskKey } from './keys.js';
import { isHeldBy, type StoreFacts } from './leases.js';

export interface ChangeCalls {
  findTask(name: string, id: TaskId): { readonly seq: number } | null;
  putChange(change: TaskChange, most: number): boolean;
  openChanges(name: string, limit: number, except: readonly string[]): TaskChange[];
  takeChange(name: string, id: string, term: number): boolean;
  answerChange(name: string, id: string, term: number, answer: ChangeAnswer): boolean;
  readAnswer(name: string, id: string): ChangeAnswer | null | 'gone';
  removeChange(name: string, id: string): void;
  trimChanges(name: string, before: Date): void;
  markTask(tenure: Tenure, mark: TaskMark): void;
}

/** What the calls of this file share. */
class Changes {
  constructor(
    readonly entries: Entries,
    private readonly facts: StoreFacts,
  ) {}

  reader(value: unknown, what: string, name: string): ChangeReader {
    return new ChangeReader(value, `the ${what} of ${name} in ${this.facts.path}`);
  }

  update(key: Buffer, next: (old: Fields) => Fields | undefined): boolean {
    const entry = this.entries.get(key);
    const value = entry !== undefined && isFields(entry.value) ? next(entry.value) : undefined;
    if (entry === undefined || value === undefined) return false;
    this.entries.put(key, value, entry.version + 1);
    return true;
  }

  each(name: string): { readonly id: string; readonly fields: Fields }[] {
    const start = changeKey(name, '').length;
    return [...this.entries.each(changeRange(name))].flatMap(({ key, value }) =>
      isFields(value) ? [{ id: key.toString('utf8', start), fields: value }] : [],
    );
  }

  open(name: string): { readonly id: string; readonly fields: Fields }[] {
    return this.each(name).filter(({ fields }) => (fields.answer ?? null) === null);
  }

  read(name: string, { id, fields }: { readonly id: string; readonly fields: Fields }): TaskChange[] {
    return readableIn(() => {
      const change = this.reader(fields, 'change', name).change(id);
      // Memory of its own: as a view it would take all with it when it crosses threads.
      return { ...change, bytes: change.bytes === null ? null : new Uint8Array(change.bytes) };
    });
  }

  readOpen(name: string, limit: number, except: ReadonlySet<string>): TaskChange[] {
    const found: TaskChange[] = [];
    for (const each of this.open(name)) {
      if (found.length >= limit) break;
      // One that cannot be read must not hide the others.
      if (!except.has(each.id)) found.push(...this.read(name, each));
    }
    return found;
  }

  /** Changes a request without an answer whose term passes. */
  updateOpen(name: string, id: string, passes: (term: number) => boolean, set: Fields): boolean {
    return this.update(changeKey(name, id), (old) => {
      const isOpen = (old.answer ?? null) === null && passes(this.reader(old, 'change', name).count('term'));
      return isOpen ? { ...old, ...set } : undefined;
    });
  }

  trim(name: string, before: Date): void {
    for (const { id, fields } of this.each(name)) {
      const [until] = readableIn(() => this.reader(fields, 'change', name).date('until'));
      if (until !== undefined && until < before) this.entries.remove(changeKey(name, id));
    }
  }

  mark(tenure: Tenure, { seq, key, number, bytes }: TaskMark): void {
    const { entries } = this;
    const { name, term } = tenure;
    const lease = entries.get(leaseKey(name));
    if (lease === undefined || !isFields(lease.value) || !isHeldBy(tenure, lease.value, this.facts)) return;
    const marked = this.update(taskKey(name, seq), (old) => {
      const reader = this.reader(old, 'task', name);
      const by = reader.markedBy();
      // It is of another task.
      if (bytes === null && (reader.cancelled() ?? reader.taskName()).id !== key) return undefined;
      const isLater = by !== null && (by.term > term || (by.term === term && by.number >= number));
      if (isLater || (bytes !== null && reader.cancelled() !== null)) return undefined;
      const mark = bytes === null ? { term, number, key: storedId(key) } : { term, number };
      return { ...old, payload: Buffer.from(bytes ?? NO_BYTES), mark };
    });
    if (marked && bytes === null && entries.get(idKey(name, key))?.version === seq) entries.remove(idKey(name, key));
  }
}

export function changesOn(entries: Entries, facts: StoreFacts): ChangeCalls {
  const changes = new Changes(entries, facts);
  return {
    findTask(name, id) {
      const entry = entries.get(idKey(name, id));
      return entry === undefined ? null : { seq: entry.version };
    },
    putChange(change, most) {
      const { name, id, bytes, until } = change;
      if (changes.open(name).length >= most) return false;
      const payload = bytes === null ? null : Buffer.from(bytes);
      entries.put(changeKey(name, id), { ...storedTaskChange(change), payload, until: until.getTime() }, 1);
      return true;
    },
    openChanges: (name, limit, except) => changes.readOpen(name, limit, new Set(except)),
    takeChange: (name, id, term) => changes.updateOpen(name, id, (before) => before <= term, { term }),
    answerChange: (name, id, term, answer) =>
      changes.updateOpen(name, id, (before) => before === term, { answer, payload: null }),
    readAnswer(name, id) {
      const entry = entries.get(changeKey(name, id));
      return entry === undefined ? 'gone' : changes.reader(entry.value, 'change', name).answer();
    },
    removeChange: (name, id) => void entries.remove(changeKey(name, id)),
    trimChanges: (name, before) => changes.trim(name, before),
    markTask: (tenure, mark) => changes.mark(tenure, mark),
  };
}
