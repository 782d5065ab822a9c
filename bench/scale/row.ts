/** One row of the question: it can be measured alone. */
import type { Gaps } from '../support/gaps.js';
import type { Goal, Picture } from '../support/question.js';
import type { Table } from '../support/table.js';

export interface Asked {
  readonly quick: boolean;
  /** For a part that fails, beside others that do not. */
  readonly gaps: Gaps;
  progress(text: string): void;
}

export interface Part {
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
  readonly notes: readonly string[];
  readonly pictures?: readonly Picture[];
  readonly data: unknown;
}

export interface Row {
  readonly name: string;
  readonly title: string;
  /** Rejects when it cannot be measured here. */
  measure(asked: Asked): Promise<Part>;
}

export const MANY = 1000;
export const MEBIBYTE = 2 ** 20;

export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;
