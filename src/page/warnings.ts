/** Tells the program what has failed in it, such as `authorize`: who asks is told no more than that it has. */
import { redact } from '../diagnostics/redact.js';
import { realTime } from '../time/realTime.js';

/** A viewer whose request makes `authorize` throw may ask again and again: one warning comes in so many ms. */
export const WARNED_EACH_MS = 10_000;

interface Outside {
  /** By a monotonic clock, in ms. */
  now(): number;
  emit(text: string): void;
}

const outside: Outside = {
  now: () => Number(realTime.monotonic()) / 1e6,
  emit: (text) => process.emitWarning(text, { type: 'MongoFailoverWarning', code: 'ERR_PAGE_FAILED' }),
};

/** Returns what is to be called with each failure. */
export function warner({ now, emit }: Outside = outside): (error: unknown) => void {
  let [last, left] = [Number.NEGATIVE_INFINITY, 0];
  return (error) => {
    if (now() - last < WARNED_EACH_MS) {
      left += 1;
      return;
    }
    const more = left === 0 ? '' : ` (${left} more have failed since the last warning)`;
    [last, left] = [now(), 0];
    emit(redact(`a request to the live page has failed${more}: ${textOf(error)}`));
  };
}

/** An error of a client of HTTP has the whole request as its fields, with what that was authorized by: they are not shown. */
function textOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null) return `it has thrown ${typeof error}`;
  const { stack, name, message } = error as Partial<Error>;
  if (typeof stack === 'string') return stack;
  return `${name ?? 'what is no error'}: ${message ?? 'it has no message'}`;
}
