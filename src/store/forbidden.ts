/** What a store refuses for want of a right: it does so again, until an administrator gives it. */
import { StoreError } from '../errors.js';

/** MongoDB's Unauthorized, and what Atlas says in its place. */
const UNAUTHORIZED = 13;
const ATLAS = { code: 8000, text: /not (?:allowed|authorized)/i } as const;

/** Returns whether a call failed because the user lacks a right. */
export function isForbidden(error: unknown): boolean {
  if (!(error instanceof StoreError) || error.code !== 'ERR_STORE') return false;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === UNAUTHORIZED || (code === ATLAS.code && ATLAS.text.test(error.message));
}
