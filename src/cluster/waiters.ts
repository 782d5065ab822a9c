/**
 * Those who wait for room in a full queue: first come, first served. As many are called as there is room for. In a stored
 * queue other members make room unheard, so one is called every now and then, and while all who were called find room,
 * twice as many the next time. Nobody is called before all who were have their answer, or he could overtake one of them.
 */

/** Between two calls without a sign that there is room, in ms. */
const POLL = 100;

interface Place {
  /** Asks once, at once. */
  attempt(): void;
  /** Whether it is free again. */
  left: boolean;
}

export class Waiters {
  /** In the order in which they came; the first `trying` of them were called, and have no answer yet. */
  private line: Place[] = [];
  private trying = 0;
  private answers = 0;
  /** For how many more there was a sign of room meanwhile. */
  private signs = 0;
  private timer: NodeJS.Timeout | undefined;
  /** Whether there will be no room any more. */
  private over = false;

  /** The first answer of `attempt` that is not `full`; it is asked again whenever that is worth it. */
  async serve<Answer>(attempt: () => Promise<Answer | 'full'>): Promise<Answer> {
    const first = this.line.length === 0 ? await attempt() : 'full';
    return first === 'full' ? this.queue(attempt) : first;
  }

  private queue<Answer>(attempt: () => Promise<Answer | 'full'>): Promise<Answer> {
    this.timer ??= setInterval(() => this.some(1), POLL);
    return new Promise((resolve, reject) => {
      const ask = async (): Promise<void> => {
        let answer = await attempt();
        if (answer === 'full' && this.over) answer = await attempt();
        if (answer === 'full') return;
        place.left = true;
        resolve(answer);
      };
      const fail = (error: unknown): void => {
        place.left = true;
        reject(error);
      };
      // Not by a promise that is resolved: those who are called together must ask in their order.
      const place: Place = {
        left: false,
        attempt: () =>
          void ask()
            .catch(fail)
            .then(() => this.answered()),
      };
      this.line.push(place);
    });
  }

  /** There is room for so many. */
  some(count: number): void {
    if (this.trying > 0) this.signs += count;
    else this.call(count);
  }

  /** There will be no room any more: each attempt will fail. Those who were called may have found room, and hear that first. */
  all(): void {
    const uncalled = this.line.slice(this.trying);
    this.over = true;
    this.line = [];
    this.trying = 0;
    this.look();
    for (const { attempt } of uncalled) attempt();
  }

  private call(count: number): void {
    const called = this.line.slice(0, count);
    this.trying = called.length;
    this.answers = 0;
    for (const { attempt } of called) attempt();
  }

  private answered(): void {
    this.answers += 1;
    if (this.answers < this.trying) return;
    const { trying, signs } = this;
    const stay = this.line.slice(0, trying).filter(({ left }) => !left);
    this.line.splice(0, trying, ...stay);
    this.trying = 0;
    this.signs = 0;
    this.look();
    this.call(stay.length === 0 ? Math.max(signs, 2 * trying) : signs);
  }

  private look(): void {
    if (this.line.length > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
