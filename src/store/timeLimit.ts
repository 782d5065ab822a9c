/**
 * The end of every call to a store: whatever a driver, a server or a network does with a request, its caller hears of
 * it within the limit.
 */
import type { StoreError } from '../errors.js';

/**
 * Returns the outcome of `call`, or a rejection with `late()` after `limit` ms. The signal then aborts, so what has not
 * been sent yet never will be; what was sent may still take effect.
 */
export async function withinLimit<T>(
  limit: number,
  late: () => StoreError,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = late();
      // First the rejection: the abort makes the call reject too, perhaps with an error of its own.
      reject(error);
      controller.abort(error);
    }, limit);
  });
  try {
    return await Promise.race([call(controller.signal), end]);
  } finally {
    clearTimeout(timer);
  }
}
