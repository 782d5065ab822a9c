import { inspect } from 'node:util';
import {
  MongoCompatibilityError,
  MongoInvalidArgumentError,
  MongoMissingCredentialsError,
  MongoNetworkError,
  MongoServerError,
  MongoWriteConcernError,
} from 'mongodb';
import { expect, test } from 'vitest';
import { StoreError } from '../../../../src/errors.ts';
import { storeError } from '../../../../src/store/mongodb/storeErrors.ts';

const place = { label: 'mongodb://h/d', secrets: ['hunter2'] };
const server = (code: number, message = 'says the server') => new MongoServerError({ code, errmsg: message, message });

test.each([
  ['a broken connection', new MongoNetworkError('reset'), 'ERR_STORE_UNAVAILABLE'],
  ['a server that steps down', server(189), 'ERR_STORE_UNAVAILABLE'],
  ['a command that took too long', server(50), 'ERR_STORE_UNAVAILABLE'],
  [
    'a majority that did not answer',
    new MongoWriteConcernError({ ok: 1, writeConcernError: { code: 64, errmsg: 'timeout' } }),
    'ERR_STORE_UNAVAILABLE',
  ],
  [
    'a server that is being restarted, on PostgreSQL',
    server(1, 'terminating connection due to unexpected postmaster exit'),
    'ERR_STORE_UNAVAILABLE',
  ],
  ['writes in each other’s way, on PostgreSQL', server(1, 'deadlock detected'), 'ERR_STORE_UNAVAILABLE'],
  ['an error within the server, of a write that may have happened', server(1), 'ERR_STORE_UNAVAILABLE'],
  ['a refused login', server(18), 'ERR_STORE'],
  ['a missing right', server(13), 'ERR_STORE'],
  ['options that make no sense', new MongoInvalidArgumentError('no'), 'ERR_STORE'],
  ['an old server', new MongoCompatibilityError('wire version 6'), 'ERR_SERVER_TOO_OLD'],
  ['anything else', 'thrown', 'ERR_STORE_UNAVAILABLE'],
])('%s has its code, and names the call and the database', (_, thrown, code) => {
  const error = storeError(thrown, 'beat', place);
  expect(error).toMatchObject({ code, message: expect.stringContaining('mongodb://h/d') });
  if (code !== 'ERR_SERVER_TOO_OLD') expect(error.message).toContain('beat');
});

test('credentials that are missing are refused at the start, and pass where a server asks for another login', () => {
  const error = new MongoMissingCredentialsError('Connection is missing credentials when asked to reauthenticate');
  expect(storeError(error, 'open', place).code).toBe('ERR_STORE');
  expect(storeError(error, 'beat', place).code).toBe('ERR_STORE_UNAVAILABLE');
});

test('no secret is left in the message, the cause, or the cause of the cause', () => {
  const deep = new Error('at the bottom: hunter2');
  const thrown = new MongoNetworkError('with hunter2', { cause: deep });
  Object.assign(thrown, { command: { pwd: 'hunter2' } });
  const error = storeError(thrown, 'open', place);
  expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain('hunter2');
  expect(error.cause).toMatchObject({ name: 'MongoNetworkError', message: 'with <redacted>' });
});

test('an error that is a store error already stays itself', () => {
  const error = new StoreError('ERR_STORE_DATA', 'as it was');
  expect(storeError(error, 'beat', place)).toBe(error);
});
