/** The documents of outcomes in both stores, and the check of every one that is read, as in documents.ts. */
import { type Fields, storedId } from './documents.js';
import { TaskReader } from './taskDocuments.js';
import type { TaskOutcome } from './taskStore.js';

/** An outcome but for its result and its times, which each store keeps in its own way. */
export function storedOutcome({ id, seq, origin, term, state, attempts, error }: TaskOutcome): Fields {
  // No origin is written as well: it takes the place of that of an earlier task.
  const task = { key: storedId(id), seq, origin: origin ?? null };
  return { ...task, term, state, attempts, error: error === null ? null : storedError(error) };
}

export function storedError({ name, message, code, permanent }: NonNullable<TaskOutcome['error']>): Fields {
  return { name, message, code: code ?? null, ...(permanent ? { permanent } : {}) };
}

/** Returns whether the first of two outcomes of one id counts more. */
export function countsMore(
  a: { readonly seq: number; readonly term: number },
  b: { readonly seq: number; readonly term: number },
): boolean {
  return a.seq > b.seq || (a.seq === b.seq && a.term > b.term);
}

export class OutcomeReader extends TaskReader {
  outcome(): TaskOutcome {
    const { result, error, origin } = this.fields;
    return {
      ...this.taskName(),
      ...(origin === undefined || origin === null ? {} : { origin: this.text('origin') }),
      term: this.serial('term'),
      state: this.state(),
      attempts: this.count('attempts'),
      error: error === undefined || error === null ? null : new OutcomeReader(error, `${this.where}, in error`).error(),
      result: result === undefined || result === null ? null : new Uint8Array(this.bytes('result')),
      at: this.date('at'),
      until: this.date('until'),
    };
  }

  /** By what it is compared with others. */
  mark(): { seq: number; term: number } {
    return { seq: this.serial('seq'), term: this.serial('term') };
  }

  private state(): TaskOutcome['state'] {
    const state = this.text('state');
    if (state === 'done' || state === 'failed' || state === 'cancelled') return state;
    throw this.alien('state', 'done, failed or cancelled');
  }
}
