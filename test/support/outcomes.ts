/** Outcomes and checkpoints, as the stores keep them that stand in for real ones. */
import { countsMore } from '../../src/store/outcomeDocuments.ts';
import type { Checkpoint, OutcomeLook, RecordMark, StoredTask, TaskOutcome } from '../../src/store/taskStore.ts';
import type { TaskId } from '../../src/task/task.ts';
import { isLater } from './recordMarks.ts';

export function putOutcomes(kept: Map<TaskId, TaskOutcome>, outcomes: readonly TaskOutcome[]): void {
  for (const outcome of outcomes) {
    const old = kept.get(outcome.id);
    if (old === undefined || countsMore(outcome, old)) kept.set(outcome.id, outcome);
  }
}

export function lookAt(
  ids: readonly TaskId[],
  done: number,
  tasks: Iterable<StoredTask>,
  kept: ReadonlyMap<TaskId, TaskOutcome>,
): OutcomeLook {
  // The id of a cancelled task is free at once.
  const named = Array.from(tasks).filter(({ cancelled }) => cancelled !== true);
  const numbers = new Map(named.map(({ id, seq }) => [id, seq]));
  return {
    done,
    stored: ids.map((id) => numbers.get(id) ?? null),
    outcomes: ids.map((id) => kept.get(id) ?? null),
  };
}

/** Returns whether a checkpoint of this term may be put down in a task. */
export function takesCheckpoint(
  task: StoredTask | undefined,
  term: number,
  { number }: Checkpoint,
  last: RecordMark | null,
): boolean {
  return task !== undefined && (task.recordedBy?.term ?? 0) <= term && isLater({ term, number }, last);
}
