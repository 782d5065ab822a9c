/** A child of main.ts: runs the seeds that it is sent, chunk after chunk, and shrinks the first that fails. */
import { add, describe, noTotals, runSeeds, shrink, type Totals } from './simulate.ts';

export interface Chunk {
  readonly from: number;
  readonly count: number;
  /** Worlds without a queue. */
  readonly elections: boolean;
}

export interface ChunkReport {
  readonly totals: Totals;
  /** What failed, for people; null when nothing did. */
  readonly failure: string | null;
}

async function runChunk({ from, count, elections }: Chunk): Promise<ChunkReport> {
  const totals = noTotals();
  const failure = await runSeeds(from, count, totals, { elections });
  if (failure !== null) add(totals, { seeds: 1 });
  return { totals, failure: failure === null ? null : describe(failure, await shrink(failure)) };
}

// Only as a child has it a channel.
process.on('message', (chunk: Chunk) => {
  void runChunk(chunk).then((report) => process.send?.(report));
});
