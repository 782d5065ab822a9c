/** What could not be measured, and why: one thing that this machine lacks does not keep the rest from being measured. */
interface Gap {
  readonly what: string;
  readonly why: string;
}

export class Gaps {
  readonly all: Gap[] = [];

  constructor(private readonly progress: (text: string) => void) {}

  /** Measures; a failure is told, and becomes a gap. */
  async attempt(what: string, measure: () => Promise<void>): Promise<void> {
    this.progress(what);
    try {
      await measure();
    } catch (error) {
      this.add(what, error);
    }
  }

  add(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.all.push({ what, why });
    this.progress(`NOT MEASURED: ${why}`);
  }

  /** The first line of each alone: npm and servers say a lot. */
  notes(): string[] {
    return this.all.map(({ what, why }) => `NOT MEASURED: ${what}: ${why.split('\n')[0]}`);
  }
}
