/** The monotonic clock that all processes of one machine share: what one of them reads, another may compare. */

/** Milliseconds with three decimals. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
