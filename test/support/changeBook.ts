/** Requests to change tasks, as the stores of the tests keep them: each write replaces a document, so copies are cheap. */
import type { ChangeAnswer, TaskChange, TaskMark } from '../../src/store/changes.ts';
import type { RecordMark, StoredTask } from '../../src/store/taskStore.ts';
import { isLater } from './recordMarks.ts';

interface ChangeDocument {
  readonly change: TaskChange;
  readonly term: number;
  readonly answer: ChangeAnswer | null;
}

export class ChangeBook {
  constructor(
    private readonly changes = new Map<string, ChangeDocument>(),
    private readonly marks = new Map<number, RecordMark>(),
  ) {}

  clone(): ChangeBook {
    return new ChangeBook(new Map(this.changes), new Map(this.marks));
  }

  put(change: TaskChange, most: number): boolean {
    if (this.open(most).length >= most) return false;
    if (!this.changes.has(change.id)) this.changes.set(change.id, { change, term: 0, answer: null });
    return true;
  }

  open(limit: number, except: readonly string[] = []): TaskChange[] {
    const open = [...this.changes.values()].filter(
      ({ answer, change }) => answer === null && !except.includes(change.id),
    );
    return open
      .map(({ change }) => change)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit);
  }

  take(id: string, term: number): boolean {
    const found = this.changes.get(id);
    if (found === undefined || found.answer !== null || found.term > term) return false;
    this.changes.set(id, { ...found, term });
    return true;
  }

  answer(id: string, term: number, answer: ChangeAnswer): boolean {
    const found = this.changes.get(id);
    if (found === undefined || found.answer !== null || found.term !== term) return false;
    this.changes.set(id, { ...found, answer });
    return true;
  }

  read(id: string): ChangeAnswer | null | 'gone' {
    const found = this.changes.get(id);
    return found === undefined ? 'gone' : found.answer;
  }

  seqOf(id: string): number | undefined {
    return this.changes.get(id)?.change.seq;
  }

  remove(id: string): void {
    this.changes.delete(id);
  }

  trim(before: Date): void {
    for (const [id, { change }] of this.changes) if (change.until < before) this.changes.delete(id);
  }

  /** Returns the task as the mark leaves it; null if a later mark has come. */
  mark(task: StoredTask, term: number, { seq, number, bytes }: TaskMark): StoredTask | null {
    if (!isLater({ term, number }, this.marks.get(seq) ?? null)) return null;
    if ((task.recordedBy?.term ?? 0) > term) return null;
    if (bytes !== null && task.cancelled === true) return null;
    this.marks.set(seq, { term, number });
    return bytes === null ? { ...task, cancelled: true } : { ...task, bytes };
  }
}
