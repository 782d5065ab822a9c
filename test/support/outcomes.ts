/** Outcomes and checkpoints, as the stores keep them that stand in for real ones. */

import type { EntryRef } from '../../src/store/outbox.ts';
import { countsMore } from '../../src/store/outcomeDocuments.ts';
import type {
  Checkpoint,
  LaterTask,
  OutcomeLook,
  RecordMark,
  StoredTask,
  TaskOutcome,
} from '../../src/store/taskStore.ts';
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
  later: readonly LaterTask[] = [],
  entries: Iterable<EntryRef> = [],
): OutcomeLook {
  // The id of a cancelled task is free at once.
  const named = Array.from(tasks).filter(({ cancelled }) => cancelled !== true);
  const waiting = Array.from(entries);
  const numbers = new Map(named.map(({ id, seq }) => [id, seq]));
  return {
    done,
    stored: ids.map((id) => numbers.get(id) ?? null),
    outcomes: ids.map((id) => kept.get(id) ?? null),
    later: later.map(({ id, key, origin: asked }) => {
      const there = waiting.find((entry) => (key === null ? entry.key === `at ${id}` : entry.key === key));
      const origin = asked ?? there?.origin ?? null;
      const seq = named.find((task) => task.id === id && origin !== null && task.origin === origin)?.seq ?? null;
      return { origin, waits: there !== undefined && there.origin === origin, seq };
    }),
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
