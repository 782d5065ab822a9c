/**
 * The ledger: one line of JSON for each task done, appended by the member that did it. It is what the audit believes, and it
 * is written by the work alone: no line passes through the members that the demo blocks and kills.
 */
import { appendFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { hasCode } from '../../../values/hasCode.js';

export interface LedgerLine {
  readonly path: string;
  /** What was found in the file; or the code of the error that kept the work from reading it. */
  readonly found:
    | { readonly sha256: string; readonly size: number; readonly compressed: number }
    | { readonly error: string };
  readonly term: number;
  readonly member: number;
  readonly pid: number;
  /** By the monotonic clock, which all processes of one machine share; in ms. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Opens for appending and writes once: lines of several processes never mix. */
export function appendLine(file: string, line: LedgerLine): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Returns the line, or undefined for what is none. */
export function parseLine(text: string): LedgerLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isLine(value) ? value : undefined;
}

function isLine(value: unknown): value is LedgerLine {
  return (
    has(value, { path: 'string', found: 'object', term: 'number', member: 'number', pid: 'number' }) &&
    has(value, { startedAt: 'number', endedAt: 'number' }) &&
    'found' in value &&
    (has(value.found, { sha256: 'string', size: 'number', compressed: 'number' }) ||
      has(value.found, { error: 'string' }))
  );
}

function has(value: unknown, fields: Readonly<Record<string, string>>): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(fields).every(([name, type]) => typeof Reflect.get(value, name) === type);
}

/** Reads what was appended since the last time. */
export class LedgerReader {
  readonly lines: LedgerLine[] = [];
  /** Lines that could not be read. */
  damaged = 0;
  private rest: Buffer = Buffer.alloc(0);
  private offset = 0;

  constructor(private readonly file: string) {}

  /** Returns the new lines. A ledger that is not there yet has none. */
  async readOn(): Promise<readonly LedgerLine[]> {
    const before = this.lines.length;
    let handle: FileHandle | undefined;
    try {
      handle = await open(this.file);
      await this.readAll(handle);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    } finally {
      await handle?.close();
    }
    return this.lines.slice(before);
  }

  /** Returns whether the ledger ends with half a line. */
  get torn(): boolean {
    return this.rest.length > 0;
  }

  private async readAll(handle: FileHandle): Promise<void> {
    const buffer = Buffer.alloc(256 * 1024);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.offset);
      if (bytesRead === 0) return;
      this.offset += bytesRead;
      this.take(Buffer.concat([this.rest, buffer.subarray(0, bytesRead)]));
    }
  }

  private take(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      const line = parseLine(bytes.toString('utf8', from, end));
      if (line === undefined) this.damaged += 1;
      else this.lines.push(line);
      from = end + 1;
    }
    this.rest = bytes.subarray(from);
  }
}
