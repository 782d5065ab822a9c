/** What the doctor has found. Each finding says what, why it matters, and what to do. */

/** `good` and `note` ask for nothing. */
export type Level = 'error' | 'warning' | 'note' | 'good';

export interface Finding {
  readonly level: Level;
  /** Names the kind of finding; stable. */
  readonly code: string;
  readonly what: string;
  readonly why?: string;
  readonly todo?: string;
}

const order: readonly Level[] = ['error', 'warning', 'note', 'good'];

/** Returns the findings, the worst first. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}
