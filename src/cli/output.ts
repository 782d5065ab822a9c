/** Where a command writes: results on stdout, in the format that was asked for; talk on stderr. */
import pc from 'picocolors';
import type { Settings } from './settings/settings.js';

export type Colors = ReturnType<typeof pc.createColors>;

/** The part of a stream that is needed. */
export interface Writer {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

interface OutputParts {
  readonly stdout: Writer;
  readonly stderr: Writer;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Returns whether to colour: a flag goes before NO_COLOR, that before FORCE_COLOR, and all before what the stream is. */
export function wantsColors(
  color: false | undefined,
  { NO_COLOR, FORCE_COLOR, TERM }: OutputParts['variables'],
  isTerminal: boolean,
): boolean {
  if (color === false || (NO_COLOR !== undefined && NO_COLOR !== '')) return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTerminal && TERM !== 'dumb';
}

export class Output {
  readonly colors: Colors;
  /** Whether a person watches the results. */
  readonly isTerminal: boolean;

  constructor(
    readonly settings: Pick<Settings, 'output' | 'quiet' | 'color' | 'time'>,
    private readonly parts: OutputParts,
  ) {
    this.isTerminal = parts.stdout.isTTY === true && parts.variables.TERM !== 'dumb';
    this.colors = pc.createColors(wantsColors(settings.color, parts.variables, parts.stdout.isTTY === true));
  }

  /** How many columns there are to fill; without end where nothing wraps. */
  get columns(): number {
    return this.parts.stdout.isTTY === true ? (this.parts.stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
  }

  /** Writes one result: as a document, or as text. */
  result(document: unknown, text: () => string): void {
    const { output } = this.settings;
    if (output === 'text') return this.line(text());
    this.line(output === 'json' ? toJson(document, 2) : toJson(document));
  }

  /** Writes a list: one document, one for each item, or as text. */
  list(items: readonly unknown[], text: () => string): void {
    const { output } = this.settings;
    if (output === 'text') return this.line(text());
    if (output === 'json') return this.line(toJson(items, 2));
    for (const item of items) this.line(toJson(item));
  }

  /** Writes one item of a list that has no end: a line in each format. */
  item(document: unknown, text: () => string): void {
    this.line(this.settings.output === 'text' ? text() : toJson(document));
  }

  /** Writes what `each` tells: one at a time, or with `json` one document at its end, also if it fails midway. */
  async items(each: (item: Output['item']) => Promise<void>): Promise<void> {
    if (this.settings.output !== 'json') return each((document, text) => this.item(document, text));
    const documents: unknown[] = [];
    try {
      await each((document) => void documents.push(document));
    } finally {
      this.line(toJson(documents, 2));
    }
  }

  line(text: string): void {
    if (text !== '') this.parts.stdout.write(`${text}\n`);
  }

  /** Says something to the person at the terminal. */
  talk(text: string): void {
    if (!this.settings.quiet) this.parts.stderr.write(`${text}\n`);
  }
}

/** Numbers of 64 bits have no JSON of their own, and become texts. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part), indent);
}
