/**
 * Moves what waits in the outbox into the queue of one subsystem, while this member is its master: tasks that were written in a user's
 * own transaction, and tasks that are due. Each becomes one task, whatever dies in between, and two masters double none:
 * docs/explain/durable.md says why. In this order, so a crash between any two of them loses and doubles nothing:
 *
 * 1. Entries are read that are due by the wall clock of this member.
 * 2. Those that were not due from the first are marked as due, for masters whose clock is behind.
 * 3. They are stored as tasks, but for those whose origin a task has, and this is a majority's before the next begins.
 * 4. They are removed.
 *
 * A task with an origin may be trimmed when its entry is gone. That is known of all tasks up to the number that was done before a look
 * that found nothing due. `trimLimit` says so to the queue, and has such a look made when it is in the way.
 */
import { StoreError } from '../errors.js';
import type { ReadLimit } from '../queue/readLimit.js';
import type { BadEntry, Entry, OutboxStore } from '../store/outbox.js';
import type { Tenure } from '../store/store.js';
import type { Moment, RelayResult, StoredTask, TaskStore } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import type { Clock } from '../time/clock.js';
import { pause } from '../time/pause.js';
import { entryName, shownKey } from './entryNames.js';

/** Entries that are moved at a time. */
export const ENTRIES_MAX = 128;
/** As many may be in front that do not go, whatever is done with them, before they hold up the others. */
const STUCK_MAX = 2048;
/** Between two looks that are made for the sake of trimming, in ms. */
const TRIM_LOOK_MS = 1000;

export interface RelayParts {
  readonly name: string;
  readonly store: Pick<TaskStore, 'relayTasks'>;
  readonly outbox: Pick<OutboxStore, 'readEntries' | 'markEntries' | 'refuseEntries' | 'removeEntries'>;
  readonly clock: Clock;
  /** Shared by all queues of the coordinator. */
  readonly reads: Pick<ReadLimit, 'pass'>;
  /** Before a call that failed is made again, in ms. */
  readonly poll: number;
  /** Returns up to which number all tasks are done, and acknowledged; null before that is known. */
  through(): number | null;
  /** Takes tasks that were stored, in order. */
  stored(tasks: readonly StoredTask[]): void;
  /** Called when an entry was dropped because its id was taken: a task with it was queued, or `uniqueFor` keeps it. */
  duplicate(id: TaskId): void;
  /** Called when a call failed and is made again, or when an entry cannot become a task. */
  trouble(error: Error): void;
}

interface Look {
  /** From before the entries were read. */
  readonly since: Moment;
  /** Up to which number all tasks were done by then; null if that was not known. */
  readonly done: number | null;
  readonly found: readonly (Entry | BadEntry)[];
  /** Whether there may be more. */
  readonly isFull: boolean;
}

/** One mastership. */
interface Reign {
  readonly tenure: Tenure;
  ended: boolean;
  /** Whether a look has found nothing due. */
  settled: boolean;
  /** The lowest and the highest number of a task with an origin whose entry may still be there. */
  first: number | null;
  last: number;
  lookedAt: number;
  /** What was found last, by name. */
  passed: ReadonlySet<string>;
  /** How many of them had been found before: no call changes or removes them. */
  stuck: number;
}

export class Relay {
  private reign: Reign | null = null;
  private running = false;
  /** Whether to look once more when the present look has ended. */
  private again = false;
  private told = '';

  constructor(private readonly parts: RelayParts) {}

  start(tenure: Tenure): void {
    const lookedAt = Number.NEGATIVE_INFINITY;
    const none = { first: null, last: 0, passed: new Set<string>(), stuck: 0 };
    this.reign = { tenure, ended: false, settled: false, lookedAt, ...none };
    this.look();
  }

  end(): void {
    if (this.reign !== null) this.reign.ended = true;
    this.reign = null;
  }

  /** Looks for entries, because there may be some. */
  look(): void {
    if (this.reign === null) return;
    this.again = true;
    if (!this.running) void this.run();
  }

  /** Takes tasks that were read in the queue, or stored there. */
  saw(tasks: readonly Pick<StoredTask, 'seq' | 'origin'>[]): void {
    const { reign } = this;
    if (reign === null) return;
    for (const task of tasks) {
      // Most have none.
      if (task.origin === undefined) continue;
      const { seq } = task;
      reign.first = Math.min(reign.first ?? seq, seq);
      reign.last = Math.max(reign.last, seq);
    }
  }

  /** Returns up to which number tasks may be trimmed once they are done. */
  trimLimit(): number {
    const { reign, parts } = this;
    if (reign === null) return 0;
    const limit = reign.settled ? (reign.first ?? Number.POSITIVE_INFINITY) - 1 : 0;
    const isInTheWay = limit < (parts.through() ?? 0);
    if (isInTheWay && parts.clock.now() - reign.lookedAt >= TRIM_LOOK_MS) this.look();
    return limit;
  }

  private async run(): Promise<void> {
    this.running = true;
    for (let { reign } = this; this.again && reign !== null; { reign } = this) {
      this.again = false;
      try {
        while (await this.pass(reign)) {
          // As long as there are entries that are due.
        }
        this.told = '';
      } catch (error) {
        if (!reign.ended) this.tell(error);
        this.again = true;
        await pause(this.parts.clock, this.parts.poll);
      }
    }
    this.running = false;
  }

  /** Moves some entries. Returns whether there may be more. */
  private async pass(reign: Reign): Promise<boolean> {
    const { reads } = this.parts;
    // Where all masters of a coordinator look at once, each in its turn.
    const look = await reads.pass(() => this.read(reign));
    if (look === null || reign.ended) return false;
    const { since, done, found, isFull } = look;
    const { passed, stuck: before } = reign;
    const fresh = new Set(found.filter((entry) => !passed.has(entryName(entry))));
    reign.passed = new Set(found.map(entryName));
    reign.stuck = Math.min(STUCK_MAX, found.length - fresh.size);
    const bad = found.filter(isBad);
    const entries = found.filter((entry): entry is Entry => !isBad(entry));
    // Those that stay as they were become no tasks.
    if (entries.length === 0 && fresh.size === 0 && !isFull) this.settle(reign, done);
    if (found.length === 0) return false;
    const refusal = await this.refuse(bad, fresh);
    const goesOn = entries.length === 0 || (!reign.ended && (await this.move(reign, entries, since)));
    // After the others: what cannot be refused must not hold them up.
    if (refusal !== null) throw refusal;
    const isOver = entries.length === 0 && fresh.size === 0 && reign.stuck <= before;
    return goesOn && !isOver && !reign.ended;
  }

  /** Returns why they could not be refused, null if they were. */
  private async refuse(bad: readonly BadEntry[], fresh: ReadonlySet<unknown>): Promise<Error | null> {
    if (bad.length === 0) return null;
    const { name, outbox, trouble } = this.parts;
    const refusal = await outbox.refuseEntries(name, bad).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    for (const entry of bad) if (fresh.has(entry)) trouble(refused(name, entry));
    return refusal;
  }

  /** Returns null if the mastership ended before. */
  private async read(reign: Reign): Promise<Look | null> {
    if (reign.ended) return null;
    const { name, outbox, clock, through } = this.parts;
    const since: Moment = { now: clock.now(), sinceBoot: clock.sinceBoot() };
    const done = through();
    reign.lookedAt = clock.now();
    const most = ENTRIES_MAX + reign.stuck;
    const found = await outbox.readEntries(name, new Date(clock.wall()), most);
    return { since, done, found, isFull: found.length >= most };
  }

  private async move(reign: Reign, entries: readonly Entry[], since: Moment): Promise<boolean> {
    const { name, store, outbox, duplicate } = this.parts;
    const unmarked = entries.filter(({ at, marked }) => at !== null && !marked);
    if (unmarked.length > 0) await outbox.markEntries(name, unmarked);
    if (reign.ended) return false;
    const tasks = entries.map(({ id, bytes, origin }) => ({ id, bytes, origin }));
    const results = await store.relayTasks(reign.tenure, tasks, since);
    if (results === null) return false;
    // The next master finds the tasks that are there, and removes their entries. A member that has stopped asks for nothing.
    if (reign.ended) return false;
    const stored = this.storedOf(entries, results);
    this.saw(stored);
    this.parts.stored(stored);
    await outbox.removeEntries(name, entries);
    for (const [index, { id }] of entries.entries()) if (results[index]?.type === 'known') duplicate(id);
    // What did not go, although it was removed, must not be asked for in a row.
    if (stored.length === 0) await pause(this.parts.clock, this.parts.poll);
    return !reign.ended;
  }

  private storedOf(entries: readonly Entry[], results: readonly RelayResult[]): StoredTask[] {
    const at = new Date(this.parts.clock.wall());
    return entries.flatMap(({ id, bytes, origin }, index) => {
      const result = results[index];
      if (result?.type !== 'stored') return [];
      return [{ seq: result.seq, id, bytes, origin, attempts: 0, deaths: 0, recordedBy: null, at }];
    });
  }

  /** Nothing was due: the entries of all tasks up to `done` are gone. */
  private settle(reign: Reign, done: number | null): void {
    if (done === null) return;
    reign.settled = true;
    if (reign.first === null || reign.first > done) return;
    reign.first = reign.last > done ? done + 1 : null;
  }

  /** Tells the same trouble once. */
  private tell(error: unknown): void {
    const trouble = error instanceof Error ? error : new Error(String(error));
    if (trouble.message === this.told) return;
    this.told = trouble.message;
    this.parts.trouble(trouble);
  }
}

function isBad(entry: Entry | BadEntry): entry is BadEntry {
  return 'problem' in entry;
}

function refused(name: string, { key, problem }: BadEntry): StoreError {
  const text = `an entry of the outbox of '${name}' cannot become a task: ${problem}. It stays in failover_outbox, as _id ${shownKey(key)}: correct it and unset its field refused, or delete it`;
  return new StoreError('ERR_OUTBOX_ENTRY', text);
}
