/**
 * How often a property is tried. The environment variable MONGO_FAILOVER_RUNS multiplies the everyday number, and the
 * time that a test may take: 10 for a long look, 0.1 for a glance. A property that fails prints its seed and its path.
 *
 * Every day they are the same ones, so a change is told apart from chance; a long look draws others each time.
 */
import { vi } from 'vitest';

/** What the slowest of these tests may take on a busy machine, in ms, at the everyday number of runs. */
const PATIENCE = 60_000;

const factor = factorOf(process.env.MONGO_FAILOVER_RUNS);

// At once: a test takes its time limit from what holds when it is defined.
if (factor > 1) vi.setConfig({ testTimeout: PATIENCE * factor });

/** The parameters of `fc.assert` for a property that is tried so often every day. */
export function runs(everyDay: number): { readonly numRuns: number; readonly seed?: number } {
  const numRuns = Math.max(1, Math.round(everyDay * factor));
  return factor === 1 ? { numRuns, seed: 1 } : { numRuns };
}

function factorOf(text: string | undefined): number {
  if (text === undefined || text === '') return 1;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`MONGO_FAILOVER_RUNS must be a number above 0, not ${JSON.stringify(text)}`);
}
