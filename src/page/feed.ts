/** What has changed from look to look, as one text for all viewers that have seen all before it. */
import type { DrainRow, OverviewChange, Row, StreamEvents } from './contract.js';
import { iso } from './messages.js';
import { differs } from './rows.js';
import type { Snapshot } from './snapshot.js';

/** With more rows than this, a beat alone is told only each `BEAT_TOLD_MS`. */
const FINE_ROWS_MAX = 100;
const BEAT_TOLD_MS = 5000;

interface Told {
  readonly row: Row;
  readonly at: number;
}

export interface Step {
  readonly number: number;
  /** Null: nothing has changed. */
  readonly text: string | null;
}

export class Feed {
  private told = new Map<string, Told>();
  private drains = '[]';
  private last: Snapshot | null = null;
  private step: Step = { number: 0, text: null };

  /** Returns the step that leads to this snapshot. Called for each viewer, and does its work once. */
  to(snapshot: Snapshot): Step {
    if (this.last === snapshot) return this.step;
    const isFirst = this.last === null;
    this.last = snapshot;
    const { changed, gone } = this.changes(snapshot);
    const drains = JSON.stringify(snapshot.drains);
    const isDrained = drains !== this.drains;
    this.drains = drains;
    const isQuiet = isFirst || (changed.length === 0 && gone.length === 0 && !isDrained);
    const change = changeOf(snapshot, changed, gone, isDrained ? snapshot.drains : null);
    this.step = { number: this.step.number + 1, text: isQuiet ? null : event('overview', change) };
    return this.step;
  }

  private changes({ rows, at }: Snapshot): { changed: Row[]; gone: string[] } {
    const changed: Row[] = [];
    const next = new Map<string, Told>();
    for (const [name, row] of rows) {
      const before = this.told.get(name);
      const isFine = rows.size <= FINE_ROWS_MAX || before === undefined || at - before.at >= BEAT_TOLD_MS;
      const isSame = before !== undefined && !differs(before.row, row, isFine);
      next.set(name, isSame ? before : { row, at });
      if (!isSame) changed.push(row);
    }
    const gone = [...this.told.keys()].filter((name) => !next.has(name));
    this.told = next;
    return { changed, gone };
  }
}

function changeOf(
  { at }: Snapshot,
  changed: readonly Row[],
  gone: readonly string[],
  drains: readonly DrainRow[] | null,
): OverviewChange {
  return { at: iso(at), changed, gone, ...(drains === null ? {} : { drains }) };
}

/** Returns an event as it is written to a stream. JSON has no line break of its own. */
export function event<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name]): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
