/** The difference of two clocks, for people. */

/** Times that people read are wrong by as much, in ms. */
const CLOCKS_MS = 1000;

/** Says how far the server's clock is from the one here, in ms; null if that is too little to matter, or not known. */
export function clocksText(clockAhead: number | null): string | null {
  if (clockAhead === null || Math.abs(clockAhead) < CLOCKS_MS) return null;
  const seconds = (Math.abs(clockAhead) / 1000).toFixed(1);
  return `the server's clock is ${seconds} s ${clockAhead > 0 ? 'ahead of' : 'behind'} the one here`;
}
