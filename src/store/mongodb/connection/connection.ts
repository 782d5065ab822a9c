/**
 * The connection to the database: opens it, sends commands that end in time, and tries again by itself when it was not
 * there, so it can say when it is.
 *
 * Commands go out as they are, through `db.command`, because only there the driver documents that an abort takes back
 * what was not sent yet, and because the driver sends nothing twice there.
 *
 * Opening has a limit of its own, because no lease hangs on it. If no server answers at all, the caller hears so earlier,
 * and the attempt goes on.
 */
import { MongoServerError } from 'mongodb';
import { redact } from '../../../diagnostics/redact.js';
import { StoreError } from '../../../errors.js';
import { withinLimit } from '../../timeLimit.js';
import type { Settings } from '../settings.js';
import { storeError } from '../storeErrors.js';
import { Availability } from './availability.js';
import { watchMonitors } from './monitorWatch.js';
import { Opening, why } from './opening.js';
import type { Run } from './run.js';

/** Before a database that was not there is looked for again, in ms. */
const REOPEN_RETRY_MS = 1000;
/** How long a client may go without an answer before another one is tried beside it, in ms. */
const SILENCE_MAX_MS = 8000;
/** How long callers wait for the first answer of any server, in ms. */
const FIRST_ANSWER_MAX_MS = 6000;
/** A database that takes longer to open is far, in ms, so short steps of connecting may be too short one day. */
const FAR_MS = 1000;
/** Opening again may take so many times as long as it took before, and this at least, in ms. */
const REOPENING_TIMES = 5;
const REOPENING_MIN_MS = 2000;
/** How often the server is measured after a command without an answer. */
const MEASURED = 2;

/** What the driver says of a step of connecting that took too long. */
const TIMED_OUT = /timed out/i;

interface Attempt {
  /** Another one when longer steps are tried. */
  opening: Opening;
  done: Promise<void>;
}

export class MongoConnection {
  private readonly availability = new Availability();
  private current: Opening | undefined;
  private attempt: Attempt | undefined;
  private again: NodeJS.Timeout | undefined;
  private closed = false;
  /** When the first of the calls was made that have had no answer since; by `performance.now`. */
  private silentSince: number | null = null;
  /** How long the next attempt to open may take, in ms. */
  private openingLimit: number;
  /** How long one step of connecting may take, and then what may follow. */
  private readonly steps: number[];

  /**
   * `prepare` is what must have succeeded, beside connecting, before the connection counts as open. `measured` is called
   * with the time that the server took for a command of the election, in ms.
   */
  constructor(
    private readonly settings: Settings,
    private readonly prepare: (run: Run) => Promise<void>,
    private readonly measured: (ms: number) => void = () => {},
  ) {
    this.openingLimit = settings.connectTimeout;
    this.steps = [...settings.connectSteps];
  }

  onAvailable(listener: () => void): () => void {
    return this.availability.onAvailable(listener);
  }

  open(): Promise<void> {
    if (this.closed) return Promise.reject(new StoreError('ERR_STORE', 'the store is closed'));
    if (this.current !== undefined) return Promise.resolve();
    clearTimeout(this.again);
    return this.unlessSilent(this.attempt ?? this.begin());
  }

  /** Fails when no server has answered for a while. The attempt goes on, and ends with `onAvailable` if it succeeds. */
  private unlessSilent(attempt: Attempt): Promise<void> {
    return new Promise((resolve, reject) => {
      const silent = setTimeout(() => {
        const { heard } = attempt.opening;
        if (heard.isAnswered) return;
        this.availability.lost();
        reject(this.unavailable('open', why(heard, `no server has answered in ${FIRST_ANSWER_MAX_MS} ms`)));
      }, FIRST_ANSWER_MAX_MS);
      attempt.done.then(resolve, reject).finally(() => clearTimeout(silent));
    });
  }

  private begin(): Attempt {
    const attempt: Attempt = { opening: this.makeOpening(), done: Promise.resolve() };
    attempt.done = this.complete(attempt).finally(() => {
      this.attempt = undefined;
    });
    // Those who need to know have asked.
    attempt.done.catch(() => {});
    this.attempt = attempt;
    return attempt;
  }

  private makeOpening(): Opening {
    const { settings, prepare, measured, openingLimit, steps } = this;
    return new Opening({
      ...{ settings, prepare, measured, limit: openingLimit, step: steps[0] ?? openingLimit },
      ...{ freshFor: settings.freshFor, label: settings.label },
      now: () => performance.now(),
    });
  }

  private async complete(attempt: Attempt): Promise<void> {
    for (;;) {
      const from = performance.now();
      try {
        await attempt.opening.done;
        return this.opened(attempt.opening, performance.now() - from);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (this.closed || this.steps.length === 1 || !TIMED_OUT.test(error.message)) this.failed(error);
        // The caller hears of it only if longer steps do not do either.
        this.steps.shift();
        attempt.opening = this.makeOpening();
      }
    }
  }

  private opened(opening: Opening, took: number): void {
    const { client } = opening.link;
    this.availability.watch(client);
    watchMonitors(client, () => {
      if (opening === this.current) this.renew(opening);
    });
    this.current = opening;
    this.silentSince = null;
    if (took > FAR_MS && this.steps.length > 1) {
      this.steps.shift();
      // When this attempt is over.
      setImmediate(() => this.renew(opening));
    }
    this.openingLimit = this.capped(Math.max(REOPENING_MIN_MS, REOPENING_TIMES * took));
    this.availability.found();
  }

  private failed(error: StoreError): never {
    this.openingLimit = this.capped(2 * this.openingLimit);
    if (error.code === 'ERR_STORE_UNAVAILABLE') this.tryAgainLater();
    throw error;
  }

  private capped(limit: number): number {
    return Math.ceil(Math.min(limit, this.settings.connectTimeout));
  }

  private tryAgainLater(): void {
    this.availability.lost();
    if (this.closed) return;
    this.again = setTimeout(() => {
      // Those who need to know why it failed have asked, or will ask, themselves.
      this.open().catch(() => {});
    }, REOPEN_RETRY_MS);
  }

  /** Ends within the limit, and never rejects: what the driver cannot end in time, its own limits will. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.again);
    const { current, attempt, settings } = this;
    this.current = undefined;
    attempt?.opening.abort();
    const end = async () => {
      await attempt?.done.catch(() => {});
      await current?.link.client.close();
    };
    const late = () => this.unavailable('close', 'no end');
    await withinLimit(settings.commandTimeout, late, end).catch(() => {});
  }

  readonly run: Run = async (what, command, limit = this.settings.commandTimeout) => {
    const { current, settings } = this;
    if (current === undefined) throw new StoreError('ERR_STORE', 'the store is not open');
    const isQuick = limit <= settings.commandTimeout;
    const late = () => this.unavailable(what, why(current.heard, `no answer in ${limit} ms`));
    try {
      const answer = await withinLimit(limit, late, (signal) => current.link.run(command, limit, signal, isQuick));
      this.silentSince = null;
      return answer;
    } catch (error) {
      const failure = storeError(error, what, settings);
      // A server that answered is there.
      if (error instanceof MongoServerError) this.silentSince = null;
      else if (failure.code === 'ERR_STORE_UNAVAILABLE') this.unanswered(current);
      throw failure;
    }
  };

  private unanswered(opening: Opening): void {
    this.availability.lost();
    if (opening !== this.current) return;
    // What takes longer than its limit tells nothing of how long it takes.
    opening.link.measure(MEASURED).catch(() => {});
    const now = performance.now();
    this.silentSince ??= now;
    if (now - this.silentSince < SILENCE_MAX_MS) return;
    this.silentSince = now;
    this.renew(opening);
  }

  /** Replaces a client whose monitor may hang. A driver finds a server that is back by itself in all other cases. */
  private renew({ link }: Opening): void {
    if (this.attempt !== undefined || this.closed) return;
    // Should it fail too, the old one goes on, and in time another one is tried.
    this.begin()
      .done.then(() => link.retire(this.settings.taskTimeout))
      .catch(() => {});
  }

  private unavailable(what: string, reason: string): StoreError {
    const { label, secrets } = this.settings;
    return new StoreError(
      'ERR_STORE_UNAVAILABLE',
      `the store ${label} is not available for ${what}: ${redact(reason, secrets)}`,
    );
  }
}
