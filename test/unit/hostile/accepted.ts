/** What may come of a hostile input: it is accepted, or refused with an error of ours whose code is one of those. */
import { expect } from 'vitest';
import { FailoverError, type FailoverErrorCode } from '../../../src/errors.ts';

/** Longer is no message for people, whatever was handed in. */
const MESSAGE_LENGTH_MAX = 2000;

/** The value, or undefined when it was refused. */
export function acceptedOrCoded<T>(codes: readonly FailoverErrorCode[], call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    checkRefusal(codes, error);
    return undefined;
  }
}

export async function acceptedOrRejected<T>(
  codes: readonly FailoverErrorCode[],
  call: () => Promise<T>,
): Promise<T | undefined> {
  let answer: Promise<T>;
  try {
    answer = call();
  } catch (error) {
    throw new Error('it threw where it should have rejected', { cause: error });
  }
  try {
    return await answer;
  } catch (error) {
    checkRefusal(codes, error);
    return undefined;
  }
}

function checkRefusal(codes: readonly FailoverErrorCode[], error: unknown): void {
  if (!(error instanceof FailoverError)) throw new Error('an error that is none of ours', { cause: error });
  expect(codes).toContain(error.code);
  expect(error.message.length).toBeLessThan(MESSAGE_LENGTH_MAX);
}
