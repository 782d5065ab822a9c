/**
 * How much work the demo takes on, so it lasts about as long as was asked for on the machine at hand: every file
 * if that fits into the time, compressed as hard as then fits.
 */
import { UsageError } from '../exit.js';
import { compress } from './files/compress.js';
import type { FileTask } from './files/tasks.js';

export interface Plan {
  readonly tasks: readonly FileTask[];
  /** Brotli's, 1 to 11. */
  readonly quality: number;
  /** How long each task works at the least, in ms: a small folder's files are compressed again and again. */
  readonly atLeast: number;
  /** What it should take altogether, in ms. */
  readonly expected: number;
}

/** Start, measurement, failover, stop and audit, in ms. */
const ASIDE_MS = 7000;
/** With less, the block and the kill would come after the end, in ms. */
const WORK_MIN_MS = 12_000;
/** Short enough to see tasks done while the master's main thread is blocked for 3 s; in ms. */
const TASK_MAX_MS = 1500;
/** What a task costs beside the compression, in ms. */
const PER_TASK = 0.5;
/** Long enough for the lease to list all tasks that are done between two looks of a standby; in ms. */
const TASK_MIN_MS = 2;
const TASKS_MIN = 20;
const qualities = [1, 3, 5, 7, 9, 11] as const;

/**
 * `speedOf` gives the bytes per ms of a quality; it is only asked for those that may fit.
 *
 * @throws UsageError when there are too few files to see anything
 */
export function planWork(files: readonly FileTask[], seconds: number, speedOf: (quality: number) => number): Plan {
  if (files.length < TASKS_MIN) {
    throw new UsageError(`the demo needs ${TASKS_MIN} readable files at the least, and there are ${files.length}`);
  }
  const budget = seconds * 1000 - ASIDE_MS;
  const largest = files.reduce((most, { size }) => Math.max(most, size), 0);
  const costs = (speed: number) => files.map(({ size }) => PER_TASK + Math.max(TASK_MIN_MS, size / speed));

  let quality: number = qualities[0];
  let fitting = costs(speedOf(quality));
  for (const higher of qualities.slice(1)) {
    const speed = speedOf(higher);
    const tried = costs(speed);
    if (sum(tried) > budget || largest / speed > TASK_MAX_MS) break;
    quality = higher;
    fitting = tried;
  }

  let spent = 0;
  const tooMany = fitting.findIndex((cost) => {
    spent += cost;
    return spent > budget;
  });
  const count = tooMany < 0 ? files.length : Math.max(TASKS_MIN, tooMany);
  const taken = fitting.slice(0, count);
  const atLeast = Math.max(TASK_MIN_MS, floorFor(taken, Math.min(budget, WORK_MIN_MS)));
  return { tasks: files.slice(0, count), quality, atLeast, expected: sum(taken, atLeast) };
}

/** Returns the least cost of each that brings the sum of all up to `total`; 0 when they cost that much anyhow. */
function floorFor(costs: readonly number[], total: number): number {
  if (sum(costs) >= total) return 0;
  let low = 0;
  let high = total;
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if (sum(costs, middle) < total) low = middle;
    else high = middle;
  }
  return Math.ceil(high);
}

function sum(costs: readonly number[], atLeast = 0): number {
  let total = 0;
  for (const cost of costs) total += Math.max(cost, atLeast);
  return total;
}

/** Compresses samples until `limit` ms are spent. Returns bytes per ms. */
export function measureSpeed(samples: readonly Uint8Array[], quality: number, limit = 250): number {
  const start = performance.now();
  let bytes = 0;
  for (const sample of samples) {
    compress(sample, quality);
    bytes += sample.length;
    if (performance.now() - start > limit) break;
  }
  return Math.max(1, bytes) / Math.max(0.01, performance.now() - start);
}
