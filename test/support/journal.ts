/**
 * What the work wrote while it ran: a line of JSON for each begin and each end of a run, in one file that all members
 * append to (works/journal.mjs writes it). Times are nanoseconds of `process.hrtime`, which is one clock for all
 * processes of a machine.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Line {
  readonly what: string;
  readonly id: string | number;
  readonly pid: number;
  readonly thread: number;
  readonly term: number;
  readonly attempt: number;
  readonly at: bigint;
  /** What `context.leaseRemaining()` said. */
  readonly left: number;
}

export interface Run extends Line {
  /** When it ended; undefined when its thread did not live to say so. */
  readonly end: bigint | undefined;
}

export class Journal {
  readonly file: string;

  constructor(folder: string) {
    this.file = join(folder, 'journal');
  }

  lines(): Line[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n');
    // What follows the last newline is a line that is still being written.
    return lines.slice(0, -1).map((line) => {
      const { at, ...others } = JSON.parse(line);
      return { ...others, at: BigInt(at) };
    });
  }

  /** Each run, in the order in which they began. */
  runs(): Run[] {
    const lines = this.lines();
    const ends = new Map(lines.filter(({ what }) => what === 'end').map((line) => [runOf(line), line.at]));
    const begins = lines.filter(({ what }) => what === 'begin').sort((a, b) => (a.at < b.at ? -1 : 1));
    return begins.map((begin) => ({ ...begin, end: ends.get(runOf(begin)) }));
  }
}

function runOf({ id, pid, thread, term, attempt }: Line): string {
  return JSON.stringify([id, pid, thread, term, attempt]);
}

/** Runs that began before one that had begun earlier had ended. */
export function overlapping(runs: readonly Run[]): Run[] {
  let latest = 0n;
  return runs.filter(({ at, end }) => {
    const overlaps = at < latest;
    if (end !== undefined && end > latest) latest = end;
    return overlaps;
  });
}
