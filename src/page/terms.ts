/** The terms of the subsystems that are watched: read again only when there is a new one. */
import type { StoreReader, TermEntry } from '../store/reader.js';

const NAMES_MAX = 100;

export class Terms {
  private readonly read = new Map<string, { readonly term: number; readonly terms: readonly TermEntry[] }>();

  constructor(private readonly limit: number) {}

  async of(reader: Pick<StoreReader, 'terms'>, name: string, term: number): Promise<readonly TermEntry[]> {
    const before = this.read.get(name);
    if (before !== undefined && before.term === term) return before.terms;
    const terms = await reader.terms(name, this.limit);
    if (this.read.size >= NAMES_MAX) this.read.clear();
    // A claim writes the lease before its record: until both are there, the records are read again.
    if ((terms[0]?.term ?? term) === term) this.read.set(name, { term, terms });
    return terms;
  }
}
