/** How tasks ended, in the embedded store: an entry for each id, and one by which those are found whose time is over. */
import { StoreError } from '../../errors.js';
import type { TaskId } from '../../task/task.js';
import { isFields, isOfOurFormat, readableIn } from '../documents.js';
import { countsMore, OutcomeReader, storedOutcome } from '../outcomeDocuments.js';
import type { OutcomeLook, QueueState, TaskOutcome } from '../taskStore.js';
import type { EmbeddedCalls } from './calls.js';
import type { Entries } from './environment.js';
import { idKey, outcomeEndKey, outcomeEnds, outcomeKey } from './keys.js';
import type { StoreFacts } from './leases.js';

/** Outcomes that one transaction deletes: the beats of all members wait for it. */
const TRIMMED_MAX = 500;

type OutcomeCalls = Pick<EmbeddedCalls, 'putOutcomes' | 'readOutcomes' | 'trimOutcomes'>;

export function outcomesOn(
  entries: Entries,
  facts: StoreFacts,
  queueState: (name: string) => QueueState,
): OutcomeCalls {
  const outcomes = new Outcomes(entries, facts, queueState);
  return {
    putOutcomes: (name, given) => outcomes.put(name, given),
    readOutcomes: (name, ids) => outcomes.read(name, ids),
    trimOutcomes: (name, before) => outcomes.trim(name, before),
  };
}

class Outcomes {
  constructor(
    private readonly entries: Entries,
    private readonly facts: StoreFacts,
    private readonly queueState: (name: string) => QueueState,
  ) {}

  put(name: string, outcomes: readonly TaskOutcome[]): void {
    for (const outcome of outcomes) {
      const { id, result, at, until } = outcome;
      const key = outcomeKey(name, id);
      const entry = this.entries.get(key);
      if (entry !== undefined) {
        if (!this.gives(entry.value, outcome, name)) continue;
        const [until] = readableIn(() => this.reader(entry.value, name).date('until'));
        if (until !== undefined) this.entries.remove(outcomeEndKey(name, until.getTime(), id));
      }
      const bytes = result === null ? null : Buffer.from(result.buffer, result.byteOffset, result.byteLength);
      const fields = { ...storedOutcome(outcome), result: bytes, at: at.getTime(), until: until.getTime() };
      this.entries.put(key, fields, (entry?.version ?? 0) + 1);
      this.entries.put(outcomeEndKey(name, until.getTime(), id), key, 1);
    }
  }

  /** Returns whether what is there gives way. What cannot be read holds no one up, but that of a later format stays. */
  private gives(there: unknown, outcome: TaskOutcome, name: string): boolean {
    if (isFields(there) && !isOfOurFormat(there)) return false;
    const [mark] = readableIn(() => this.reader(there, name).mark());
    return mark === undefined || countsMore(outcome, mark);
  }

  read(name: string, ids: readonly TaskId[]): OutcomeLook {
    const { done } = this.queueState(name);
    return {
      done,
      // The entry of an id has the number of its task as its version.
      stored: ids.map((id) => this.entries.get(idKey(name, id))?.version ?? null),
      outcomes: ids.map((id) => this.outcomeAt(name, outcomeKey(name, id))),
    };
  }

  private outcomeAt(name: string, key: Buffer): TaskOutcome | null {
    const entry = this.entries.get(key);
    return entry === undefined ? null : this.reader(entry.value, name).outcome();
  }

  /** Deletes a bounded number. Returns whether it has come to the end. */
  trim(name: string, before: Date): boolean {
    const found: { readonly end: Buffer; readonly key: Buffer }[] = [];
    for (const { key: end, value } of this.entries.each(outcomeEnds(name, before.getTime()))) {
      if (!Buffer.isBuffer(value)) throw new StoreError('ERR_STORE_DATA', `${this.where(name)}: an end has no key`);
      found.push({ end, key: value });
      if (found.length >= TRIMMED_MAX) break;
    }
    for (const { end, key } of found) {
      this.entries.remove(end);
      const entry = this.entries.get(key);
      if (entry === undefined || (isFields(entry.value) && !isOfOurFormat(entry.value))) continue;
      const [until] = readableIn(() => this.reader(entry.value, name).date('until'));
      if (until === undefined || until < before) this.entries.remove(key);
    }
    return found.length < TRIMMED_MAX;
  }

  private where(name: string): string {
    return `the outcomes of ${name} in ${this.facts.path}`;
  }

  private reader(value: unknown, name: string): OutcomeReader {
    return new OutcomeReader(value, this.where(name));
  }
}
