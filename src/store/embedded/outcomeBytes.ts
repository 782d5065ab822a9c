/** Outcomes on their way to the thread of the embedded store: what most have in common is not told of each. */
import type { TaskId } from '../../task/task.js';
import { NO_BYTES } from '../reader.js';
import type { TaskOutcome } from '../taskStore.js';

export interface PackedOutcomes {
  readonly ids: readonly TaskId[];
  readonly seqs: readonly number[];
  readonly terms: readonly number[];
  /** When each task ended, and until when that is kept, in ms since 1970. */
  readonly times: readonly number[];
  readonly untils: readonly number[];
  /** What those have that are not simply done at the first attempt, by their index; missing if none has any. */
  readonly rest?: ReadonlyMap<number, OutcomeRest>;
}

export type OutcomeRest = Pick<TaskOutcome, 'state' | 'attempts' | 'error' | 'result' | 'origin'>;

export const SIMPLY_DONE: OutcomeRest = { state: 'done', attempts: 1, error: null, result: null };

export function packOutcomes(outcomes: readonly TaskOutcome[]): PackedOutcomes {
  const rest = new Map<number, OutcomeRest>();
  const [ids, seqs, terms, times, untils]: [TaskId[], number[], number[], number[], number[]] = [[], [], [], [], []];
  const results = new Block(outcomes);
  for (const [index, outcome] of outcomes.entries()) {
    const { id, seq, origin, term, state, attempts, error, at, until } = outcome;
    ids.push(id);
    seqs.push(seq);
    terms.push(term);
    times.push(at.getTime());
    untils.push(until.getTime());
    const result = results.copyOf(outcome.result);
    if (state !== 'done' || attempts !== 1 || error !== null || result !== null || origin !== undefined)
      rest.set(index, { state, attempts, error, result, origin });
  }
  return { ids, seqs, terms, times, untils, ...(rest.size === 0 ? {} : { rest }) };
}

/** One block for all results: each piece of memory that crosses threads costs as much as an outcome. */
class Block {
  private readonly block: Uint8Array;
  private end = 0;

  constructor(outcomes: readonly TaskOutcome[]) {
    const total = outcomes.reduce((sum, { result }) => sum + (result?.length ?? 0), 0);
    this.block = total === 0 ? NO_BYTES : new Uint8Array(total);
  }

  copyOf(bytes: Uint8Array | null): Uint8Array | null {
    if (bytes === null) return null;
    const copy = this.block.subarray(this.end, this.end + bytes.length);
    copy.set(bytes);
    this.end += bytes.length;
    return copy;
  }
}

/** Returns how many outcomes were packed, if any were. */
export function countPacked(packed: unknown): number {
  return typeof packed === 'object' && packed !== null && 'ids' in packed && Array.isArray(packed.ids)
    ? packed.ids.length
    : 0;
}
