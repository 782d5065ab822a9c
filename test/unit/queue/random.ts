/** Chance that can be repeated: the same seed gives the same numbers (mulberry32). */
export interface Chance {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
}

export function random(seed: number): Chance {
  let state = seed;
  return {
    below(limit) {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
    },
  };
}
