/**
 * A file that many processes append lines of JSON to: one `write` for each line, on a descriptor opened with O_APPEND, so
 * that no two lines mix, and SIGKILL can tear off only what its own process was writing.
 */
import { openSync, writeSync } from 'node:fs';

export class LineFile {
  private readonly descriptor: number;

  constructor(file: string) {
    this.descriptor = openSync(file, 'a');
  }

  write(line: { readonly what: string } & Record<string, unknown>): void {
    writeSync(
      this.descriptor,
      `${JSON.stringify(line, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}\n`,
    );
  }
}
