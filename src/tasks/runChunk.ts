/**
 * In the task thread: runs the tasks of one chunk strictly one after another. This is the inner loop of the library, so
 * it awaits only what is a promise, and looks at the clocks once for each task at most.
 */
import type { LeaseView } from '../election/leaseView.js';
import type { ChunkOutcome } from '../queue/runner.js';
import { decodeTask } from '../taskCodec.js';
import { failureOf, notBoolean, type UserWork } from './callWork.js';
import { type Chunk, ownBlock } from './chunk.js';
import type { ChunkProgress } from './chunkProgress.js';
import { WorkContext } from './context.js';

/** After so many ms a run begins no further task: those that it carries were expected to take less. */
const LONGEST = 20;

export interface ChunkParts {
  readonly work: UserWork;
  readonly lease: LeaseView;
  readonly progress: ChunkProgress;
  /** Whether somebody watches how long each task takes. */
  readonly timed: boolean;
  readonly term: number;
  /** Told of each context before its task starts, so that it can be aborted. */
  started(context: WorkContext): void;
}

export async function runChunk(chunk: Chunk, parts: ChunkParts): Promise<ChunkOutcome> {
  const { work, lease, progress, timed, term } = parts;
  const { ids, lengths, attempts } = chunk;
  const block = ownBlock(chunk);
  const startedAt = performance.now();
  let offset = 0;
  let done = 0;
  let lookedAt = 0;
  const ended = (failure: ChunkOutcome['failure']): ChunkOutcome => ({
    done,
    failure,
    took: performance.now() - startedAt,
  });

  for (const [index, id] of ids.entries()) {
    if (index > 0 && (progress.finishing || performance.now() - startedAt > LONGEST)) return ended(null);
    // The wall clock runs on while the machine sleeps or the process is stopped: the lease is looked at again then.
    const wall = Date.now();
    if (wall !== lookedAt) {
      lookedAt = wall;
      if (lease.remaining() <= 0 || lease.term !== term) return ended({ type: 'not-run' });
    }
    if (lease.aborted) return ended({ type: 'not-run' });
    const end = offset + (lengths[index] ?? 0);
    const context = new WorkContext(id, term, attempts?.[index] ?? 1, lease);
    parts.started(context);
    if (timed) progress.startedAt = Number(process.hrtime.bigint()) / 1e6;
    try {
      let result = work(decodeTask(block.subarray(offset, end)), context);
      if (typeof result === 'object' && result !== null && 'then' in result) result = await result;
      if (result !== true) return ended(result === false ? { type: 'result', done: false } : notBoolean(result));
    } catch (thrown) {
      return ended(failureOf(thrown));
    }
    offset = end;
    done += 1;
    progress.done = done;
  }
  return ended(null);
}
