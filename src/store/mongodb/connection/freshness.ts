/**
 * Has commands wait for a connection that answers, where the one that they would get may be dead (`idleConnections.ts`). Idle ones
 * are pinged then, at least one for each command that waits, and each answer lets one of these go. What has waited for too long
 * goes out on a new connection: all that are idle and may be dead are pinged first, and the pings hold them.
 */
import type { IdleConnections } from './idleConnections.js';

interface FreshnessParts {
  readonly idle: IdleConnections;
  now(): number;
  /** Returns how long the answer to a ping is waited for by a command with this limit, in ms. */
  patience(limit: number): number;
  /** Sends a ping, by `count`. */
  ping(): Promise<unknown>;
  /** Called when pings that were sent at this time, or later, had no answer. */
  foundDead(from: number): void;
}

interface Check {
  readonly from: number;
  /** Until when a command waits for it. */
  until: number;
  /** How many pings have not ended. */
  open: number;
  isJudged: boolean;
}

export class Freshness {
  /** Commands and pings that the driver has, and that have not ended. */
  private handed = 0;
  /** Lets one go each, in the order in which they came. */
  private readonly waiters = new Set<() => void>();
  private check: Check | undefined;

  constructor(private readonly parts: FreshnessParts) {}

  /**
   * Sends a command as it is, and counts it, so the next one knows how many take a connection before it. The driver has it at once:
   * those that come later must not get the connection that it was to get.
   */
  async count<T>(call: () => Promise<T>): Promise<T> {
    this.handed += 1;
    try {
      return await call();
    } finally {
      this.handed -= 1;
      this.wake();
    }
  }

  /** Sends a command when it gets a connection that answers, or a new one. */
  async whenFresh<T>(limit: number, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    this.doubt();
    const { check } = this;
    return check === undefined || this.mayGo ? this.count(call) : this.wait(check, limit, signal, call);
  }

  /** Has idle connections pinged if the next command would get one that is not trusted. */
  doubt(): void {
    if (this.check === undefined) this.begin(this.parts.idle.toCheck(this.handed));
  }

  private wait<T>(check: Check, limit: number, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const { patience, now } = this.parts;
    return new Promise<T>((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const go = (): void => {
        clearTimeout(timer);
        this.waiters.delete(go);
        const sent = this.count(async () => {
          signal.throwIfAborted();
          return call();
        });
        resolve(sent);
      };
      this.waiters.add(go);
      this.joined(check);
      const late = (): void => {
        this.holdOthers();
        go();
      };
      timer = setTimeout(late, Math.min(patience(limit), check.until - now()));
    });
  }

  /** While connections are checked, a command waits for their answers rather than for a new one. */
  private get mayGo(): boolean {
    const next = this.parts.idle.next(this.handed);
    return next === 'trusted' || (next === 'new' && this.check === undefined);
  }

  /** Lets those go that get a connection now. */
  private wake(): void {
    for (const go of this.waiters) {
      if (this.check === undefined) this.begin(Math.max(this.waiters.size, this.parts.idle.toCheck(this.handed)));
      if (!this.mayGo) return;
      go();
    }
  }

  private begin(pings: number): void {
    const { idle, now, patience } = this.parts;
    if (idle.next(this.handed) !== 'stale') return;
    const from = now();
    this.check = { from, until: from + patience(Number.POSITIVE_INFINITY), open: 0, isJudged: false };
    this.ping(this.check, Math.min(pings, idle.beyond(this.handed)));
  }

  /** One more waits: it needs an answer of its own. */
  private joined(check: Check): void {
    const { idle, now, patience } = this.parts;
    if (check.open >= this.waiters.size || idle.beyond(this.handed) === 0) return;
    check.until = now() + patience(Number.POSITIVE_INFINITY);
    this.ping(check, 1);
  }

  /** None of those that were not pinged is to be handed out before it answers: they may be dead, too. */
  private holdOthers(): void {
    const { idle } = this.parts;
    if (this.check !== undefined && idle.next(this.handed) === 'stale') this.ping(this.check, idle.beyond(this.handed));
  }

  private ping(check: Check, count: number): void {
    check.open += count;
    const pings = Array.from({ length: count }, () => this.parts.ping());
    const ended = (): void => {
      check.open -= 1;
      if (check.open === 0) this.check = undefined;
      this.wake();
    };
    for (const ping of pings) ping.then(ended, ended);
    void Promise.allSettled(pings).then((outcomes) => {
      if (check.isJudged || outcomes.every(({ status }) => status === 'fulfilled')) return;
      check.isJudged = true;
      this.parts.foundDead(check.from);
    });
  }
}
