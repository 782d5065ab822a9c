/**
 * One attempt to open the database: connects a client of the driver, and makes ready what the store needs. It ends early
 * when every server has answered or failed and none takes writes.
 */
import { MongoClient, MongoCompatibilityError } from 'mongodb';
import { StoreError } from '../../../errors.js';
import { withinLimit } from '../../timeLimit.js';
import type { Settings } from '../settings.js';
import { storeError } from '../storeErrors.js';
import { logCommands } from './commandLog.js';
import { Heard } from './heard.js';
import { Link, type LinkParts } from './link.js';
import type { Run } from './run.js';

/** How long servers that refuse are tried again, in ms. */
const REFUSED_MAX_MS = 2000;
/** How often it is looked whether they all refuse, in ms. */
const REFUSAL_POLL_MS = 100;

interface OpeningParts extends LinkParts {
  readonly settings: Settings;
  /** How long all of it may take, in ms. */
  readonly limit: number;
  /** How long one step of connecting may take, in ms. */
  readonly step: number;
  prepare(run: Run): Promise<void>;
}

export class Opening {
  readonly link: Link;
  readonly heard: Heard;
  /** Rejects with a `StoreError`; the client is closed then. */
  readonly done: Promise<void>;
  private readonly connecting: Promise<unknown>;
  private readonly aborted = new AbortController();

  constructor(private readonly parts: OpeningParts) {
    const { settings, step } = parts;
    const client = new MongoClient(settings.connectString, { ...settings.clientOptions, connectTimeoutMS: step });
    // The driver emits what it also throws.
    client.on('error', () => {});
    if (settings.debug) logCommands(client, settings.secrets);
    this.heard = new Heard(client);
    this.link = new Link(client, parts);
    this.connecting = client.connect();
    this.done = this.complete();
  }

  /** Ends the attempt, which then fails. */
  abort(): void {
    this.aborted.abort();
  }

  private async complete(): Promise<void> {
    const { settings, limit } = this.parts;
    const late = (): StoreError => this.late(limit);
    try {
      await withinLimit(limit, late, (signal) => Promise.race([this.work(signal), this.refused(signal)]));
    } catch (error) {
      // A connect that is still under way would go on to make connections that nothing ends.
      const end = () => this.link.client.close().catch(() => {});
      end();
      this.connecting.then(end, end);
      throw storeError(error, 'open', settings);
    }
  }

  private async work(signal: AbortSignal): Promise<void> {
    const { settings, prepare } = this.parts;
    await this.connecting;
    await prepare((what, command) =>
      this.link.send(command, signal).catch((error: unknown) => {
        throw storeError(error, what, settings);
      }),
    );
    await this.link.measure(1);
  }

  private refused(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      const from = performance.now();
      const looks = setInterval(() => {
        const refusal = this.heard.refusal();
        const isFinal = refusal instanceof MongoCompatibilityError || performance.now() - from >= REFUSED_MAX_MS;
        if (refusal !== undefined && isFinal) reject(refusal);
      }, REFUSAL_POLL_MS);
      const end = (): void => clearInterval(looks);
      signal.addEventListener('abort', end, { once: true });
      this.connecting.then(end, end);
      this.aborted.signal.addEventListener('abort', () => {
        reject(new StoreError('ERR_STORE', 'the store was closed while it opened'));
      });
    });
  }

  private late(limit: number): StoreError {
    const { label } = this.parts.settings;
    return new StoreError(
      'ERR_STORE_UNAVAILABLE',
      `the store ${label} is not available for open: ${why(this.heard, `no answer in ${limit} ms`)}`,
    );
  }
}

/** Adds the driver's reason, if it has one, to `text`. */
export function why(heard: Heard, text: string): string {
  const trouble = heard.trouble();
  return trouble === undefined ? text : `${text} (${trouble})`;
}
