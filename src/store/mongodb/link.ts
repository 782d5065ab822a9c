/**
 * One client of the driver, and the care that a command takes of a connection that may be dead:
 *
 * - Before a command would get a connection that has been silent for long, all idle ones are pinged. The command goes out
 *   after the first answer. Without one it goes out on a new connection, because the pings hold the others.
 * - A command without an answer for some time casts doubt on all connections, and they are pinged then.
 * - A read without an answer is sent a second time on another connection, within its limit. A write never is.
 *
 * The driver closes a connection whose command is given up, so dead ones leave the pool.
 */
import { type MongoClient, MongoNetworkError } from 'mongodb';
import { StoreError } from '../../errors.js';
import type { Fields } from '../documents.js';
import { withinLimit } from '../timeLimit.js';
import { IdleConnections } from './idleConnections.js';
import { RoundTrip } from './roundTrip.js';

/** Numbers come back as numbers, whatever the user has told the driver for their own clients. */
const readOptions = { readPreference: 'primary', promoteLongs: true, promoteValues: true, useBigInt64: false } as const;

/** A ping that takes longer ends, and with it the connection, in ms. */
const PING_LIMIT = 2000;
/** And not before so many round trips have passed: it may need a new connection. */
const PING_ROUND_TRIPS = 6;
/** The same for pings that find out how far the server is. */
const MEASURING_LIMIT = 10_000;
const reads = new Set(['find', 'count', 'listIndexes', 'ping']);

export interface LinkParts {
  /** How long after its last answer a connection is trusted, in ms. */
  readonly freshFor: number;
  now(): number;
  /** Called with the time that the server took for a command of the election, in ms. */
  measured(ms: number): void;
}

interface Check {
  /** Resolves with the first answer, or when there is none in time. */
  readonly first: Promise<unknown>;
}

export class Link {
  private readonly idle: IdleConnections;
  private readonly roundTrip = new RoundTrip();
  private underWay = 0;
  private drained = (): void => {};
  private checking: Check | undefined;
  private measuring = false;

  constructor(
    readonly client: MongoClient,
    private readonly parts: LinkParts,
  ) {
    this.idle = new IdleConnections(parts.freshFor, parts.now);
    this.idle.watch(client);
  }

  /**
   * Sends a command that has `limit` ms, after which the signal aborts. `isQuick` says that it is one of the election,
   * whose time is that of a beat.
   */
  run(command: Fields, limit: number, signal: AbortSignal, isQuick: boolean): Promise<Fields> {
    return this.counted(async (ahead) => {
      await this.makeFresh(limit, signal, ahead);
      const isRead = reads.has(Object.keys(command)[0] ?? '');
      const { answer, tookMs } = await (isRead
        ? this.read(command, limit, signal)
        : this.write(command, limit, signal));
      if (isQuick) this.took(tookMs);
      return answer;
    });
  }

  /** Closes the client when no command is under way, and after `limit` ms in any case. */
  async retire(limit: number): Promise<void> {
    const drained = new Promise<void>((resolve) => {
      this.drained = resolve;
    });
    if (this.underWay > 0) await orAfter(limit, drained);
    await this.client.close();
  }

  /** Sends a command as it is. */
  send(command: Fields, signal: AbortSignal): Promise<Fields> {
    return this.counted(() => this.command(command, signal));
  }

  /** Counts what is under way, so that the next command knows how many take a connection before it. */
  private async counted<T>(call: (ahead: number) => Promise<T>): Promise<T> {
    const ahead = this.underWay;
    this.underWay += 1;
    try {
      return await call(ahead);
    } finally {
      this.underWay -= 1;
      if (this.underWay === 0) this.drained();
    }
  }

  private command(command: Fields, signal: AbortSignal): Promise<Fields> {
    return this.client.db().command(command, { ...readOptions, signal });
  }

  /** Finds out how far the server is, which no command does that takes longer than its limit. */
  async measure(pings: number): Promise<void> {
    if (this.measuring) return;
    this.measuring = true;
    try {
      // The first one may need a new connection.
      await this.ping(MEASURING_LIMIT);
      for (let ping = 0; ping < pings; ping++) {
        const from = this.parts.now();
        await this.ping(MEASURING_LIMIT);
        this.took(this.parts.now() - from);
      }
    } finally {
      this.measuring = false;
    }
  }

  private took(ms: number): void {
    this.roundTrip.took(ms);
    this.parts.measured(ms);
  }

  private async write(command: Fields, limit: number, signal: AbortSignal): Promise<Timed> {
    const doubt = setTimeout(() => this.doubt(), this.roundTrip.patience(limit));
    try {
      return await this.timed(command, signal);
    } finally {
      clearTimeout(doubt);
    }
  }

  private async read(command: Fields, limit: number, signal: AbortSignal): Promise<Timed> {
    const patience = this.roundTrip.patience(limit);
    const controller = new AbortController();
    const giveUp = (): void => controller.abort(signal.reason ?? new Error('another connection answered first'));
    signal.addEventListener('abort', giveUp, { once: true });
    const first = this.timed(command, controller.signal);
    try {
      const early = await orAfter(patience, first.catch(brokenConnection));
      if (early !== undefined && early !== BROKEN) return early;
      signal.throwIfAborted();
      if (early === undefined && !this.roundTrip.fitsTwice(limit)) return await first;
      if (early === undefined) this.doubt();
      const second = this.counted(async (ahead) => {
        await this.makeFresh(limit, signal, ahead);
        return this.timed(command, signal);
      });
      second.catch(() => {});
      return await (early === BROKEN ? second : firstOf(first, second));
    } finally {
      first.catch(() => {});
      signal.removeEventListener('abort', giveUp);
      // Closes the connection if there is no answer yet.
      giveUp();
    }
  }

  private async timed(command: Fields, signal: AbortSignal): Promise<Timed> {
    const from = this.parts.now();
    const answer = await this.command(command, signal);
    return { answer, tookMs: this.parts.now() - from };
  }

  private doubt(): void {
    this.idle.suspect();
    if (this.checking === undefined) this.check(this.idle.toCheck(this.underWay));
  }

  /** Resolves when the next command gets a connection that answers, or a new one. */
  private async makeFresh(limit: number, signal: AbortSignal, ahead: number): Promise<void> {
    signal.throwIfAborted();
    if (this.checking === undefined) this.check(this.idle.toCheck(ahead));
    if (this.checking === undefined) return;
    await orAfter(this.roundTrip.pingPatience(limit), this.checking.first);
    signal.throwIfAborted();
  }

  private check(connections: number): void {
    if (connections === 0) return;
    const pings = Array.from({ length: connections }, () =>
      this.ping(Math.max(PING_LIMIT, PING_ROUND_TRIPS * this.roundTrip.ms)),
    );
    const first = orAfter(
      this.roundTrip.pingPatience(Number.POSITIVE_INFINITY),
      Promise.any(pings).catch(() => {}),
    );
    this.checking = { first };
    void Promise.allSettled(pings).then(() => {
      this.checking = undefined;
    });
  }

  private ping(limit: number): Promise<Fields> {
    const late = () => new StoreError('ERR_STORE_UNAVAILABLE', `a ping had no answer in ${limit} ms`);
    return withinLimit(limit, late, (signal) => this.send({ ping: 1 }, signal));
  }
}

interface Timed {
  readonly answer: Fields;
  readonly tookMs: number;
}

const BROKEN = Symbol('the connection broke');

/** Makes an error of the network an outcome, because a read is sent again then. */
function brokenConnection(error: unknown): typeof BROKEN {
  if (error instanceof MongoNetworkError) return BROKEN;
  throw error;
}

/** Resolves with undefined if `work` takes longer than `ms`. */
async function orAfter<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}

/** The first answer, which may be the server's refusal. A connection that breaks leaves it to the other one. */
function firstOf<T>(...sent: readonly Promise<T>[]): Promise<T> {
  return new Promise((resolve, reject) => {
    let left = sent.length;
    for (const answer of sent) {
      answer.then(resolve, (error: unknown) => {
        left -= 1;
        if (left === 0 || !(error instanceof MongoNetworkError)) reject(error);
      });
    }
  });
}
