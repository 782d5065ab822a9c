/**
 * What the job of every system notes: a line at its start, every 20 ms, and at its end. All processes of a lane append to
 * one file. Lines that were written survive the SIGKILL of their writer, and `process.hrtime` is one clock for all of them.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** `stop`: the job was told to stop, and did. */
export type NoteKind = 'start' | 'work' | 'end' | 'stop';
const kinds: ReadonlySet<string> = new Set<NoteKind>(['start', 'work', 'end', 'stop']);

export interface Note {
  readonly kind: NoteKind;
  /** Of one attempt at a task, in one process. */
  readonly run: string;
  readonly task: number;
  /** Which worker of the lane; it may consist of several processes. */
  readonly host: number;
  readonly pid: number;
  readonly at: bigint;
}

/** Returns what notes one attempt. The lane's file and the worker's number are in the environment. */
export function noteTaker(task: number): (kind: NoteKind) => void {
  const { PEERS_NOTES = '', PEERS_HOST = '' } = process.env;
  const file = openSync(PEERS_NOTES, 'a');
  const run = `${process.pid}-${process.hrtime.bigint()}`;
  return (kind) => {
    writeSync(file, `${kind} ${run} ${task} ${PEERS_HOST} ${process.pid} ${process.hrtime.bigint()}\n`);
    if (kind === 'end' || kind === 'stop') closeSync(file);
  };
}

function isKind(text: string | undefined): text is NoteKind {
  return text !== undefined && kinds.has(text);
}

function parse(line: string): Note[] {
  const [kind, run, task, host, pid, at] = line.split(' ');
  if (!isKind(kind) || run === undefined || at === undefined) return [];
  return [{ kind, run, task: Number(task), host: Number(host), pid: Number(pid), at: BigInt(at) }];
}

/** Reads a file of notes as it grows. */
export class NotesReader {
  readonly notes: Note[] = [];
  private readonly file: number;
  private readonly buffer = Buffer.alloc(65_536);
  private cut = '';

  constructor(path: string) {
    this.file = openSync(path, 'a+');
  }

  /** Reads on, and returns all notes there are. */
  refresh(): readonly Note[] {
    for (;;) {
      const bytes = readSync(this.file, this.buffer);
      if (bytes === 0) return this.notes;
      const lines = (this.cut + this.buffer.toString('latin1', 0, bytes)).split('\n');
      this.cut = lines.pop() ?? '';
      this.notes.push(...lines.flatMap(parse));
    }
  }

  close(): void {
    closeSync(this.file);
  }
}
