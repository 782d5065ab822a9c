/** Repeats a call to the store until it has an answer, or until none is needed any more. */
import type { Clock } from './clock.js';
import { pause } from './pause.js';

interface UntilAnsweredParts {
  readonly clock: Clock;
  /** Before a failed call is made again, in ms. */
  readonly poll: number;
  /** Returns whether the answer is still wanted. */
  wanted(): boolean;
  /** Called when the call failed; once, not again for as long as it goes on failing. */
  failed(error: Error): void;
}

/** Returns the answer, or null if it was not wanted any more when it came. */
export async function untilAnswered<T>(
  call: () => Promise<T>,
  { clock, poll, wanted, failed }: UntilAnsweredParts,
): Promise<T | null> {
  for (let told = false; wanted(); told = true) {
    try {
      const answer = await call();
      return wanted() ? answer : null;
    } catch (error) {
      if (!told && wanted()) failed(error instanceof Error ? error : new Error(String(error)));
      await pause(clock, poll);
    }
  }
  return null;
}
