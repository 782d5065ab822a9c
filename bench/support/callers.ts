/** Many calls under way at once, as an application makes them that serves many requests. */

/**
 * So many callers, each awaiting one call before the next, until `count` calls were made or the time is up. `call` is
 * given the number of the call. Resolves with how many were made.
 */
export async function callAtOnce(
  callers: number,
  count: number,
  call: (index: number) => Promise<unknown>,
  limit = Number.POSITIVE_INFINITY,
): Promise<number> {
  const until = performance.now() + limit;
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count && performance.now() < until) await call(next++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return next;
}
