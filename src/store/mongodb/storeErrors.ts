/**
 * Turns what the driver throws into a `StoreError`: a code to branch on, the database by name, and no credentials, in
 * the message as in the cause.
 */
import {
  MongoCompatibilityError,
  MongoError,
  MongoErrorLabel,
  MongoInvalidArgumentError,
  MongoMissingCredentialsError,
  MongoMissingDependencyError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb';
import { redact } from '../../diagnostics/redact.js';
import { quote, showValue } from '../../diagnostics/showValue.js';
import { type FailoverErrorCode, StoreError } from '../../errors.js';
import { passes } from './serverErrors.js';

/** The database as messages call it, and what they must not show. */
export interface StoreLabel {
  readonly label: string;
  readonly secrets: readonly string[];
}

type Code = Extract<FailoverErrorCode, 'ERR_STORE' | 'ERR_STORE_UNAVAILABLE' | 'ERR_SERVER_TOO_OLD'>;

/** Makes the error of what went wrong while `what` was asked for. */
export function storeError(thrown: unknown, what: string, label: StoreLabel): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const told = reasonOf(thrown);
  return failure(codeOf(told, what), what, messageOf(told), label, withoutSecrets(thrown, label.secrets));
}

/** Makes an error of what a server says of one document, in an answer that is otherwise good. */
export function writeError(code: unknown, said: unknown, what: string, label: StoreLabel): StoreError {
  const message = typeof said === 'string' ? said : showValue(said);
  return failure(codeOfServer(code, message), what, message, label);
}

function failure(code: Code, what: string, message: string, { label, secrets }: StoreLabel, cause?: Error): StoreError {
  const verdicts = {
    ERR_STORE: `refused ${what}`,
    ERR_STORE_UNAVAILABLE: `is not available for ${what}`,
    ERR_SERVER_TOO_OLD: 'is too old',
  };
  const text = `the store ${label} ${verdicts[code]}: ${quote(redact(message, secrets))}`;
  return new StoreError(code, text, cause === undefined ? undefined : { cause });
}

/** Returns the error of a server if there is one: it tells more than that none could be selected in time. */
function reasonOf(thrown: unknown): unknown {
  if (!(thrown instanceof MongoServerSelectionError)) return thrown;
  const errors = [...(thrown.reason?.servers.values() ?? [])].map((server) => server.error);
  return errors.find((error) => error instanceof MongoCompatibilityError) ?? thrown;
}

function codeOf(error: unknown, what: string): Code {
  if (error instanceof MongoCompatibilityError) return 'ERR_SERVER_TOO_OLD';
  if (error instanceof MongoWriteConcernError) return 'ERR_STORE_UNAVAILABLE';
  if (error instanceof MongoServerError) return codeOfServer(error.code, error.message, error.errorLabels);
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return 'ERR_STORE_UNAVAILABLE';
  // What is left of a handshake, or of the options, is not a matter of waiting.
  const refused =
    // Later the driver throws this one if a server without logins asks for another login, which passes.
    (error instanceof MongoMissingCredentialsError && what === 'open') ||
    error instanceof MongoMissingDependencyError ||
    error instanceof MongoInvalidArgumentError ||
    (error instanceof MongoError && error.hasErrorLabel(MongoErrorLabel.HandshakeError));
  return refused ? 'ERR_STORE' : 'ERR_STORE_UNAVAILABLE';
}

function codeOfServer(code: unknown, message: string, labels: readonly string[] = []): Code {
  return passes(code, message, labels) ? 'ERR_STORE_UNAVAILABLE' : 'ERR_STORE';
}

/** Returns the code that the server gave the error, if a server's error is what is behind it. */
export function serverCode(error: unknown): number | undefined {
  const cause = error instanceof StoreError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'number' ? cause.code : undefined;
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError of several addresses has no message of its own.
  if (error.message === '' && error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error.message;
}

/** A copy that keeps what people look for. The original may hold commands and options, and so what must not be shown. */
function withoutSecrets(thrown: unknown, secrets: readonly string[], depth = 0): Error {
  const cause = thrown instanceof Error && depth < 3 ? thrown.cause : undefined;
  const copy = new Error(
    redact(messageOf(thrown), secrets),
    cause === undefined ? undefined : { cause: withoutSecrets(cause, secrets, depth + 1) },
  );
  if (thrown instanceof Error) {
    Object.defineProperty(copy, 'name', { value: thrown.name, configurable: true });
    copy.stack = redact(thrown.stack ?? '', secrets);
    if ('code' in thrown && (typeof thrown.code === 'number' || typeof thrown.code === 'string')) {
      Object.assign(copy, { code: thrown.code });
    }
  }
  return copy;
}
