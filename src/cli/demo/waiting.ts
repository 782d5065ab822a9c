/** Lets the scenario wait for a state of things; the code that changes something calls `check`. */

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export class Waiting {
  private readonly waiters = new Set<Waiter>();
  private failure: { readonly reason: unknown } | undefined;

  /** Resolves as soon as `holds` does, at once or at a later `check`. Rejects with the reason of `fail`. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) reject(this.failure.reason);
      else if (holds()) resolve();
      else this.waiters.add({ holds, resolve, reject });
    });
  }

  check(): void {
    for (const waiter of this.waiters) {
      if (!waiter.holds()) continue;
      this.waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Ends all waiting, now and later. */
  fail(reason: unknown): void {
    this.failure ??= { reason };
    for (const { reject } of this.waiters) reject(this.failure.reason);
    this.waiters.clear();
  }
}
