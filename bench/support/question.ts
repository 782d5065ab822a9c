/** What a question of the benchmark is, and what it answers with. */
import type { BarChart, DotChart } from './svg.js';
import type { Table } from './table.js';

export interface Settings {
  /** Fewer and shorter rounds: under a minute for a question. */
  readonly quick: boolean;
  /** The rows that are asked for; all of them if undefined. */
  readonly rows?: readonly string[] | undefined;
  /** Says what is being measured, while it is. */
  progress(text: string): void;
}

/** What was promised, and whether it was kept in this run. */
export interface Goal {
  readonly promise: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface Picture {
  /** Comes behind the question's name in the file's name; empty for the only picture of a question. */
  readonly suffix: string;
  readonly chart: BarChart | DotChart;
}

export interface Answer {
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
  /** What a reader has to know to read the tables rightly. */
  readonly notes: readonly string[];
  readonly pictures: readonly Picture[];
  /** Everything that was measured, for the JSON file. */
  readonly data: unknown;
}

export interface Question {
  readonly name: string;
  readonly title: string;
  /** Its rows, of which each can be measured alone; none: they only go together. */
  readonly rows?: readonly string[];
  /** Asked only when it is named. */
  readonly isExtra?: boolean;
  ask(settings: Settings): Promise<Answer>;
}
