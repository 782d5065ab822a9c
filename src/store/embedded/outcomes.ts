/**
 * How tasks ended, in the embedded store: an entry for each id, and one for those that are over at the same time, by which they
 * are found then. Older versions wrote one of those for each.
 */
import { StoreError } from '../../errors.js';
import type { TaskId } from '../../task/task.js';
import { type Fields, isFields, isOfOurFormat, readableIn, storedId } from '../documents.js';
import { countsMore, OutcomeReader, storedError } from '../outcomeDocuments.js';
import type { LaterTask, OutcomeLook, SeenLater, TaskOutcome } from '../taskStore.js';
import type { EmbeddedCalls } from './calls.js';
import type { Entries } from './environment.js';
import {
  entryIdKey,
  idKey,
  originKey,
  outcomeEnds,
  outcomeKey,
  outcomeKeys,
  outcomesEndKey,
  outcomesEnds,
} from './keys.js';
import type { StoreFacts } from './leases.js';
import { type PackedOutcomes, SIMPLY_DONE } from './outcomeBytes.js';
import type { Tasks } from './tasks.js';

/** Outcomes that one transaction deletes, or somewhat more: the beats of all members wait for it. */
const TRIMMED_MAX = 500;
/** Outcomes of one time that share an entry for their end: few, as a transaction deletes all of them or none. */
const TOGETHER_MAX = 256;

type OutcomeCalls = Pick<EmbeddedCalls, 'acknowledge' | 'putOutcomes' | 'readOutcomes' | 'trimOutcomes'>;

export function outcomesOn(entries: Entries, facts: StoreFacts, tasks: Tasks): OutcomeCalls {
  const outcomes = new Outcomes(entries, facts, tasks);
  return {
    // What a deposed master brings is not even stored.
    acknowledge: (tenure, acknowledgement, packed) => {
      const matched = tasks.acknowledge(tenure, acknowledgement);
      if (matched && packed !== undefined) outcomes.put(tenure.name, packed);
      return matched;
    },
    putOutcomes: (name, packed) => outcomes.put(name, packed),
    readOutcomes: (name, ids, later) => outcomes.read(name, ids, later),
    trimOutcomes: (name, before) => outcomes.trim(name, before),
  };
}

class Outcomes {
  constructor(
    private readonly entries: Entries,
    private readonly facts: StoreFacts,
    private readonly tasks: Tasks,
  ) {}

  put(name: string, packed: PackedOutcomes): void {
    const keyOf = outcomeKeys(name);
    let [keys, until]: [Buffer[], number] = [[], 0];
    for (const [index, id] of packed.ids.entries()) {
      const key = keyOf(id);
      const fields = fieldsOf(packed, index, id);
      const entry = this.entries.get(key);
      if (entry !== undefined && !this.gives(entry.value, fields, name)) continue;
      this.entries.put(key, fields, (entry?.version ?? 0) + 1);
      if (keys.length >= TOGETHER_MAX || fields.until !== until) {
        this.putEnd(name, until, keys);
        [keys, until] = [[], fields.until];
      }
      keys.push(key);
    }
    this.putEnd(name, until, keys);
  }

  /** What takes the place of an outcome has an end of its own. The one of before then finds that its time is not over. */
  private putEnd(name: string, until: number, keys: readonly Buffer[]): void {
    if (keys.length === 0) return;
    let part = 0;
    while (this.entries.get(outcomesEndKey(name, until, part)) !== undefined) part += 1;
    this.entries.put(outcomesEndKey(name, until, part), keys, 1);
  }

  /** Returns whether what is there gives way. What cannot be read holds no one up, but that of a later format stays. */
  private gives(there: unknown, outcome: { readonly seq: number; readonly term: number }, name: string): boolean {
    if (isFields(there) && !isOfOurFormat(there)) return false;
    const [mark] = readableIn(() => this.reader(there, name).mark());
    return mark === undefined || countsMore(outcome, mark);
  }

  read(name: string, ids: readonly TaskId[], later: readonly LaterTask[]): OutcomeLook {
    const { done } = this.tasks.queueState(name);
    return {
      done,
      // The entry of an id has the number of its task as its version.
      stored: ids.map((id) => this.entries.get(idKey(name, id))?.version ?? null),
      outcomes: ids.map((id) => this.outcomeAt(name, outcomeKey(name, id))),
      later: later.map((task) => this.seenLater(name, task)),
    };
  }

  private seenLater(name: string, { id, origin: asked }: LaterTask): SeenLater {
    const there = this.originOfEntry(name, id);
    const origin = asked ?? there;
    const seq = origin === null ? undefined : this.entries.get(originKey(name, origin))?.version;
    const hasId = seq !== undefined && this.entries.get(idKey(name, id))?.version === seq;
    return { origin, waits: there !== null && there === origin, seq: hasId ? seq : null };
  }

  /** Returns the origin of the task that is due later under this id. */
  private originOfEntry(name: string, id: TaskId): string | null {
    const key = this.entries.get(entryIdKey(name, id))?.value;
    const entry = typeof key === 'string' ? this.entries.get(Buffer.from(key, 'hex'))?.value : undefined;
    return isFields(entry) && typeof entry.origin === 'string' ? entry.origin : null;
  }

  private outcomeAt(name: string, key: Buffer): TaskOutcome | null {
    const entry = this.entries.get(key);
    return entry === undefined ? null : this.reader(entry.value, name).outcome();
  }

  /** Deletes a bounded number. Returns whether it has come to the end. */
  trim(name: string, before: Date): boolean {
    let count = 0;
    const found: { readonly end: Buffer; readonly keys: readonly Buffer[] }[] = [];
    for (const range of [outcomesEnds(name, before.getTime()), outcomeEnds(name, before.getTime())]) {
      for (const { key: end, value } of this.entries.each(range)) {
        if (count >= TRIMMED_MAX) break;
        const keys = this.keysIn(value, name);
        found.push({ end, keys });
        count += keys.length;
      }
    }
    for (const { end, keys } of found) {
      this.entries.remove(end);
      for (const key of keys) this.removeIfOver(key, name, before);
    }
    return count < TRIMMED_MAX;
  }

  /** One key is what an older version wrote. */
  private keysIn(value: unknown, name: string): Buffer[] {
    const keys: unknown[] = Array.isArray(value) ? value : [value];
    return keys.map((key) => {
      if (!Buffer.isBuffer(key)) throw new StoreError('ERR_STORE_DATA', `${this.where(name)}: an end has no key`);
      return key;
    });
  }

  private removeIfOver(key: Buffer, name: string, before: Date): void {
    const entry = this.entries.get(key);
    if (entry === undefined || (isFields(entry.value) && !isOfOurFormat(entry.value))) return;
    const [until] = readableIn(() => this.reader(entry.value, name).date('until'));
    if (until === undefined || until < before) this.entries.remove(key);
  }

  private where(name: string): string {
    return `the outcomes of ${name} in ${this.facts.path}`;
  }

  private reader(value: unknown, name: string): OutcomeReader {
    return new OutcomeReader(value, this.where(name));
  }
}

/** What most do not have is left out. */
function fieldsOf({ seqs, terms, times, untils, rest }: PackedOutcomes, index: number, id: TaskId) {
  const { state, attempts, error, result, origin } = rest?.get(index) ?? SIMPLY_DONE;
  const [seq = 0, term = 0, at = 0, until = 0] = [seqs[index], terms[index], times[index], untils[index]];
  const own = { key: storedId(id), seq, term, state, attempts, at, until };
  const fields = origin === undefined ? own : { ...own, origin };
  if (error === null && result === null) return fields;
  const bytes = result === null ? null : Buffer.from(result.buffer, result.byteOffset, result.byteLength);
  return { ...fields, error: error === null ? null : storedError(error), result: bytes } satisfies Fields;
}
