/**
 * What the driver is told: the user's connect string and options, with those replaced that the election depends on, and
 * how the database is called in messages.
 */
import { MongoClient, type MongoClientOptions, type MongoOptions } from 'mongodb';
import { redact, secretsOf } from '../../diagnostics/redact.js';
import { quote } from '../../diagnostics/showValue.js';
import { InvalidOptionError } from '../../errors.js';
import type { StoreOptions } from '../../options/options.js';
import type { StoreLimits } from '../limits.js';
import { systemLookup } from './connection/lookup.js';
import { messageOf, type StoreLabel } from './storeErrors.js';

/** One for each of: a beat, a look, a line of a member, and what else comes. A beat then never waits for a handshake. */
const WARM_CONNECTIONS = 4;
/** How often the driver looks whether a server is there, in ms; so soon is it noticed that one is back. */
const MONITOR_PERIOD_MS = 1000;
/**
 * How long one step of connecting may take (TCP and TLS, each message of the handshake, a check of the monitor), in ms:
 * first, and when that was not enough. The driver's default of 30 s would let it wait for so long for packets that are lost.
 */
const CONNECT_STEPS_MS = [2000, 10_000];
/**
 * How long a connection may be idle before the driver closes it, in ms. The middle boxes that we know of forget none
 * before a minute.
 */
const IDLE_MAX_MS = 45_000;
/** How long after its last answer a connection is trusted without a ping, in ms. */
const FRESH_MIN_MS = 3000;

/** How long storing or reading tasks may take at least, in ms: no lease hangs on it, and a batch is larger than a beat. */
const TASK_LIMIT_MIN_MS = 10_000;

export interface Settings extends StoreLabel {
  readonly connectString: string;
  readonly clientOptions: MongoClientOptions;
  readonly database: string;
  readonly debug: boolean;
  readonly commandTimeout: number;
  /** The same for commands that carry tasks. */
  readonly taskTimeout: number;
  /** How long opening may take, all in all. */
  readonly connectTimeout: number;
  /** How long one step of connecting may take, at first, and then when that was not enough. */
  readonly connectSteps: readonly number[];
  /** How long after its last answer a connection is trusted without a ping, in ms. */
  readonly freshFor: number;
  readonly wakeUps: 'auto' | false;
}

type Limits = Omit<StoreLimits, 'freshFor'> & Partial<Pick<StoreLimits, 'freshFor'>>;

/** Throws `InvalidOptionError` when the driver cannot make sense of the connect string and the options. */
export function settingsOf(options: Extract<StoreOptions, { kind: 'mongodb' }>, limits: Limits): Settings {
  const { connectString, connectOptions, debug, wakeUps = 'auto' } = options;
  const secrets = secretsOf(connectString, connectOptions);
  const parsed = parse(connectString, connectOptions, secrets);
  const { writeConcern: _ignored, ...kept } = connectOptions;
  const chosen = (name: TimeOption) => chosenTime(connectString, connectOptions, name, parsed);
  const selection = chosen('serverSelectionTimeoutMS');
  const step = chosen('connectTimeoutMS');
  const connectTimeout = Math.max(limits.connectTimeout, selection ?? 0, step ?? 0);
  const taskTimeout = Math.max(limits.commandTimeout, TASK_LIMIT_MIN_MS);
  return {
    connectString: withoutCompressors(connectString),
    database: parsed.dbName,
    debug,
    wakeUps,
    secrets,
    commandTimeout: limits.commandTimeout,
    connectTimeout,
    taskTimeout,
    connectSteps: step === undefined ? CONNECT_STEPS_MS.map((ms) => Math.min(ms, connectTimeout)) : [step],
    freshFor: limits.freshFor ?? FRESH_MIN_MS,
    label: redact(`mongodb://${hostsOf(parsed)}/${parsed.dbName}`, secrets),
    clientOptions: {
      ...kept,
      // A second attempt by the driver itself could land after the caller has given up.
      retryWrites: false,
      retryReads: false,
      readPreference: 'primary',
      // These are for opening. Our own limits end all other calls.
      serverSelectionTimeoutMS: selection ?? connectTimeout,
      socketTimeoutMS: atMost(taskTimeout, parsed.socketTimeoutMS),
      waitQueueTimeoutMS: atMost(taskTimeout, parsed.waitQueueTimeoutMS),
      maxIdleTimeMS: atLeastOne(parsed.maxIdleTimeMS) ?? IDLE_MAX_MS,
      heartbeatFrequencyMS: atMost(MONITOR_PERIOD_MS, parsed.heartbeatFrequencyMS),
      minPoolSize: Math.max(parsed.minPoolSize, atMost(WARM_CONNECTIONS, parsed.maxPoolSize)),
      maxConnecting: Math.max(parsed.maxConnecting, WARM_CONNECTIONS),
      monitorCommands: debug,
      // The one of `dns` waits in libuv's thread pool, and so does each command that is compressed.
      lookup: systemLookup,
      compressors: 'none',
    },
  };
}

/** Removes `compressors`: the driver would use those of the connect string beside those of the options. */
function withoutCompressors(connectString: string): string {
  const [base = '', ...queries] = connectString.split('?');
  const kept = queries
    .join('?')
    .split('&')
    .filter((part) => !/^compressors=/i.test(part));
  return kept.join('&') === '' ? base : `${base}?${kept.join('&')}`;
}

type TimeOption = 'serverSelectionTimeoutMS' | 'connectTimeoutMS';

/** Returns what the user gave. The driver's own default tells nothing, and 0 is "without end". */
function chosenTime(
  connectString: string,
  connectOptions: MongoClientOptions,
  name: TimeOption,
  parsed: MongoOptions,
): number | undefined {
  const isGiven = connectOptions[name] !== undefined || new RegExp(`[?&]${name}=`, 'i').test(connectString);
  return isGiven ? atLeastOne(parsed[name]) : undefined;
}

function atLeastOne(time: number | undefined): number | undefined {
  return time !== undefined && time > 0 ? time : undefined;
}

/** Returns the lower of the two. A `chosen` of 0 counts as none, because the driver reads it as "without end". */
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
