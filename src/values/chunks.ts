/** Goes through long lists some items at a time. */

/** Cuts a list, in order, into chunks of so many items; the last one may be shorter. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** Runs so many at once, and the next ones when these have ended. */
export async function inTurns<T, R>(items: readonly T[], atOnce: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const some of chunksOf(items, atOnce)) results.push(...(await Promise.all(some.map(run))));
  return results;
}
