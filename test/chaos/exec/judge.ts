/**
 * Judges, from the lines that the commands have written, whether two were alive at once. It knows nothing of leases: a run lives
 * from its first line to its last one, by the monotonic clock that all processes of the machine share.
 */

export interface Line {
  readonly host: string;
  /** One start of the command, with all that descends from it. */
  readonly run: string;
  /** The fencing number that the run was given; 0: none. */
  readonly term: number;
  readonly at: number;
}

export interface Run {
  readonly host: string;
  readonly run: string;
  readonly term: number;
  readonly from: number;
  readonly to: number;
  readonly lines: number;
}

export interface Verdict {
  readonly runs: readonly Run[];
  /** How long the longest two runs were alive at once, in ms; 0: none were. */
  readonly overlap: number;
  /** Whether a later run had a lower term, or the same. */
  readonly fallingTerms: boolean;
}

export function judge(lines: readonly Line[]): Verdict {
  const runs = runsIn(lines);
  let overlap = 0;
  let fallingTerms = false;
  for (const [index, run] of runs.entries()) {
    for (const other of runs.slice(index + 1)) {
      overlap = Math.max(overlap, Math.min(run.to, other.to) - other.from);
      fallingTerms ||= run.term > 0 && other.term <= run.term;
    }
  }
  return { runs, overlap, fallingTerms };
}

/** Returns them in the order of their first lines. */
function runsIn(lines: readonly Line[]): Run[] {
  const runs = new Map<string, Run>();
  for (const { host, run, term, at } of lines) {
    const known = runs.get(run);
    const from = Math.min(known?.from ?? at, at);
    const to = Math.max(known?.to ?? at, at);
    runs.set(run, { host, run, term, from, to, lines: (known?.lines ?? 0) + 1 });
  }
  return [...runs.values()].sort((a, b) => a.from - b.from);
}

/** Reads what was written. The last line may be torn off by a kill. */
export function readLines(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: Line = JSON.parse(line);
      return [value];
    } catch {
      return [];
    }
  });
}
