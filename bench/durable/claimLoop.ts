/**
 * Entry: the loop that one would write oneself: claim the oldest task, work, say that it is done. The tasks of a round
 * are stored before its clock starts, which is in the loop's favour, with an index for the claim.
 */
import { settingsOf } from '../support/entry.js';
import work from '../throughput/work.js';
import type { ClaimLoopSettings } from './messages.js';
import { connectSafely, reportRates } from './rounds.js';

/** Tasks in one `insertMany`. */
const INSERTED = 1000;

interface LoopTask {
  readonly seq: number;
  readonly state: 'queued' | 'running' | 'done';
  readonly task: { readonly id: number };
}

const { uri, rounds, tasks } = settingsOf<ClaimLoopSettings>();
const client = await connectSafely(uri);

async function rate(round: number): Promise<number> {
  const queue = client.db().collection<LoopTask>(`loop_${round}`);
  await queue.createIndex({ state: 1, seq: 1 });
  for (let seq = 0; seq < tasks; seq += INSERTED) {
    const length = Math.min(INSERTED, tasks - seq);
    const queued = (index: number): LoopTask => ({ seq: seq + index, state: 'queued', task: { id: seq + index } });
    await queue.insertMany(Array.from({ length }, (_, index) => queued(index)));
  }
  const from = performance.now();
  for (let done = 0; done < tasks; done++) {
    const claimed = await queue.findOneAndUpdate(
      { state: 'queued' },
      { $set: { state: 'running' } },
      { sort: { seq: 1 } },
    );
    if (claimed === null || !work(claimed.task)) throw new Error(`the loop found no task after ${done}`);
    await queue.updateOne({ _id: claimed._id }, { $set: { state: 'done' } });
  }
  return (tasks / (performance.now() - from)) * 1000;
}

await reportRates(client, rounds, rate);
