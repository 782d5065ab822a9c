/**
 * What the work of every member did, and when: each member's work module appends a line to a file of its own when a
 * task starts and when it ends. Lines that were written survive the SIGKILL of their writer.
 */
import { openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface TaskRun {
  /** Whose: a number for each process. */
  readonly member: number;
  readonly term: number;
  readonly id: number;
  readonly start: bigint;
  /** Null: its process was killed before. */
  readonly end: bigint | null;
}

export class TaskLogWriter {
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  started(term: number, id: number): void {
    writeSync(this.file, `start ${term} ${id} ${process.hrtime.bigint()}\n`);
  }

  ended(term: number, id: number): void {
    writeSync(this.file, `end ${term} ${id} ${process.hrtime.bigint()}\n`);
  }
}

/** The runs of one member, in order; none when it never worked. */
export async function readTaskLog(path: string, member: number): Promise<TaskRun[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const runs: TaskRun[] = [];
  for (const line of text.split('\n')) {
    // The last line may have been cut off, and is none then.
    const [kind, term, id, time, more] = line.split(' ');
    if (time === undefined || more !== undefined) continue;
    const last = runs.at(-1);
    if (kind === 'start') {
      runs.push({ member, term: Number(term), id: Number(id), start: BigInt(time), end: null });
    } else if (last !== undefined && last.id === Number(id) && last.term === Number(term)) {
      runs[runs.length - 1] = { ...last, end: BigInt(time) };
    }
  }
  return runs;
}
