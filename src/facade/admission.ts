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
  /** Whether its attempt is under way. */
  asking: boolean;
  /** Whether it is called by itself: it asks for many, so who is called with it might overtake some of them. */
  readonly alone: boolean;
  /** Numbers the calls: one that was asked before it joined the line may join it late. */
  readonly order: number;
}

export class Admission {
  /** In the order in which they came, from `next` on; the first `trying` of them were called, and have no answer yet. */
  private line: Ticket[] = [];
  /** Where in `line` those begin that wait: taking them off its front would cost its length. */
  private next = 0;
  private trying = 0;
  private answers = 0;
  private calls = 0;
  /** How many were asked without joining the line, because it was empty, and have no answer yet. They come before the line. */
  private outside = 0;
  /** For how many more there was a sign of room during the attempts. */
  private signs = 0;
  private timer: NodeJS.Timeout | undefined;
  /** Whether there will be no room any more. */
  private over = false;

  constructor(private readonly timers: Timers = realTime) {}

  /** Returns the first answer of `attempt` that is not `full`; it is asked again whenever that is worth it. */
  async serve<Answer>(attempt: () => Promise<Answer | 'full'>): Promise<Answer> {
    const order = this.calls++;
    if (!this.isEmpty) return this.queue(attempt, order, false);
    this.outside += 1;
    try {
      const first = await attempt();
      return first === 'full' ? this.queue(attempt, order, false) : first;
    } finally {
      this.outside -= 1;
      if (this.outside === 0 && this.trying === 0) this.call(this.takeSigns());
    }
  }

  /** Does the same for a caller that asks for many: those who come later are asked after all of them have found room. */
  serveAlone<Answer>(attempt: () => Promise<Answer | 'full'>): Promise<Answer> {
    const isFirst = this.isEmpty;
    const served = this.queue(attempt, this.calls++, true);
    if (isFirst) this.call(1);
    return served;
  }

  private queue<Answer>(attempt: () => Promise<Answer | 'full'>, order: number, alone: boolean): Promise<Answer> {
    this.timer ??= this.timers.setInterval(() => this.makeRoom(1), POLL_MS);
    return new Promise((resolve, reject) => {
      const ask = async (): Promise<void> => {
        ticket.asking = true;
        let answer = await attempt();
        if (answer === 'full' && this.over) answer = await attempt();
        ticket.asking = false;
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
        asking: false,
        alone,
        order,
        attempt: () =>
          void ask()
            .catch(fail)
            .then(() => this.answered()),
      };
      this.join(ticket);
    });
  }

  /** In the order of the calls, behind those that were called. */
  private join(ticket: Ticket): void {
    let place = this.line.push(ticket) - 1;
    for (; place > this.next + this.trying; place -= 1) {
      const before = this.line[place - 1];
      if (before === undefined || !isBefore(ticket, before)) break;
      this.line[place] = before;
    }
    this.line[place] = ticket;
  }

  /** Calls as many waiters as there is room for. */
  makeRoom(count: number): void {
    if (this.trying > 0 || this.outside > 0) this.signs += count;
    else this.call(count);
  }

  /** Ends the waiting: there is no room any more, so each attempt fails. Those that were called hear their answer first. */
  close(): void {
    // Also those that have just heard that there is none, and would not be called again.
    const idle = this.line.slice(this.next).filter(({ asking, left }) => !asking && !left);
    this.over = true;
    this.line = [];
    this.next = 0;
    this.trying = 0;
    this.stopPollingIfEmpty();
    for (const { attempt } of idle) attempt();
  }

  private call(count: number): void {
    const first = this.line.slice(this.next, this.next + count);
    const alone = first.findIndex((ticket) => ticket.alone);
    const called = alone < 0 ? first : first.slice(0, Math.max(1, alone));
    this.trying = called.length;
    this.answers = 0;
    for (const { attempt } of called) attempt();
  }

  private answered(): void {
    this.answers += 1;
    if (this.answers < this.trying) return;
    const { trying } = this;
    const stayed = this.takeOut(trying);
    this.trying = 0;
    this.stopPollingIfEmpty();
    if (stayed === 0) this.signs = Math.max(this.signs, 2 * trying);
    if (this.outside === 0) this.call(this.takeSigns());
  }

  private takeSigns(): number {
    const { signs } = this;
    this.signs = 0;
    return signs;
  }

  /** Takes those out of the first `called` that have left, at a cost of their number. Returns how many stayed, at the front. */
  private takeOut(called: number): number {
    const stay = this.line.slice(this.next, this.next + called).filter(({ left }) => !left);
    this.next += called - stay.length;
    for (const [index, ticket] of stay.entries()) this.line[this.next + index] = ticket;
    if (stay.length === 1) this.letEarlierPass();
    // What has left is let go of when it is half of the line.
    if (2 * this.next >= this.line.length) {
      this.line = this.line.slice(this.next);
      this.next = 0;
    }
    return stay.length;
  }

  /** Those that came before the first one, and joined the line while that was asked. */
  private letEarlierPass(): void {
    for (let place = this.next; ; place += 1) {
      const [first, second] = [this.line[place], this.line[place + 1]];
      if (first === undefined || second === undefined || !isBefore(second, first)) return;
      this.line[place] = second;
      this.line[place + 1] = first;
    }
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

function isBefore(one: Ticket, other: Ticket): boolean {
  return one.order < other.order;
}
