import { showValue } from '../diagnostics/showValue.js';
import { isFields } from './documents.js';

/** The outbox as the doctor looks at it. How much is read is limited, whatever waits there. */
export interface SeenOutbox {
  /** Names that no member has, with entries; null: entries whose name is no text. At most `OUTBOX_NAMES_MAX`. */
  readonly unknown: readonly (string | null)[];
  /** Names whose entries have been due for longer than `OUTBOX_LATE_MS`. */
  readonly late: readonly string[];
  /** Some of the entries that cannot become a task, and why. */
  readonly refused: readonly { readonly name: string; readonly why: string }[];
  /** False if there may be more names than those. */
  readonly isWhole: boolean;
}

export const OUTBOX_LATE_MS = 60_000;
export const OUTBOX_NAMES_MAX = 20;
export const OUTBOX_REFUSED_MAX = 20;

/** Returns the reason of an entry that was refused, which a person may have written, too. */
export function whyRefused(refused: unknown): string {
  const reason = isFields(refused) ? refused.reason : refused;
  return typeof reason === 'string' ? reason : showValue(refused);
}
