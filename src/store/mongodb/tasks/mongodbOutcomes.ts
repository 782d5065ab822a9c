/**
 * How tasks ended, for those who wait for it, in
 *
 *   failover_outcomes   { _id: id + '/' + name, name, key, seq, origin, term, state, attempts, error, result, at, until }
 *
 * `origin` is null if a member submitted the task. One document for each id: a later outcome takes the place of an earlier one, and
 * never the other way round.
 */
import type { TaskId } from '../../../task/task.js';
import type { Clock } from '../../../time/clock.js';
import { type Fields, isOfOurFormat, readableIn, storedId } from '../../documents.js';
import { countsMore, OutcomeReader, storedOutcome } from '../../outcomeDocuments.js';
import { partsOf } from '../../parts.js';
import type { LaterTask, OutcomeLook, TaskOutcome } from '../../taskStore.js';
import { type Commands, ofOurFormat } from '../commands.js';
import { OUTCOMES, outcomeEnds, specification } from '../indexes/indexes.js';
import { commandLimits } from '../statements.js';
import { type OriginatedTask, originsWaiting, seenLater } from './laterLook.js';
import { isRetired, majority, TASKS, type TaskReads } from './taskReads.js';

/** Before an index that could not be made is tried again, in ms. */
const INDEX_PAUSE_MS = 60_000;
const DUPLICATE_KEY = 11000;
/** How often outcomes are written again that other members write at the same time. */
const ROUNDS_MAX = 5;
/** Deleted by one command. */
const BITE = 1000;
/** Beside the result and the error, in bytes. */
const OUTCOME_BYTES = 3000;

export class MongodbOutcomes {
  private indexAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly commands: Commands,
    private readonly reads: TaskReads,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  put(name: string, outcomes: readonly TaskOutcome[]): Promise<void> {
    this.makeIndex();
    return this.commands.withTimeLimit('putOutcomes', async () => {
      const sizeOf = ({ result, error }: TaskOutcome) =>
        OUTCOME_BYTES + (result?.length ?? 0) + 3 * (error?.message.length ?? 0);
      for (const part of partsOf(outcomes, sizeOf, commandLimits)) await this.putPart(name, part);
    });
  }

  /** New ones are inserted: most are. The others take the place of what is there, if they count more. */
  private async putPart(name: string, outcomes: readonly TaskOutcome[]): Promise<void> {
    let left = outcomes;
    for (let round = 0; left.length > 0; round++) {
      if (round === ROUNDS_MAX) throw this.commands.unavailable('putOutcomes', 'other members write the same outcomes');
      const taken = await this.insert(name, left);
      if (taken.length === 0) return;
      const updates = taken.map((outcome) => ({ q: below(name, outcome), u: { $set: fieldsOf(name, outcome) } }));
      const { matched, errors } = await this.commands.updateAll('putOutcomes', OUTCOMES, updates);
      for (const error of errors.values()) throw error;
      if (matched === taken.length) return;
      left = await this.missing(name, taken);
    }
  }

  /** Returns those whose id has an outcome already. */
  private async insert(name: string, outcomes: readonly TaskOutcome[]): Promise<TaskOutcome[]> {
    const documents = outcomes.map((outcome) => ({ _id: outcomeId(name, outcome.id), ...fieldsOf(name, outcome) }));
    const refused = await this.commands.insertAll('putOutcomes', OUTCOMES, documents);
    for (const { code, error } of refused.values()) if (code !== DUPLICATE_KEY) throw error;
    return outcomes.filter((_, index) => refused.has(index));
  }

  /** Returns those for which less is there than they are, such as nothing, because an old one was deleted in between. */
  private async missing(name: string, outcomes: readonly TaskOutcome[]): Promise<TaskOutcome[]> {
    const ids = outcomes.map(({ id }) => outcomeId(name, id));
    const options = { limit: ids.length, projection: { seq: 1, term: 1, format: 1 }, ...majority };
    const found = await this.commands.find('putOutcomes', OUTCOMES, { _id: { $in: ids } }, options);
    // Those of a later format stay: what cannot be read holds no one up.
    const alien = found.filter((document) => isOfOurFormat(document) && this.markIn(document) === undefined);
    for (const { _id, seq = null, term = null } of alien) {
      await this.commands.delete('putOutcomes', OUTCOMES, { _id, seq, term, ...ofOurFormat }, 1);
    }
    const gone = new Set(alien.map(({ _id }) => _id));
    const there = new Map(found.map((document) => [document._id, document]));
    return outcomes.filter((outcome) => {
      const document = there.get(outcomeId(name, outcome.id));
      if (document === undefined || gone.has(document._id)) return true;
      const mark = this.markIn(document);
      return mark !== undefined && countsMore(outcome, mark);
    });
  }

  /** Returns undefined if it cannot be read. */
  private markIn(document: Fields): { seq: number; term: number } | undefined {
    return readableIn(() => this.reader(document).mark())[0];
  }

  read(name: string, ids: readonly TaskId[], later: readonly LaterTask[] = []): Promise<OutcomeLook> {
    return this.commands.withTimeLimit('readOutcomes', async () => {
      // First: what is not there any more has become a task, or never will.
      const waiting = await originsWaiting(this.commands, name, later);
      const { done } = await this.reads.state('readOutcomes', name);
      const [tasks, outcomes] = await Promise.all([this.storedTasks(name, ids), this.kept(name, ids)]);
      return {
        done,
        stored: ids.map((id) => tasks.get(outcomeId(name, id))?.seq ?? null),
        outcomes: ids.map((id) => outcomes.get(outcomeId(name, id)) ?? null),
        later: later.map((task, index) => seenLater(task, waiting[index] ?? null, tasks.get(outcomeId(name, task.id)))),
      };
    });
  }

  private async storedTasks(name: string, ids: readonly TaskId[]): Promise<Map<unknown, OriginatedTask>> {
    const options = { limit: ids.length, projection: { seq: 1, key: 1, origin: 1, format: 1 }, ...majority };
    const filter = { name, key: { $in: ids.map(storedId) } };
    const found = await this.commands.find('readOutcomes', TASKS, filter, options);
    const tasks = found.filter((document) => !isRetired(document));
    return new Map(
      tasks.map((each) => {
        const { id, seq } = this.reads.reader(each).taskName();
        return [outcomeId(name, id), { seq, origin: each.origin }];
      }),
    );
  }

  private async kept(name: string, ids: readonly TaskId[]): Promise<Map<unknown, TaskOutcome>> {
    const filter = { _id: { $in: ids.map((id) => outcomeId(name, id)) } };
    const found = await this.commands.find('readOutcomes', OUTCOMES, filter, { limit: ids.length, ...majority });
    return new Map(found.map((document) => [document._id, this.reader(document).outcome()]));
  }

  /** Deletes one bite. Returns whether it has come to the end. */
  trim(name: string, before: Date): Promise<boolean> {
    return this.commands.withTimeLimit('trimOutcomes', async () => {
      const old = { name, until: { $lt: before } };
      const options = { sort: { name: 1, until: 1 }, limit: BITE, projection: { _id: 1 }, ...majority };
      const found = await this.commands.find('trimOutcomes', OUTCOMES, old, options);
      if (found.length === 0) return true;
      // Not one that has been written again since.
      const filter = { _id: { $in: found.map(({ _id }) => _id) }, until: { $lt: before } };
      await this.commands.delete('trimOutcomes', OUTCOMES, filter, 0);
      return found.length < BITE;
    });
  }

  /** Nothing depends on it, so a user who may not make it does without. */
  private makeIndex(): void {
    if (this.clock.now() - this.indexAt < INDEX_PAUSE_MS) return;
    this.indexAt = this.clock.now();
    const made = this.commands.send('putOutcomes', { createIndexes: OUTCOMES, indexes: [specification(outcomeEnds)] });
    made.then(
      () => {
        this.indexAt = Number.POSITIVE_INFINITY;
      },
      () => {},
    );
  }

  private reader(document: Fields): OutcomeReader {
    return new OutcomeReader(document, this.commands.where(document._id));
  }
}

/** Finds the outcome of the same id, if it counts less. */
function below(name: string, { id, seq, term }: TaskOutcome): Fields {
  return { _id: outcomeId(name, id), $or: [{ seq: { $lt: seq } }, { seq, term: { $lt: term } }], ...ofOurFormat };
}

function fieldsOf(name: string, outcome: TaskOutcome): Fields {
  const { result, at, until } = outcome;
  return { name, ...storedOutcome(outcome), result, at, until };
}

/** As different for different ids as the ids are: 1 is not '1'. */
export function outcomeId(name: string, id: TaskId): string {
  if (Object.is(id, -0)) return `-0/${name}`;
  return typeof id === 'number' ? `${id}/${name}` : `${JSON.stringify(id)}/${name}`;
}
