/** Says on stderr what is sent to the server and how it went, without credentials. */
import { formatWithOptions, inspect } from 'node:util';
import type { MongoClient } from 'mongodb';
import { logFor, writeLine } from '../../../diagnostics/log.js';
import { redact, redactDeep } from '../../../diagnostics/redact.js';

/** A lease with all its recent ids would fill a screen. */
const shown = { depth: 8, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 8, maxStringLength: 512 };

/** Logs each command of a client that monitors its commands: in the namespace `mongodb`, whether DEBUG names it or not. */
export function logCommands(client: MongoClient, secrets: readonly string[]): void {
  const log = logFor('mongodb');
  const write = (format: string, ...values: unknown[]): void => {
    if (log.enabled) log(format, ...values);
    else writeLine(formatWithOptions({}, `mongodb ${format}`, ...values));
  };
  const show = (value: unknown): string => inspect(redactDeep(value, secrets), shown);
  client.on('commandStarted', ({ requestId, commandName, databaseName, address, command }) => {
    write('#%d %s %s.%s started %s', requestId, address, databaseName, commandName, show(command));
  });
  client.on('commandSucceeded', ({ requestId, commandName, duration, reply }) => {
    write('#%d %s succeeded in %d ms %s', requestId, commandName, duration, show(reply));
  });
  client.on('commandFailed', ({ requestId, commandName, duration, failure }) => {
    write('#%d %s failed in %d ms: %s', requestId, commandName, duration, redact(String(failure), secrets));
  });
}
