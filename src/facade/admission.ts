/**
 * Callers that wait for room in a full queue: first come, first served. As many are called as there is room for. In a stored
 * queue other members make room unheard, so one is called every now and then, and while all who were called find room,
 * twice as many the next time. None is called before all that were have their answer, or it could overtake one of them.
 */

import { realTime, type Timers } from '../time/realTime.js';

/** Between two calls without a sign that there is room, in ms. */
const POLL_MS = 100;

interface Ticket {
  /** Asks once, at once. */
  attempt(): void;
  /** Whether it is free again. */
  left: boolean;
}

export class Admission {
  /** In the order in which they came, from `next` on; the first `trying` of them were called, and have no answer yet. */
  private line: Ticket[] = [];
  /** Where in `line` those begin that wait: taking them off its front would cost its length. */
  private next = 0;
  private trying = 0;
  private answers = 0;
  /** For how many more there was a sign of room during the attempts. */
  private signs = 0;
  private timer: NodeJS.Timeout | undefined;
  /** Whether there will be no room any more. */
  private over = false;

  constructor(private readonly timers: Timers = realTime) {}

  /** Returns the first answer of `attempt` that is not `full`; it is asked again whenever that is worth it. */
  async serve<Answer>(attempt: () => Promise<Answer | 'full'>): Promise<Answer> {
    const first = this.isEmpty ? await attempt() : 'full';
    return first === 'full' ? this.queue(attempt) : first;
  }

  private queue<Answer>(attempt: () => Promise<Answer | 'full'>): Promise<Answer> {
    this.timer ??= this.timers.setInterval(() => this.makeRoom(1), POLL_MS);
    return new Promise((resolve, reject) => {
      const ask = async (): Promise<void> => {
        let answer = await attempt();
        if (answer === 'full' && this.over) answer = await attempt();
        if (answer === 'full') return;
        ticket.left = true;
        resolve(answer);
      };
      const fail = (error: unknown): void => {
        ticket.left = true;
        reject(error);
      };
      // Not by a promise that is resolved: those who are called together must ask in their order.
      const ticket: Ticket = {
        left: false,
        attempt: () =>
          void ask()
            .catch(fail)
            .then(() => this.answered()),
      };
      this.line.push(ticket);
    });
  }

  /** Calls as many waiters as there is room for. */
  makeRoom(count: number): void {
    if (this.trying > 0) this.signs += count;
    else this.call(count);
  }

  /** Ends the waiting: there is no room any more, so each attempt fails. Those that were called hear their answer first. */
  close(): void {
    const uncalled = this.line.slice(this.next + this.trying);
    this.over = true;
    this.line = [];
    this.next = 0;
    this.trying = 0;
    this.stopPollingIfEmpty();
    for (const { attempt } of uncalled) attempt();
  }

  private call(count: number): void {
    const called = this.line.slice(this.next, this.next + count);
    this.trying = called.length;
    this.answers = 0;
    for (const { attempt } of called) attempt();
  }

  private answered(): void {
    this.answers += 1;
    if (this.answers < this.trying) return;
    const { trying, signs } = this;
    const stayed = this.takeOut(trying);
    this.trying = 0;
    this.signs = 0;
    this.stopPollingIfEmpty();
    this.call(stayed === 0 ? Math.max(signs, 2 * trying) : signs);
  }

  /** Takes those out of the first `called` that have left, at a cost of their number. Returns how many stayed, at the front. */
  private takeOut(called: number): number {
    const stay = this.line.slice(this.next, this.next + called).filter(({ left }) => !left);
    this.next += called - stay.length;
    for (const [index, ticket] of stay.entries()) this.line[this.next + index] = ticket;
    // What has left is let go of when it is half of the line.
    if (2 * this.next >= this.line.length) {
      this.line = this.line.slice(this.next);
      this.next = 0;
    }
    return stay.length;
  }

  private get isEmpty(): boolean {
    return this.line.length === this.next;
  }

  private stopPollingIfEmpty(): void {
    if (!this.isEmpty) return;
    this.timers.clearInterval(this.timer);
    this.timer = undefined;
  }
}
