/**
 * One client of the driver, and the care that a command takes of a connection that may be dead:
 *
 * - Before a command would get a connection that has been silent for long, idle ones are pinged (`freshness.ts`). The command goes
 *   out when one has answered that no other command gets. Without one it goes out on a new connection, because pings hold the others.
 * - A command without an answer for some time casts doubt on all connections, and they are pinged then.
 * - A read without an answer is sent again on another connection, within its limit. A write never is.
 * - If idle connections are dead and a new one answers, writes that were sent before the check fail soon, because they are
 *   on connections of the same age. Their outcome is unknown, as after their limit.
 *
 * The driver closes a connection whose command is given up, so dead ones leave the pool.
 */
import { type MongoClient, MongoNetworkError } from 'mongodb';
import { StoreError } from '../../../errors.js';
import { type Fields, isFields } from '../../documents.js';
import { withinLimit } from '../../timeLimit.js';
import { Freshness } from './freshness.js';
import { IdleConnections } from './idleConnections.js';
import { RoundTrip } from './roundTrip.js';

/**
 * Numbers come back as numbers, whatever the user has told the driver for their own clients. A text that is no UTF-8 comes with U+FFFD
 * in it: the server stores what any program wrote, and one document must not make an answer unreadable that has others, too.
 */
const readOptions = {
  readPreference: 'primary',
  promoteLongs: true,
  promoteValues: true,
  useBigInt64: false,
  enableUtf8Validation: false,
} as const;

/** A ping that takes longer ends, and with it the connection, in ms. */
const PING_MAX_MS = 1000;
/** And not before so many round trips have passed: it may need a new connection. */
const PING_ROUND_TRIPS = 6;
/** The same for pings that find out how far the server is. */
const MEASURING_MAX_MS = 10_000;
/** Up to so many statements, or ids, are no command for many: a look at one lease has some. */
const FEW_MAX = 16;
/** A read is sent again after so many broken connections at most. */
const BROKEN_MAX = 2;
const reads = new Set(['find', 'count', 'aggregate', 'listIndexes', 'hello', 'ping']);

export interface LinkParts {
  /** The database as messages call it. */
  readonly label: string;
  /** How long after its last answer a connection is trusted, in ms. */
  readonly freshFor: number;
  now(): number;
  /** Called with the time that the server took for a command of the election, in ms. */
  measured(ms: number): void;
}

export class Link {
  private readonly idle: IdleConnections;
  private readonly roundTrip = new RoundTrip();
  private readonly writes = new Set<SentWrite>();
  private underWay = 0;
  /** Of these, commands that were asked for, and no pings. */
  private running = 0;
  private drained = (): void => {};
  private readonly freshness: Freshness;
  /** When the last check began that found dead connections. */
  private deadAt = Number.NEGATIVE_INFINITY;
  private measuring = false;

  constructor(
    readonly client: MongoClient,
    private readonly parts: LinkParts,
  ) {
    this.idle = new IdleConnections(parts.freshFor, parts.now);
    this.idle.watch(client);
    this.freshness = new Freshness({
      ...{ idle: this.idle, now: parts.now },
      patience: (limit) => this.roundTrip.pingPatience(limit),
      ping: () => this.ping(this.pingLimit),
      foundDead: (from) => {
        this.deadAt = Math.max(this.deadAt, from);
        this.failOlderThan(from).catch(() => {});
      },
    });
  }

  /**
   * Sends a command that has `limit` ms, after which the signal aborts. `isQuick` says that it is one of the election,
   * whose time is that of a beat.
   */
  async run(command: Fields, limit: number, signal: AbortSignal, isQuick: boolean): Promise<Fields> {
    this.running += 1;
    this.idle.uses(this.running);
    try {
      return await this.runCounted(command, limit, signal, isQuick);
    } finally {
      this.running -= 1;
    }
  }

  private runCounted(command: Fields, limit: number, signal: AbortSignal, isQuick: boolean): Promise<Fields> {
    return this.whenFresh(limit, signal, async () => {
      const isRead = reads.has(Object.keys(command)[0] ?? '');
      const isBatch = isQuick && isForMany(command);
      const patience = isBatch ? this.roundTrip.batchPatience(limit) : this.roundTrip.patience(limit);
      const { answer, tookMs } = await (isRead
        ? this.read(command, limit, signal, patience)
        : this.write(command, signal, patience));
      // What many leases take says how many go together, and nothing of how far the server is.
      if (isQuick && !isBatch) this.took(tookMs);
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
    return this.counted(() => this.freshness.count(() => this.command(command, signal)));
  }

  private whenFresh<T>(limit: number, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    return this.counted(() => this.freshness.whenFresh(limit, signal, call));
  }

  private async counted<T>(call: () => Promise<T>): Promise<T> {
    this.underWay += 1;
    try {
      return await call();
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
      await this.ping(MEASURING_MAX_MS);
      for (let ping = 0; ping < pings; ping++) {
        const from = this.parts.now();
        await this.ping(MEASURING_MAX_MS);
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

  private async write(command: Fields, signal: AbortSignal, patience: number): Promise<Timed> {
    const controller = new AbortController();
    const giveUp = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    const sent = { at: this.parts.now(), patience, fail: (error: StoreError) => controller.abort(error) };
    this.writes.add(sent);
    const endDoubts = this.doubtFrom(patience);
    try {
      return await this.timed(command, controller.signal);
    } finally {
      endDoubts();
      this.writes.delete(sent);
      signal.removeEventListener('abort', giveUp);
    }
  }

  private async read(command: Fields, limit: number, signal: AbortSignal, first: number): Promise<Timed> {
    const from = this.parts.now();
    const controller = new AbortController();
    const giveUp = (): void => controller.abort(signal.reason ?? new Error('another connection answered first'));
    signal.addEventListener('abort', giveUp, { once: true });
    const sent = [this.timed(command, controller.signal)];
    try {
      for (let patience = first, broken = 0; ; ) {
        const outcome = await orAfter(patience, firstAnswer(sent));
        if (outcome !== undefined && !('error' in outcome)) return outcome;
        if (outcome !== undefined) {
          broken += 1;
          if (broken > BROKEN_MAX) throw outcome.error;
        } else {
          this.doubt();
          patience *= 2;
        }
        // Another one would come too late.
        if (this.parts.now() - from + this.roundTrip.ms >= limit) return await answerOf(sent);
        sent.push(this.again(command, limit, controller.signal));
      }
    } finally {
      for (const answer of sent) answer.catch(() => {});
      signal.removeEventListener('abort', giveUp);
      // Closes connections on which there is no answer yet.
      giveUp();
    }
  }

  private again(command: Fields, limit: number, signal: AbortSignal): Promise<Timed> {
    return this.whenFresh(limit, signal, () => this.timed(command, signal));
  }

  private async timed(command: Fields, signal: AbortSignal): Promise<Timed> {
    const from = this.parts.now();
    const answer = await this.command(command, signal);
    return { answer, tookMs: this.parts.now() - from };
  }

  /** Doubts after `ms`, and again after twice the time. */
  private doubtFrom(ms: number): () => void {
    let timer: NodeJS.Timeout | undefined;
    const wait = (patience: number): void => {
      timer = setTimeout(() => {
        this.doubt();
        wait(2 * patience);
      }, patience);
    };
    wait(ms);
    return () => clearTimeout(timer);
  }

  private doubt(): void {
    this.idle.suspect();
    this.failOlderThan(this.deadAt).catch(() => {});
    this.freshness.doubt();
  }

  /** Fails the writes that were sent before and have no answer, if the server answers on another connection. */
  private async failOlderThan(from: number): Promise<void> {
    const old = [...this.writes].filter(({ at }) => at < from);
    if (old.length === 0) return;
    await this.ping(this.pingLimit);
    const text = `the store ${this.parts.label} is not available: no answer on this connection, while a new one answers`;
    const failLater = async (write: SentWrite): Promise<void> => {
      // A server that was merely slow answers now.
      await orAfter(write.patience, new Promise(() => {}));
      if (this.writes.has(write)) write.fail(new StoreError('ERR_STORE_UNAVAILABLE', text));
    };
    await Promise.all(old.map(failLater));
  }

  private get pingLimit(): number {
    return Math.max(PING_MAX_MS, PING_ROUND_TRIPS * this.roundTrip.ms);
  }

  private ping(limit: number): Promise<Fields> {
    const late = () => new StoreError('ERR_STORE_UNAVAILABLE', `a ping had no answer in ${limit} ms`);
    return withinLimit(limit, late, (signal) => this.send({ ping: 1 }, signal));
  }
}

/** Such a command is not quick because its server is. */
function isForMany({ updates, documents, deletes, filter }: Fields): boolean {
  const filters = [filter, ...(Array.isArray(deletes) ? deletes.map((each) => (isFields(each) ? each.q : null)) : [])];
  return [updates, documents, deletes, ...filters.flatMap(listsIn)].some(isLong);
}

/** Returns the lists of which a document is to have one value. */
function listsIn(filter: unknown): unknown[] {
  return isFields(filter) ? Object.values(filter).map((value) => (isFields(value) ? value.$in : null)) : [];
}

function isLong(list: unknown): boolean {
  return Array.isArray(list) && list.length > FEW_MAX;
}

interface SentWrite {
  readonly at: number;
  /** How long an answer is waited for before there is doubt, in ms. */
  readonly patience: number;
  fail(error: StoreError): void;
}

interface Timed {
  readonly answer: Fields;
  readonly tookMs: number;
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

interface Broken {
  readonly error: MongoNetworkError;
}

/** Resolves with the first answer, and rejects with the server's refusal. If all connections broke, resolves with that. */
function firstAnswer(sent: readonly Promise<Timed>[]): Promise<Timed | Broken> {
  return new Promise((resolve, reject) => {
    let left = sent.length;
    for (const answer of sent) {
      answer.then(resolve, (error: unknown) => {
        left -= 1;
        if (!(error instanceof MongoNetworkError)) reject(error);
        else if (left === 0) resolve({ error });
      });
    }
  });
}

async function answerOf(sent: readonly Promise<Timed>[]): Promise<Timed> {
  const answer = await firstAnswer(sent);
  if ('error' in answer) throw answer.error;
  return answer;
}
