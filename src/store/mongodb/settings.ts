/**
 * What the driver is told: the user's connect string and options, with those replaced that the election stands on, and
 * how the database is called in messages.
 */
import { MongoClient, type MongoClientOptions, type MongoOptions } from 'mongodb';
import { InvalidOptionError } from '../../errors.js';
import type { StoreOptions } from '../../options.js';
import { redact, secretsOf } from '../../redact.js';
import { quote } from '../../showValue.js';
import { systemLookup } from './lookup.js';
import { messageOf, type Place } from './storeErrors.js';

/** One for each of: a beat, a look, a line of a member, and what else comes. A beat then never waits for a handshake. */
const WARM_CONNECTIONS = 4;
/** How often the driver looks whether a server is there, in ms; so soon is it noticed that one is back. */
const LOOK_EVERY = 1000;
/** The driver's own limits end a little before ours, because its errors say more. */
const DRIVER_SHARE = 0.9;
/** But not so early, in ms, that a busy machine could never connect. Our limits end a call all the same. */
const SHORTEST_DRIVER_LIMIT = 500;

/** How long storing or reading tasks may take at least, in ms: no lease hangs on it, and a batch is larger than a beat. */
const SHORTEST_TASK_LIMIT = 10_000;

export interface Settings extends Place {
  readonly connectString: string;
  readonly clientOptions: MongoClientOptions;
  readonly debug: boolean;
  readonly commandTimeout: number;
  /** The same for commands that carry tasks. */
  readonly taskTimeout: number;
  readonly connectTimeout: number;
}

/** Throws `InvalidOptionError` when the driver cannot make sense of the connect string and the options. */
export function settingsOf(
  options: Extract<StoreOptions, { kind: 'mongodb' }>,
  limits: { readonly commandTimeout: number; readonly connectTimeout: number },
): Settings {
  const { connectString, connectOptions, debug } = options;
  const secrets = secretsOf(connectString, connectOptions);
  const parsed = parse(connectString, connectOptions, secrets);
  const { writeConcern: _ignored, ...kept } = connectOptions;
  const limit = driverLimit(limits);
  const taskTimeout = Math.max(limits.commandTimeout, SHORTEST_TASK_LIMIT);
  return {
    connectString: withoutCompressors(connectString),
    debug,
    secrets,
    ...limits,
    taskTimeout,
    label: redact(`mongodb://${hostsOf(parsed)}/${parsed.dbName}`, secrets),
    clientOptions: {
      ...kept,
      // A second attempt that nobody asked for could land after the caller has given up.
      retryWrites: false,
      retryReads: false,
      readPreference: 'primary',
      serverSelectionTimeoutMS: atMost(limit, parsed.serverSelectionTimeoutMS),
      connectTimeoutMS: atMost(limit, parsed.connectTimeoutMS),
      socketTimeoutMS: atMost(taskTimeout, parsed.socketTimeoutMS),
      waitQueueTimeoutMS: atMost(limit, parsed.waitQueueTimeoutMS),
      heartbeatFrequencyMS: atMost(LOOK_EVERY, parsed.heartbeatFrequencyMS),
      minPoolSize: Math.max(parsed.minPoolSize, atMost(WARM_CONNECTIONS, parsed.maxPoolSize)),
      maxConnecting: Math.max(parsed.maxConnecting, WARM_CONNECTIONS),
      monitorCommands: debug,
      // The one of `dns` waits in libuv's thread pool, and so does each command that is compressed.
      lookup: systemLookup,
      compressors: 'none',
    },
  };
}

/** The driver would use those of the connect string beside those of the options. */
function withoutCompressors(connectString: string): string {
  const [base = '', ...queries] = connectString.split('?');
  const kept = queries
    .join('?')
    .split('&')
    .filter((part) => !/^compressors=/i.test(part));
  return kept.join('&') === '' ? base : `${base}?${kept.join('&')}`;
}

function driverLimit({ commandTimeout, connectTimeout }: { commandTimeout: number; connectTimeout: number }): number {
  const shortest = Math.min(SHORTEST_DRIVER_LIMIT, connectTimeout * DRIVER_SHARE);
  return Math.ceil(Math.max(shortest, commandTimeout * DRIVER_SHARE));
}

/** The driver reads 0 as "without end" for all of these. */
function atMost(limit: number, chosen: number | undefined): number {
  return chosen === undefined || chosen <= 0 ? limit : Math.min(limit, chosen);
}

function parse(connectString: string, options: MongoClientOptions, secrets: readonly string[]): MongoOptions {
  try {
    // Makes no connection: that is for `connect`.
    return new MongoClient(connectString, options).options;
  } catch (error) {
    throw new InvalidOptionError(
      `mongodb.connectString or connectOptions: ${quote(redact(messageOf(error), secrets))}`,
    );
  }
}

function hostsOf(parsed: MongoOptions): string {
  return parsed.srvHost ?? parsed.hosts.map(String).join(',');
}
