/** Looks into the growing ledger for the ends of tasks, reading each byte once. */
import { closeSync, openSync, readSync } from 'node:fs';

/** Read at once. */
const PIECE = 1 << 20;

export class Progress {
  private readonly descriptor: number;
  private readonly buffer = Buffer.alloc(PIECE);
  private position = 0;
  /** The beginning of a line whose rest is still to come. */
  private rest = '';
  private readonly ended = new Set<string>();
  /** Those of them that have ended more than once. */
  readonly repeated = new Set<string>();

  constructor(file: string) {
    // It may not be there yet.
    this.descriptor = openSync(file, 'a+');
  }

  has(id: string): boolean {
    this.read();
    return this.ended.has(id);
  }

  /** How many tasks have ended. */
  get count(): number {
    this.read();
    return this.ended.size;
  }

  /** The tasks that have ended. */
  get ids(): string[] {
    this.read();
    return [...this.ended];
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private read(): void {
    for (;;) {
      const count = readSync(this.descriptor, this.buffer, 0, PIECE, this.position);
      if (count === 0) return;
      this.position += count;
      const lines = (this.rest + this.buffer.toString('latin1', 0, count)).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) {
        const found = /"what":"end","id":"([^"]*)"/.exec(line);
        const id = found?.[1];
        if (id === undefined) continue;
        if (this.ended.has(id)) this.repeated.add(id);
        this.ended.add(id);
      }
    }
  }
}
