/** A database of its own for each test file, or each call, on the server that the suite was given. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import type {} from './globalSetup.ts';

/** Connection string of the suite's server with a fresh database, which nothing else uses. */
export function databaseUri(): string {
  return withDatabase(inject('server').uri, inject('databasePrefix') + randomBytes(6).toString('hex'));
}

/** The connection string with this database in the place of its own; a user still logs in where it did. */
export function withDatabase(uri: string, name: string): string {
  const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(uri);
  if (parts === null) throw new Error('The server for the tests has a connection string that cannot be read.');
  const [, server = '', database, query = ''] = parts;
  const options = new URLSearchParams(query);
  const byPassword = server.includes('@') && !options.has('authMechanism');
  if (byPassword && !options.has('authSource')) options.set('authSource', database || 'admin');
  return `${server}/${name}${options.size > 0 ? `?${options}` : ''}`;
}
