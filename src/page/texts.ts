/** Says why a store could not be read, without passwords. */
import { redact } from '../diagnostics/redact.js';
import { FailoverError } from '../errors.js';

export function textOf(error: unknown): string {
  if (error instanceof FailoverError) return redact(error.message);
  return redact(`the store could not be read: ${error instanceof Error ? error.message : String(error)}`);
}
