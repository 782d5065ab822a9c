/**
 * What became of the entries of the outbox, and what must be true of them: each becomes one task, or is told to be a duplicate,
 * none before its time, and none is removed before that. It shares nothing with the code that it watches.
 */
import assert from 'node:assert/strict';
import type { Entry } from '../../../src/store/outbox.ts';
import type { TaskId } from '../../../src/task/task.ts';
import type { Moved } from './database.ts';

type Entered = Pick<Entry, 'id' | 'origin' | 'at'>;

export class EntryBook {
  /** How many became a task, in all epochs. */
  relayed = 0;
  /** Those that are stored, in the order in which they came. */
  private readonly open = new Map<string, Entered>();
  /** Of which number the task of each origin is. */
  private readonly tasks = new Map<string, number>();
  /** Those whose id was taken when a master came to them, by origin. */
  private readonly refusals = new Map<string, TaskId>();
  private readonly refusedIds = new Set<TaskId>();
  /** How often each id was told to be a duplicate. */
  private readonly told = new Map<TaskId, number>();
  /** The latest time by which a member asked for what is due. */
  private latestAsked = Number.NEGATIVE_INFINITY;

  entered({ id, origin, at }: Entered): void {
    assert.ok(!this.open.has(origin), `the entry ${origin} is stored twice`);
    this.open.set(origin, { id, origin, at });
  }

  asked(now: number): void {
    this.latestAsked = Math.max(this.latestAsked, now);
  }

  /** A task of this origin is stored. */
  stored(seq: number, id: TaskId, { origin, isDeposed }: Moved): void {
    const before = this.tasks.get(origin);
    assert.equal(before, undefined, `the entry ${origin} becomes number ${seq}, and was number ${before} before`);
    this.tasks.set(origin, seq);
    this.relayed += 1;
    if (this.refusals.has(origin)) {
      // A master that is deposed may still store what the next one has told to be a duplicate: the id was free again by then.
      assert.ok(
        isDeposed || !this.isTold(id),
        `the entry ${origin} becomes number ${seq}, and was told to be a duplicate`,
      );
      this.refusals.delete(origin);
      return;
    }
    const entry = this.open.get(origin);
    assert.ok(entry !== undefined, `number ${seq} was made of the entry ${origin}, which is not there`);
    assert.equal(entry.id, id, `the entry ${origin} becomes another task`);
    const due = entry.at?.getTime() ?? Number.NEGATIVE_INFINITY;
    assert.ok(due <= this.latestAsked, `the entry ${origin} becomes number ${seq} before its time`);
    this.keepsOrder(entry);
  }

  /** Of two that are due at once, and that a look shows, the one that sorts before comes before. */
  private keepsOrder(entry: Entered): void {
    if (entry.at !== null) return;
    for (const other of this.open.values()) {
      if (other === entry) return;
      if (other.at !== null || other.origin > entry.origin) continue;
      const isOver = this.tasks.has(other.origin) || this.refusals.has(other.origin);
      assert.ok(isOver, `the entry ${entry.origin} overtakes ${other.origin}`);
    }
  }

  /** Its id was taken. */
  refused(origin: string): void {
    const entry = this.open.get(origin);
    if (entry === undefined) return;
    this.refusals.set(origin, entry.id);
    this.refusedIds.add(entry.id);
  }

  left(origin: string): void {
    const isOver = this.tasks.has(origin) || this.refusals.has(origin);
    assert.ok(isOver, `the entry ${origin} is removed, and no task was made of it`);
    this.open.delete(origin);
  }

  /** An entry of this id is told to be a duplicate. Returns whether one was refused. */
  isDuplicate(id: TaskId): boolean {
    this.told.set(id, (this.told.get(id) ?? 0) + 1);
    return this.refusedIds.has(id);
  }

  /** Returns whether all that were refused of this id may have been told. */
  private isTold(id: TaskId): boolean {
    const refused = [...this.refusals.values()].filter((each) => each === id).length;
    return (this.told.get(id) ?? 0) >= refused;
  }

  /** From now on there is nothing but these entries, and tasks of these origins. */
  lost(entries: Iterable<Entered>, tasks: Iterable<{ readonly seq: number; readonly origin?: string }>): void {
    for (const each of [this.open, this.tasks, this.refusals]) each.clear();
    for (const { id, origin, at } of entries) this.open.set(origin, { id, origin, at });
    for (const { seq, origin } of tasks) if (origin !== undefined) this.tasks.set(origin, seq);
  }

  finish(): void {
    assert.deepEqual([...this.open.keys()], [], 'entries of the outbox are left');
  }
}
