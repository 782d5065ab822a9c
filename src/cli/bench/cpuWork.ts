/**
 * The CPU-heavy work that every competitor does, one slice at a time: JavaScript, the garbage collector and a long
 * native call, as a task that renders, packs or checks something has them.
 */
import { createHash } from 'node:crypto';
import { brotliCompressSync, constants } from 'node:zlib';

/** So many that a slice takes some 50 ms on one free core of a present machine. */
const RECORDS = 20_000;

/** The text that a slice compresses. */
export function records(seed: number): string {
  let state = seed + 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  const made = Array.from({ length: RECORDS }, (_, id) => ({
    id,
    amount: random() % 10_000,
    text: `item ${random()}`,
  }));
  made.sort((a, b) => a.amount - b.amount);
  return JSON.stringify(made);
}

/** One slice. Never yields. Returns a checksum, so nothing of it can be left out. */
export function slice(seed: number): string {
  const packed = brotliCompressSync(records(seed), { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } });
  return createHash('sha256').update(packed).digest('hex');
}

/** How long a slice takes on this thread as it is now, in ms: the median of some. */
export function measureSlice(): number {
  const times = Array.from({ length: 9 }, (_, seed) => {
    const from = performance.now();
    slice(seed);
    return performance.now() - from;
  });
  // The first ones run code that is not compiled yet.
  return times.slice(4).sort((a, b) => a - b)[2] ?? 0;
}
