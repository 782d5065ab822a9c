import { MongoServerError, MongoWriteConcernError } from 'mongodb';
import { expect, test } from 'vitest';
import { serverCode, storeError, writeError } from '../../../../src/store/mongodb/storeErrors.ts';

const place = { label: 'mongodb://h/d', secrets: [] };
const UNAVAILABLE = 'ERR_STORE_UNAVAILABLE';
const REFUSED = 'ERR_STORE';

const codeOf = (reply: Record<string, unknown>): string =>
  storeError(new MongoServerError({ ok: 0, errmsg: 'says the server', ...reply }), 'beat', place).code;

/** By what MongoDB's source says of each code. */
const passing = {
  network: [6, 7, 89, 202, 317, 9001],
  'no primary, or another one': [189, 10107, 10058, 11602, 13435, 13436, 133, 149, 216],
  shutdown: [91, 333, 11600],
  interruption: [24, 237, 279, 290, 355, 11601, 46841],
  'time limits': [50, 262],
  'a start, or a set that is not ready': [94, 134, 308, 356],
  conflicts: [46, 107, 112, 117, 246, 251, 267, 272, 12586, 12587],
  'routers and shards': [63, 150, 249, 250, 13388, 303, 319, 338, 342, 343, 56846],
  load: [146, 264, 365, 462, 16500],
  'sessions and logins that are renewed': [211, 391],
  maintenance: [215, 276, 320, 325, 371, 14031, 50915],
  'write concern': [64, 79, 100],
  'no reason that is known': [1, 8, 65, 96, 125, 99_999, undefined, '13'],
};

const lasting = {
  rights: [11, 13, 18, 31, 33, 334, 8000],
  calls: [2, 9, 14, 20, 22, 40, 52, 66, 72, 73],
  features: [59, 76, 115, 123, 148, 224, 238, 322, 323, 352],
  documents: [121, 10334, 17419],
  collections: [26, 67, 85, 86, 11000],
};

test.each(Object.entries(passing))('errors that pass are told as unavailable: %s', (_, codes) => {
  for (const code of codes) expect([code, codeOf({ code })]).toEqual([code, UNAVAILABLE]);
});

test.each(Object.entries(lasting))('errors that last are told as refused: %s', (_, codes) => {
  for (const code of codes) expect([code, codeOf({ code })]).toEqual([code, REFUSED]);
});

test.each(['RetryableError', 'RetryableWriteError', 'SystemOverloadedError', 'TransientTransactionError'])(
  'the label %s says that an error passes, whatever its code',
  (label) => {
    expect(codeOf({ code: 2, errorLabels: [label] })).toBe(UNAVAILABLE);
    expect(codeOf({ code: 2, errorLabels: ['NoWritesPerformed'] })).toBe(REFUSED);
    expect(codeOf({ code: 2, errorLabels: [label, 'NoWritesPerformed'] })).toBe(UNAVAILABLE);
  },
);

test.each([
  [303, 'Feature not supported: linearizable'],
  [undefined, 'read concern level linearizable is not yet implemented'],
  [1, 'Unsupported read concern'],
])('a feature that a service does not have lasts, by the number %s: %s', (code, errmsg) => {
  expect(codeOf({ code, errmsg })).toBe(REFUSED);
  expect(codeOf({ code, errmsg: 'too busy' })).toBe(UNAVAILABLE);
});

test.each([64, 79, 91, 100, 2, 13])('a write concern that was not met, by code %s, leaves the outcome open', (code) => {
  const error = new MongoWriteConcernError({ ok: 1, writeConcernError: { code, errmsg: 'not yet' } });
  expect(storeError(error, 'beat', place).code).toBe(UNAVAILABLE);
});

test('what a server says of one document is judged alike', () => {
  expect(writeError(112, 'conflict', 'beat', place).code).toBe(UNAVAILABLE);
  expect(writeError(undefined, 'what', 'beat', place).code).toBe(UNAVAILABLE);
  expect(writeError(121, 'invalid', 'beat', place).code).toBe(REFUSED);
});

test('the code of a server is read from the error, and from no other', () => {
  expect(serverCode(storeError(new MongoServerError({ code: 26, errmsg: 'none' }), 'beat', place))).toBe(26);
  expect(serverCode(storeError(new MongoServerError({ errmsg: 'none' }), 'beat', place))).toBeUndefined();
  expect(serverCode(Object.assign(new Error('another'), { code: 26 }))).toBeUndefined();
});
