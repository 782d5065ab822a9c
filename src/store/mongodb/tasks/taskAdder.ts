/**
 * Gives new tasks their numbers: a member that knows that n - 1 is the highest inserts n, and the `_id` lets one through.
 *
 * The danger is that a number is free again after its task was done and trimmed. A submitter that has read that the
 * next one is 10, and is held up while others store 10 to 20, the master does them and they are trimmed, would insert 10
 * with success, far below what is done, and the task would never run. Against this, three rules:
 *
 * 1. That n - 1 is the highest is trusted for `TRUST_MS`, counted from before the request was sent that proved it (a
 *    look, or an own insert) until the insert of n is acknowledged. It is measured by the clock that ran further, so
 *    a machine that slept trusts nothing it knew before. An acknowledgement that comes later counts as a failure.
 * 2. The trimmer deletes a number at the earliest `KEPT_MS` after it was told that it is done, by the clock that stops
 *    still while a machine sleeps. The clocks of two machines would have to differ by a factor of 3.
 * 3. The proof is none that a new primary can take back, nor the word of one that was replaced (taskReads.ts): an insert
 *    is acknowledged by the majority, and a look is linearizable where there are several servers.
 *
 * So if n was given to another after the proof, then it was done after the proof, and is still there when this insert
 * arrives in its time: it fails. If the insert succeeds in its time, no other task ever had n. One that arrives after its time
 * counts as failed, and may leave a task below what is done: no reader looks there, the trimmer takes it away in the
 * end, and its id is freed as soon as the id is submitted again. It must not be taken for one that was done, because of its origin or
 * of an id that stays taken: so the trimmer puts down which numbers it frees, before it does (taskTrimmer.ts).
 *
 * A task that a master moves into the queue from elsewhere has an origin, and is stored once, though two masters may move it. Who
 * has proven that n - 1 is the highest, then finds no task of that origin, and then inserts n, doubles nothing: another one
 * has a number below n, and then it is found, or n, and then the insert fails and all begins again. It is found as long as
 * it is not trimmed, and that begins `KEPT_MS` after its source is gone. So the trust runs from before the source was read.
 *
 * The trimmer keeps the highest number that it was told of, so the next number does not depend on the lease alone.
 */

import type { TaskId } from '../../../task/task.js';
import type { Clock } from '../../../time/clock.js';
import { pause } from '../../../time/pause.js';
import { type Fields, storedId } from '../../documents.js';
import { withExtras } from '../../taskDocuments.js';
import type { AddResult, Moment, NewTask, QueueState, RelayedTask, RelayResult } from '../../taskStore.js';
import type { Commands } from '../commands.js';
import type { IndexKeeper } from '../indexes/indexKeeper.js';
import { majority, retiredKey, TASKS, type TaskReads, taskKey } from './taskReads.js';
import { Turns } from './turns.js';

/** How long it is trusted that a number is the highest, in ms. */
export const TRUST_MS = 20_000;
/** What goes into one command: far from the 16 MB and the 100,000 documents that a server takes. */
const COMMAND_BYTES_MAX = 8 * 1024 * 1024;
const COMMAND_TASKS_MAX = 10_000;
/** What a document weighs beside its payload, about. */
const OVERHEAD_BYTES = 1200;
/** Before another look, in ms, when what is in the way cannot be seen yet. */
const LOOK_PAUSE_MS = 10;

/** Where the queue ends: `next - 1` was the highest number at some time after `proven`. */
interface End {
  readonly next: number;
  /** All up to this number are done, perhaps more. */
  readonly done: number;
  readonly proven: Moment;
}

type Added = NewTask & { readonly origin?: string };
type Outcome = AddResult | RelayResult;

/** What is asked of one call. */
interface Asked {
  readonly what: string;
  readonly name: string;
  readonly maxQueue: number;
  /** From before the source of the tasks was read; null: they have none. */
  readonly since: Moment | null;
}

interface InTheWay {
  /** The ids that are queued, or taken for longer, each with the origin of its task. */
  readonly queued: Map<TaskId, string | undefined>;
  /** How many were done, and are so no longer. */
  readonly retired: number;
}

const KNOWN = { type: 'known' } as const;
const RELAYED: RelayResult = { type: 'relayed' };
const FULL: AddResult = { type: 'full' };

export class TaskAdder {
  /** What the last call for a subsystem has left: the next one then takes a single round trip. */
  private readonly ends = new Map<string, End>();
  private readonly turns: Turns;

  constructor(
    private readonly commands: Commands,
    private readonly reads: TaskReads,
    private readonly indexes: Pick<IndexKeeper, 'beforeStoring' | 'beforeRelaying'>,
    private readonly clock: Clock,
  ) {
    this.turns = new Turns(clock);
  }

  add(name: string, tasks: readonly NewTask[], maxQueue: number): Promise<AddResult[]> {
    return this.commands.withTimeLimit('addTasks', async (signal) => {
      const asked = { what: 'addTasks', name, maxQueue, since: null };
      const outcomes = await this.addEach(asked, firstOfEach(tasks), signal);
      const seen = new Set<TaskId>();
      return tasks.map(({ id }) => {
        const outcome = asAdded(outcomes.get(id));
        const again = seen.has(id);
        seen.add(id);
        return again && outcome.type === 'stored' ? KNOWN : outcome;
      });
    });
  }

  /** Stores the tasks, however many are queued, but for those of an origin that is there. */
  relay(name: string, tasks: readonly RelayedTask[], since: Moment): Promise<RelayResult[]> {
    return this.commands.withTimeLimit('relayTasks', async (signal) => {
      await this.indexes.beforeRelaying();
      const asked = { what: 'relayTasks', name, maxQueue: Number.POSITIVE_INFINITY, since };
      const outcomes = await this.addEach(asked, tasks, signal);
      return tasks.map(({ origin }) => asRelayed(outcomes.get(origin)));
    });
  }

  /** Returns what became of each that was not known, by its origin, or else by its id. */
  private async addEach(asked: Asked, tasks: readonly Added[], signal: AbortSignal): Promise<Map<TaskId, Outcome>> {
    const { what, name, maxQueue, since } = asked;
    const outcomes = new Map<TaskId, Outcome>();
    let waiting = tasks;
    let looked = false;
    while (waiting.length > 0 && !signal.aborted) {
      // Beside the look and the turn, which come before the insert as well.
      const unique = this.indexes.beforeStoring(what);
      unique.catch(() => {});
      let end = this.trusted(name);
      if (end === undefined || (!looked && room(end, maxQueue) < waiting.length)) {
        ({ end } = await this.look(name));
        looked = true;
      }
      const batch = oneCommand(waiting);
      const fitting = batch.slice(0, room(end, maxQueue));
      if (fitting.length === 0) {
        const { queued } = await this.idsInTheWay(name, batch);
        for (const { id } of batch) if (!queued.has(id)) outcomes.set(id, FULL);
        waiting = waiting.slice(batch.length);
        continue;
      }
      // After the end was proven: one that is stored later has a number that the insert collides with.
      const relayed = since === null ? noOrigins : await this.originsOf(asked, fitting);
      for (const [origin, seq] of relayed) outcomes.set(origin, { type: 'relayed', seq });
      waiting = waiting.filter(({ origin }) => origin === undefined || !relayed.has(origin));
      await Promise.all([unique, this.turns.wait(name)]);
      // The caller has been told by now that nothing more is sent.
      signal.throwIfAborted();
      const next = fitting.filter(({ origin }) => origin === undefined || !relayed.has(origin));
      if (next.length === 0) continue;
      const stored = await this.insert(asked, next, end);
      for (const [offset, task] of next.slice(0, stored).entries()) {
        outcomes.set(nameOf(task), { type: 'stored', seq: end.next + offset });
      }
      waiting = waiting.slice(stored);
      if (stored === next.length) continue;
      const known = await this.afterCollision(name, next.slice(stored), end.next + stored);
      looked = true;
      for (const task of waiting) {
        const isItself = task.origin !== undefined && known.get(task.id) === task.origin;
        if (isItself) outcomes.set(nameOf(task), RELAYED);
      }
      waiting = waiting.filter(({ id }) => !known.has(id));
    }
    return outcomes;
  }

  /** Finds out whether the number of the first of the tasks was taken, or ids of theirs are; those that are queued. */
  private async afterCollision(name: string, tasks: readonly NewTask[], seq: number): Promise<InTheWay['queued']> {
    const from = this.clock.now();
    // Of one id alone, because most often it is the number, and a member that is slow now loses the next one too.
    const first = await this.idsInTheWay(name, tasks.slice(0, 1));
    if (first.queued.size > 0 || first.retired > 0) {
      const others = tasks.length > 1 ? await this.idsInTheWay(name, tasks.slice(1)) : first;
      return new Map([...first.queued, ...others.queued]);
    }
    this.turns.collided(name, this.clock.now() - from);
    // What is in the way cannot be seen yet, because the majority does not have it.
    if (this.trusted(name)?.next === seq) await pause(this.clock, LOOK_PAUSE_MS);
    return new Map();
  }

  /** Returns the origins that are there, with the numbers of their tasks, in time for an insert. */
  private async originsOf({ what, name, since }: Asked, tasks: readonly Added[]): Promise<ReadonlyMap<string, number>> {
    const origins = tasks.flatMap(({ origin }) => (origin === undefined ? [] : [origin]));
    const found = await this.reads.origins(what, name, origins);
    if (since !== null && this.age(since) > TRUST_MS / 2) {
      throw this.commands.unavailable(what, `more than ${TRUST_MS / 2} ms have passed since the source was read`);
    }
    return found;
  }

  /** Returns how many were inserted, from the first on. */
  private async insert({ what, name, since }: Asked, tasks: readonly Added[], end: End): Promise<number> {
    const sent = this.moment();
    const at = new Date(this.clock.wall());
    const documents = tasks.map((task, index): Fields => {
      const seq = end.next + index;
      const [_id, key, payload] = [taskKey(name, seq), storedId(task.id), task.bytes];
      return takenUntil(withExtras({ _id, name, seq, key, payload, attempts: 0, deaths: 0, at }, task), task, at);
    });
    try {
      const stored = await this.commands.insertInOrder(what, TASKS, documents);
      if (Math.max(this.age(end.proven), since === null ? 0 : this.age(since)) > TRUST_MS) {
        throw this.commands.unavailable(what, `the answer took longer than the ${TRUST_MS} ms that it may be trusted`);
      }
      if (stored === tasks.length) {
        this.remember(name, { ...end, next: end.next + stored, proven: sent });
        this.turns.stored(name, sent.now);
      } else this.ends.delete(name);
      return stored;
    } catch (error) {
      this.ends.delete(name);
      throw error;
    }
  }

  /** Finds which of the ids are taken. One that is done, not trimmed yet, and not taken for longer makes room for the task. */
  private async idsInTheWay(name: string, tasks: readonly NewTask[]): Promise<InTheWay> {
    const filter = { name, key: { $in: tasks.map(({ id }) => storedId(id)) } };
    const projection = { seq: 1, key: 1, origin: 1, uniqueUntil: 1, kept: 1, format: 1 };
    const options = { limit: tasks.length, projection, ...majority };
    const [documents, { state }] = await Promise.all([
      this.commands.find('addTasks', TASKS, filter, options),
      this.look(name),
    ]);
    const late = await this.lateAmong(name, documents, state.done);
    const requeued = new Set(tasks.filter(({ idRule }) => idRule === 'requeued').map(({ id }) => id));
    const queued: InTheWay['queued'] = new Map();
    const retired: { q: Fields; u: Fields }[] = [];
    for (const document of documents) {
      const reader = this.reads.reader(document);
      const { seq, id } = reader.taskName();
      // A task that is being buried is needed for its letter.
      const isQueued = seq > state.done || seq === state.burial?.seq;
      const isTaken = reader.uniqueUntil() > this.clock.wall() && !requeued.has(id) && !late.has(seq);
      if (isQueued || isTaken) queued.set(id, reader.relayed().origin);
      else retired.push({ q: { _id: taskKey(name, seq) }, u: { $set: { key: retiredKey(seq) } } });
    }
    await this.commands.updateEach('addTasks', TASKS, retired);
    return { queued, retired: retired.length };
  }

  /** Returns the numbers of those whose ids look taken, and that came too late: they were never run. */
  private async lateAmong(name: string, documents: readonly Fields[], done: number): Promise<ReadonlySet<number>> {
    const unkept = documents.flatMap((document) => {
      const reader = this.reads.reader(document);
      const seq = reader.serial('seq');
      return seq <= done && document.kept !== true && reader.uniqueUntil() > 0 ? [seq] : [];
    });
    if (unkept.length === 0) return noNumbers;
    const trimmed = await this.reads.trimmedThrough('addTasks', name);
    const seqs = unkept.filter((seq) => seq <= trimmed);
    if (seqs.length === 0) return noNumbers;
    // Since the first look one may have been marked as kept.
    const filter = { _id: { $in: seqs.map((seq) => taskKey(name, seq)) }, kept: null };
    const options = { limit: seqs.length, projection: { seq: 1, format: 1 }, ...majority };
    const found = await this.commands.find('addTasks', TASKS, filter, options);
    return new Set(found.map((document) => this.reads.reader(document).serial('seq')));
  }

  private async look(name: string): Promise<{ readonly end: End; readonly state: QueueState }> {
    const proven = this.moment();
    const [highest, state] = await Promise.all([
      this.reads.highest('addTasks', name, true),
      this.reads.state('addTasks', name, true),
    ]);
    const { done } = state;
    return { end: this.remember(name, { next: Math.max(highest, done) + 1, done, proven }), state };
  }

  /** Keeps, of two ends that are both trusted, the one that is further. */
  private remember(name: string, end: End): End {
    const other = this.trusted(name);
    const further = other !== undefined && other.next > end.next ? other : end;
    this.ends.set(name, further);
    return further;
  }

  /** Half the time is left for the insert. */
  private trusted(name: string): End | undefined {
    const end = this.ends.get(name);
    return end !== undefined && this.age(end.proven) <= TRUST_MS / 2 ? end : undefined;
  }

  private moment(): Moment {
    return { now: this.clock.now(), sinceBoot: this.clock.sinceBoot() };
  }

  private age({ now, sinceBoot }: Moment): number {
    return Math.max(this.clock.now() - now, this.clock.sinceBoot() - sinceBoot);
  }
}

/** In the document of the task itself, so no crash comes between the two. */
function takenUntil(fields: Fields, { idRule }: NewTask, at: Date): Fields {
  return typeof idRule === 'number' ? { ...fields, uniqueUntil: new Date(at.getTime() + idRule) } : fields;
}

const noOrigins: ReadonlyMap<string, number> = new Map();
const noNumbers: ReadonlySet<number> = new Set();

/** Returns by what its outcome is found. */
function nameOf({ id, origin }: Added): TaskId {
  return origin ?? id;
}

function asAdded(outcome: Outcome = KNOWN): AddResult {
  return outcome.type === 'relayed' ? KNOWN : outcome;
}

function asRelayed(outcome: Outcome = KNOWN): RelayResult {
  return outcome.type === 'full' ? KNOWN : outcome;
}

function room({ next, done }: End, maxQueue: number): number {
  return Math.max(0, done + maxQueue - next + 1);
}

function firstOfEach(tasks: readonly NewTask[]): NewTask[] {
  const first = new Map<TaskId, NewTask>();
  for (const task of tasks) if (!first.has(task.id)) first.set(task.id, task);
  return [...first.values()];
}

/** Takes as many as one command may carry, at least one. */
function oneCommand<Task extends NewTask>(tasks: readonly Task[]): readonly Task[] {
  let bytes = 0;
  const end = tasks.findIndex((task, index) => {
    bytes += task.bytes.length + OVERHEAD_BYTES;
    return index > 0 && (bytes > COMMAND_BYTES_MAX || index === COMMAND_TASKS_MAX);
  });
  return end < 0 ? tasks : tasks.slice(0, end);
}
