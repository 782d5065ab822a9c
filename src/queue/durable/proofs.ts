/** Waits for an acknowledgement that proves that the mastership lasted after something was stored. */
export class Proofs {
  private waiting: ((lasts: boolean) => void)[] = [];

  get areWanted(): boolean {
    return this.waiting.length > 0;
  }

  /** Resolves when an acknowledgement has passed that was sent from now on; false: the mastership ended first. */
  next(): Promise<boolean> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Takes those that wait when one is sent. What is returned settles them; null: it was refused, and they wait for the next. */
  sent(): (passed: boolean | null) => void {
    const taken = this.waiting.splice(0);
    return (passed) => {
      if (passed === null) this.waiting.unshift(...taken);
      else for (const resolve of taken) resolve(passed);
    };
  }
}
