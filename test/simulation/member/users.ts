/**
 * Users who write entries into the outbox for as long as the faults last: some in transactions of their own, whose entries become
 * visible together and in another order than they were made in, and some by a member, for later.
 */
import type { TaskId } from '../../../src/task/task.ts';
import type { Natures } from './behaviour.ts';
import type { Database } from './database.ts';
import { batchOf } from './feeding.ts';
import type { SimulatedProcess } from './process.ts';

/** After so many ms without an answer a user asks again. */
const PATIENCE = 2500;
const PAUSE_MS = 200;
/** How long a transaction lasts, and how much later a task is due, at most, in ms. */
const TRANSACTION_MS = 400;
const LATER_MS = 3000;
/** Of ids that there were, that one comes again. */
const AGAIN = 0.2;
const bytes = new Uint8Array(0);

interface UsersParts {
  readonly database: Database;
  readonly natures: Natures;
  readonly random: () => number;
  readonly note: ((text: string) => void) | null;
  living(): readonly SimulatedProcess[];
  now(): number;
  later(ms: number, run: () => void): void;
}

export class Users {
  private made = 0;
  private keys = 0;
  private readonly ids: TaskId[] = [];
  /** How much is not stored yet. */
  private open = 0;

  constructor(private readonly parts: UsersParts) {}

  /** Whether all that was to be stored is. */
  get isDone(): boolean {
    return this.open === 0;
  }

  /** Some more entries. */
  write(): void {
    const { random } = this.parts;
    const ids = Array.from({ length: 1 + Math.floor(random() ** 2 * 6) }, () => this.nextId());
    this.open += 1;
    if (random() < 0.5) this.transact(ids);
    else this.submitLater([...new Set(ids)], this.parts.now() + (random() - 0.2) * LATER_MS);
  }

  private nextId(): TaskId {
    const { random, natures } = this.parts;
    const before = this.ids[Math.floor(random() * this.ids.length)];
    if (random() < AGAIN && before !== undefined) return before;
    this.made += 1;
    const id = `o${this.made}`;
    natures.give(id);
    this.ids.push(id);
    return id;
  }

  /** All of it or nothing, and again under other keys. */
  private transact(ids: readonly TaskId[]): void {
    const { database, random, later, note } = this.parts;
    const entries = ids.map((id) => {
      this.keys += 1;
      return { id, bytes, origin: `tx ${String(this.keys).padStart(6, '0')}` };
    });
    const again = (): void => later(PAUSE_MS, () => this.transact(ids));
    later(random() * TRANSACTION_MS, () => {
      if (database.down) return again();
      note?.(`a transaction commits ${entries.map(({ origin, id }) => `${origin}: ${id}`).join()}`);
      database.main.write(
        ({ outbox }) => {
          for (const entry of entries) outbox.commit(entry);
        },
        (isCommitted) => {
          if (!isCommitted) return again();
          this.open -= 1;
          for (const entry of entries) database.watch.entered({ ...entry, at: null });
        },
      );
    });
  }

  private submitLater(ids: readonly TaskId[], time: number): void {
    const { random, later } = this.parts;
    const living = this.parts.living();
    const process = living[Math.floor(random() * living.length)];
    if (process === undefined) return later(PAUSE_MS, () => this.submitLater(ids, time));
    let isOver = false;
    const again = (): void => {
      if (isOver) return;
      isOver = true;
      later(PAUSE_MS, () => this.submitLater(ids, time));
    };
    process.hold(() => {
      if (!process.alive) return;
      process.submitLater(batchOf(ids), Math.max(0, Math.floor(time))).then(() => {
        if (isOver) return;
        isOver = true;
        this.open -= 1;
      }, again);
    });
    later(PATIENCE, again);
  }
}
