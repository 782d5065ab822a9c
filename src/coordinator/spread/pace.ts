/** How fast a process gives masterships away. */

/** With more above its share than this, a process gives faster than once each `every`, so it takes minutes and not hours. */
const SURPLUS_SLOW = 10;

/** Returns how long a process waits after a move, in ms. `surplus`: what it had above its share. */
export function pauseAfter(surplus: number, every: number): number {
  return surplus <= SURPLUS_SLOW ? every : (every * SURPLUS_SLOW) / surplus;
}
