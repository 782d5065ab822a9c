/** Makes looks of one kind, one at a time. */
export class Looks {
  private isLooking = false;
  private isAsked = false;

  /** `look` does not reject. */
  constructor(private readonly look: () => Promise<void>) {}

  /** Looks now. If a look is under way, which may have read what was there before, another one follows it. */
  async ask(): Promise<void> {
    this.isAsked = true;
    if (this.isLooking) return;
    this.isLooking = true;
    while (this.isAsked) {
      this.isAsked = false;
      await this.look();
    }
    this.isLooking = false;
  }
}
