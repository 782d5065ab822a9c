/**
 * In the task thread: runs the tasks of one chunk strictly one after another. All that the library itself costs for a
 * task is spent here, so it awaits only promises, and looks at the lease again only when the wall clock has moved.
 */

import type { ChunkOutcome, WorkOutcome } from '../queue/runner.js';
import { decodeTask } from '../task/taskCodec.js';
import type { SharedHistogram } from '../wire/sharedCounts.js';
import type { SharedLease } from '../wire/sharedLease.js';
import { failureOf, outcomeOf, type UserWork } from './callWork.js';
import { type Chunk, ownBlock } from './chunk.js';
import type { ChunkProgress } from './chunkProgress.js';
import { type PutCheckpoint, WorkContext } from './context.js';

/** After so many ms a run begins no further task; the tasks that it carries were expected to take half of that. */
const RUN_MAX_MS = 200;

/** What the coordinator does not find in the shared progress. */
export type ChunkAnswer = Omit<ChunkOutcome, 'done'>;

interface ChunkParts {
  readonly work: UserWork;
  readonly term: number;
  readonly lease: SharedLease;
  readonly progress: ChunkProgress;
  /** Of tasks that are done. */
  readonly taskTime?: SharedHistogram;
  /** Keeps the result of a task, by its index, before the task counts as done. Null: there are no results. */
  readonly keepResult: ((index: number, result: Uint8Array) => void) | null;
  readonly putCheckpoint: PutCheckpoint;
  /** Told of each context before its task starts, so it can be aborted. */
  begins(context: WorkContext): void;
}

/** Never rejects. */
export async function runChunk(chunk: Chunk, parts: ChunkParts): Promise<ChunkAnswer> {
  const { progress } = parts;
  const beganAt = performance.now();
  // Each thread counts from its own start, but by the same clock.
  const shift = Number(process.hrtime.bigint()) / 1e6 - beganAt;
  const failure = await runTasks(chunk, parts, beganAt, shift);
  const endedAt = performance.now();
  progress.startedAt = endedAt + shift;
  return { failure, took: endedAt - beganAt };
}

async function runTasks(
  chunk: Chunk,
  { work, term, lease, progress, taskTime, begins, keepResult, putCheckpoint }: ChunkParts,
  beganAt: number,
  shift: number,
): Promise<ChunkOutcome['failure']> {
  const { ids, lengths, attempts, details, checkpoints } = chunk;
  let startedAt = beganAt;
  const block = ownBlock(chunk);
  let offset = 0;
  let done = 0;
  let lookedAt = Number.NaN;
  for (const id of ids) {
    const now = performance.now();
    if (done > 0) taskTime?.record(now - startedAt);
    startedAt = now;
    if (done > 0 && (progress.finishing || now - beganAt > RUN_MAX_MS)) return null;
    // By this clock, because it runs on while the machine sleeps.
    const wall = Date.now();
    if (wall !== lookedAt) {
      lookedAt = wall;
      if (lease.remaining() === 0 || lease.term !== term) return { type: 'not-run' };
    }
    if (lease.aborted) return { type: 'not-run' };
    const length = lengths[done] ?? 0;
    const end = offset + length;
    // The work has given the memory away that all tasks share; the others are sent again.
    if (done > 0 && block.length < end) return null;
    const attempt = attempts?.[done] ?? 1;
    const context = new WorkContext(id, term, attempt, lease, details?.[done], putCheckpoint, checkpoints?.get(done));
    begins(context);
    progress.startedAt = now + shift;
    try {
      let result = work(decodeTask(block, offset, length), context);
      if (typeof result === 'object' && result !== null && 'then' in result) result = await result;
      if (result !== true) {
        const outcome = outcomeOf(result, context, keepResult !== null);
        if (outcome.type !== 'result' || outcome.result === undefined) return notDone(outcome);
        keepResult?.(done, outcome.result);
      }
    } catch (thrown) {
      return failureOf(thrown);
    } finally {
      context.end();
    }
    offset = end;
    done += 1;
    progress.done = done;
  }
  taskTime?.record(performance.now() - startedAt);
  return null;
}

function notDone(outcome: WorkOutcome): ChunkOutcome['failure'] {
  return outcome.type === 'result' ? { type: 'result', done: false } : outcome;
}
