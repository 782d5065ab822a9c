/**
 * The connection to the database: opens it, sends commands that end in time, and tries again by itself when it was not
 * there, so that it can say when it is.
 *
 * Commands go out as they are, through `db.command`, because only there the driver documents that an abort takes back
 * what was not sent yet, and because nothing there is ever sent twice.
 */
import { MongoClient, MongoServerError } from 'mongodb';
import { StoreError } from '../../errors.js';
import type { Fields } from '../documents.js';
import { withinLimit } from '../timeLimit.js';
import { Availability } from './availability.js';
import { logCommands } from './commandLog.js';
import { watchMonitors } from './monitorWatch.js';
import type { Settings } from './settings.js';
import { storeError } from './storeErrors.js';

/** Before a database that was not there is looked for again, in ms. */
const LOOK_AGAIN = 1000;
/** So many times as long as connecting may take a client may go without an answer before another one is tried beside it. */
const PATIENCE = 10;

/** Numbers come back as numbers, whatever the user has told the driver for his own clients. */
const readOptions = { readPreference: 'primary', promoteLongs: true, promoteValues: true, useBigInt64: false } as const;

/**
 * Sends one command to the database of the connect string; `what` names it in an error. It ends within `limit` ms, by
 * default the time that a beat has.
 */
export type Run = (what: string, command: Fields, limit?: number) => Promise<Fields>;

export class Connection {
  private readonly availability = new Availability();
  private client: MongoClient | undefined;
  private opening: Promise<void> | undefined;
  private again: NodeJS.Timeout | undefined;
  private closed = false;
  /** When the first of the calls was made that nobody has answered since; by `performance.now`. */
  private silentSince: number | null = null;

  /** `prepare` is what must have succeeded, beside connecting, before the connection counts as open. */
  constructor(
    private readonly settings: Settings,
    private readonly prepare: (run: Run) => Promise<void>,
  ) {}

  onAvailable(listener: () => void): () => void {
    return this.availability.onAvailable(listener);
  }

  open(): Promise<void> {
    if (this.closed) return Promise.reject(new StoreError('ERR_STORE', 'the store is closed'));
    if (this.client !== undefined) return Promise.resolve();
    clearTimeout(this.again);
    return this.opening ?? this.begin();
  }

  private begin(): Promise<void> {
    this.opening = this.attempt().finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  private async attempt(): Promise<void> {
    const { settings } = this;
    const client = new MongoClient(settings.connectString, settings.clientOptions);
    // The driver emits what it also throws.
    client.on('error', () => {});
    if (settings.debug) logCommands(client, settings.secrets);
    const connecting = client.connect();
    try {
      await withinLimit(settings.connectTimeout, this.late('open', settings.connectTimeout), async (signal) => {
        await connecting;
        await this.prepare((what, command) =>
          this.send(client, command, signal).catch((error: unknown) => {
            throw storeError(error, what, settings);
          }),
        );
      });
      if (this.closed) throw new StoreError('ERR_STORE', 'the store was closed while it opened');
    } catch (error) {
      // A connect that is still under way would go on to make connections that nobody ends.
      const end = () => client.close().catch(() => {});
      end();
      connecting.then(end, end);
      const failure = storeError(error, 'open', settings);
      if (failure.code === 'ERR_STORE_UNAVAILABLE') this.tryAgainLater();
      throw failure;
    }
    this.availability.watch(client);
    watchMonitors(client, () => {
      if (client === this.client) void this.renew(client);
    });
    this.client = client;
    this.silentSince = null;
    this.availability.found();
  }

  private tryAgainLater(): void {
    this.availability.lost();
    if (this.closed) return;
    this.again = setTimeout(() => {
      // Whoever needs to know why it failed has asked, or will ask, himself.
      this.open().catch(() => {});
    }, LOOK_AGAIN);
  }

  /** Ends within the limit, and never rejects: what the driver cannot end in time, its own limits will. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.again);
    const { client, settings } = this;
    this.client = undefined;
    const end = async () => {
      await this.opening?.catch(() => {});
      await client?.close();
    };
    await withinLimit(settings.commandTimeout, this.late('close', settings.commandTimeout), end).catch(() => {});
  }

  readonly run: Run = async (what, command, limit = this.settings.commandTimeout) => {
    const { client, settings } = this;
    if (client === undefined) throw new StoreError('ERR_STORE', 'the store is not open');
    try {
      const answer = await withinLimit(limit, this.late(what, limit), (signal) => this.send(client, command, signal));
      this.silentSince = null;
      return answer;
    } catch (error) {
      const failure = storeError(error, what, settings);
      // A server that answered is there.
      if (error instanceof MongoServerError) this.silentSince = null;
      else if (failure.code === 'ERR_STORE_UNAVAILABLE') this.unanswered(client);
      throw failure;
    }
  };

  private unanswered(client: MongoClient): void {
    this.availability.lost();
    if (client !== this.client) return;
    const now = performance.now();
    this.silentSince ??= now;
    if (now - this.silentSince < PATIENCE * this.settings.connectTimeout) return;
    this.silentSince = now;
    void this.renew(client);
  }

  /** A driver finds a server that is back by itself, unless its monitor hangs. */
  private async renew(client: MongoClient): Promise<void> {
    if (this.opening !== undefined || this.closed) return;
    // Should it fail too, the old one goes on, and in time another one is tried.
    await this.begin()
      .then(() => client.close())
      .catch(() => {});
  }

  private send(client: MongoClient, command: Fields, signal: AbortSignal): Promise<Fields> {
    return client.db().command(command, { ...readOptions, signal });
  }

  private late(what: string, limit: number): () => StoreError {
    return () =>
      new StoreError(
        'ERR_STORE_UNAVAILABLE',
        `the store ${this.settings.label} is not available for ${what}: no answer in ${limit} ms`,
      );
  }
}
