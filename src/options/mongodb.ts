/**
 * The check of `mongodb`: what goes to the MongoDB driver, before anything connects. The driver itself is the judge of
 * the connect string and its options; no password gets into a message.
 */
import { createRequire } from 'node:module';
import type { MongoClientOptions } from 'mongodb';
import { redact, secretsOf } from '../diagnostics/redact.js';
import { quote, showKind, showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkBoolean, isObject, join, readFields, reading } from './checks.js';
import { plainCopyOfObject } from './plainCopy.js';

interface ResolvedMongodb {
  readonly connectString: string;
  readonly connectOptions: MongoClientOptions;
  readonly debug: boolean;
  readonly wakeUps: 'auto' | false;
  readonly ignored: readonly string[];
}

const defaultConnectString = 'mongodb://localhost:27017/test';

/**
 * Options that the original handed to the driver of its time, versions 2 and 3 (`validOptionNames` and
 * `legacyOptionNames` in its lib/operations/connect.js), or to Mongoose, and that tune what the present driver does by
 * itself. Old options about TLS and credentials are not among them: who ignores those connects unprotected.
 */
const legacyGroups = ['db', 'server', 'replset', 'replSet', 'mongos'];
const legacyNames = new Set([
  ...legacyGroups,
  ...['autoReconnect', 'auto_reconnect', 'bufferMaxEntries', 'keepAlive', 'native_parser', 'poolSize'],
  ...['promiseLibrary', 'reconnectInterval', 'reconnectTries', 'useNewUrlParser', 'useUnifiedTopology'],
  ...['useCreateIndex', 'useFindAndModify', 'useMongoClient'],
]);
const protective = /^(?:ssl|tls|ca$|cert$|key$|pass|user|auth|checkServerIdentity$)/i;

/**
 * With `use` false, when another store is used, only types and names are checked and the driver is not asked.
 * @throws InvalidOptionError
 */
export function resolveMongodb(given: unknown = {}, use = true): ResolvedMongodb {
  const fields = readFields(given, 'mongodb', ['connectString', 'connectOptions', 'debug', 'wakeUps']);
  const connectString = fields.connectString ?? defaultConnectString;
  if (typeof connectString !== 'string' || fields.connectString === null) {
    throw new InvalidOptionError(`mongodb.connectString must be a string, not ${showKind(fields.connectString)}`);
  }
  const { connectOptions, ignored } = splitConnectOptions(fields.connectOptions);
  if (use) askDriver(connectString, connectOptions);
  if (compresses(connectString, connectOptions)) ignored.push('compressors');
  const debug = fields.debug === undefined ? false : checkBoolean(fields.debug, 'mongodb.debug');
  return { connectString, connectOptions, debug, wakeUps: checkWakeUps(fields.wakeUps), ignored };
}

function checkWakeUps(given: unknown = 'auto'): 'auto' | false {
  if (given === 'auto' || given === false) return given;
  throw new InvalidOptionError(`mongodb.wakeUps must be 'auto' or false, not ${showValue(given)}`);
}

function splitConnectOptions(given: unknown = {}): { connectOptions: object; ignored: string[] } {
  const path = 'mongodb.connectOptions';
  if (!isObject(given)) throw new InvalidOptionError(`${path} must be an object, not ${showKind(given)}`);
  return reading(path, () => splitObject(given, path));
}

function splitObject(given: object, path: string): { connectOptions: object; ignored: string[] } {
  const ignored = Object.keys(given).filter((name) => legacyNames.has(name));
  for (const name of ignored) if (legacyGroups.includes(name)) refuseProtective(given, name, `${path}.${name}`);
  const taken = Object.fromEntries(Object.entries(given).filter(([name]) => !legacyNames.has(name)));
  if (Object.keys(taken).some((name) => /^timeoutMS$/i.test(name))) throw noTimeoutMS(`${path}.timeoutMS`);
  return { connectOptions: plainCopyOfObject(taken, path), ignored };
}

/** A group of old options is ignored as a whole, but not when it asked for an encrypted or authenticated connection. */
function refuseProtective(options: object, group: string, path: string): void {
  const value: unknown = Reflect.get(options, group);
  if (!isObject(value)) return;
  const name = Object.keys(value).find((key) => protective.test(key) && Reflect.get(value, key) !== false);
  if (name === undefined) return;
  throw new InvalidOptionError(
    `${join(path, name)} cannot be ignored without making the connection less safe; ` +
      'give it as the MongoDB driver takes it now, directly in mongodb.connectOptions',
  );
}

/** Compressing waits in libuv's thread pool with each command, so the store goes without it. */
function compresses(connectString: string, connectOptions: object): boolean {
  const given = [/[?&]compressors=([^&]*)/i.exec(connectString)?.[1], Reflect.get(connectOptions, 'compressors')];
  return given.some((names) => names !== undefined && /[^,]/.test(String(names).replaceAll('none', '')));
}

function noTimeoutMS(path: string): InvalidOptionError {
  return new InvalidOptionError(
    `${path} is not supported: each request to the store has a time limit of its own, which follows from the intervals`,
  );
}

function askDriver(connectString: string, connectOptions: object): void {
  if (/[?&]timeoutMS=/i.test(connectString)) throw noTimeoutMS('timeoutMS in mongodb.connectString');
  const secrets = secretsOf(connectString, connectOptions);
  const problem = driverRefuses(connectString, connectOptions);
  if (problem === undefined) return;
  const shown = `mongodb.connectString (${showValue(redact(connectString, secrets))})`;
  // Some connect strings need the options beside them, so the two are tried apart only to tell which one is wrong.
  const place = driverRefuses(connectString, {}) === undefined ? `mongodb.connectOptions, with ${shown}` : shown;
  // The driver's error is not kept as the cause: it may quote what is hidden here.
  throw new InvalidOptionError(`${place} will not do: ${quote(redact(problem, secrets))}`);
}

/**
 * Loads the driver when it is needed first: the embedded store does without it, and an import would fail in a bundle,
 * before the clear error of `failover()`.
 */
function driver(): typeof import('mongodb') {
  return createRequire(import.meta.url)('mongodb');
}

/** Returns what is wrong; undefined when nothing is. Makes a client, which does not connect by itself. */
function driverRefuses(connectString: string, connectOptions: object): string | undefined {
  const encode = 'user name and password must be percent-encoded';
  // The driver would take what is between two raw @ for the host, or for the database, and go there.
  if (/^[^?]*@[^?]*@/.test(connectString)) return `there is more than one @ in it; ${encode}`;
  const { MongoClient } = driver();
  try {
    const { dbName } = new MongoClient(connectString, connectOptions).options;
    if (!/[/\\. "$\0]/.test(dbName) && Buffer.byteLength(dbName) < 64) return undefined;
    return 'the name of the database must have less than 64 bytes and no slash, backslash, dot, blank, quote or dollar sign';
  } catch (error) {
    // A part of a password that holds a raw @ may be what the driver quotes as wrong.
    if (/@.*@/s.test(connectString)) return `the driver cannot read it; ${encode}`;
    return error instanceof Error ? error.message : String(error);
  }
}
