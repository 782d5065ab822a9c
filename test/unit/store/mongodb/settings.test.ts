import { MongoClient, type MongoClientOptions } from 'mongodb';
import { expect, test } from 'vitest';
import { systemLookup } from '../../../../src/store/mongodb/connection/lookup.ts';
import { settingsOf } from '../../../../src/store/mongodb/settings.ts';

const limits = { commandTimeout: 1000, connectTimeout: 2000 };
const settings = (connectString: string, connectOptions = {}) =>
  settingsOf({ kind: 'mongodb', connectString, connectOptions, debug: false }, limits).clientOptions;

test('what a user wrote elsewhere does not make a write be sent twice, or wait without end', () => {
  const uri = 'mongodb://h/d?retryWrites=true&retryReads=true&serverSelectionTimeoutMS=60000&waitQueueTimeoutMS=0';
  const options = { socketTimeoutMS: 0, connectTimeoutMS: 0, readPreference: 'secondary', monitorCommands: true };
  expect(settings(uri, options)).toMatchObject({
    retryWrites: false,
    retryReads: false,
    readPreference: 'primary',
    serverSelectionTimeoutMS: 60_000,
    waitQueueTimeoutMS: 10_000,
    socketTimeoutMS: 10_000,
    heartbeatFrequencyMS: 1000,
    monitorCommands: false,
  });
});

test('tighter limits of users, and what is their own business, stay', () => {
  const options = { appName: 'billing', connectTimeoutMS: 200, tls: true };
  expect(settings('mongodb://h/d?serverSelectionTimeoutMS=300', options)).toMatchObject({
    appName: 'billing',
    tls: true,
    serverSelectionTimeoutMS: 300,
  });
});

test('the connections kept warm are no more than the user allows', () => {
  expect(settings('mongodb://h/d').minPoolSize).toBe(4);
  expect(settings('mongodb://h/d?maxPoolSize=2').minPoolSize).toBe(2);
  expect(settings('mongodb://h/d', { minPoolSize: 9 }).minPoolSize).toBe(9);
  expect(settings('mongodb://h/d', { maxPoolSize: 0 }).minPoolSize).toBe(4);
});

test.each<[string, MongoClientOptions]>([
  ['mongodb://h/d?compressors=zlib', {}],
  ['mongodb://h/d?w=1&Compressors=zlib,none&appName=a', {}],
  ['mongodb://h/d?appName=a&compressors=zlib', { compressors: ['zlib'] }],
  ['mongodb://h/d?appName=a', { compressors: 'zlib' }],
])('nothing is compressed, which would wait in the thread pool: %s %j', (given, connectOptions) => {
  const { connectString, clientOptions } = settingsOf(
    { kind: 'mongodb', connectString: given, connectOptions, debug: false },
    limits,
  );
  const { compressors, appName } = new MongoClient(connectString, clientOptions).options;
  expect(compressors).toEqual(['none']);
  expect(appName).toBe(given.includes('appName') ? 'a' : undefined);
});

test('names are looked up by our own function', () => {
  expect(new MongoClient('mongodb://h/d', settings('mongodb://h/d')).options.lookup).toBe(systemLookup);
});

const opening = (connectString: string, connectOptions = {}, connectTimeout = 30_000) => {
  const options = { kind: 'mongodb', connectString, connectOptions, debug: false } as const;
  const { clientOptions, ...settings } = settingsOf(options, { commandTimeout: 20, connectTimeout });
  return [settings.connectTimeout, clientOptions.serverSelectionTimeoutMS, ...settings.connectSteps];
};

test('opening has limits of its own, whatever a command has, and those that a user chose stay', () => {
  expect(opening('mongodb://h/d')).toEqual([30_000, 30_000, 2000, 10_000]);
  expect(opening('mongodb://h/d', {}, 5000)).toEqual([5000, 5000, 2000, 5000]);
  expect(opening('mongodb://h/d', { connectTimeoutMS: 200 })).toEqual([30_000, 30_000, 200]);
  expect(opening('mongodb://h/d?ConnectTimeoutMS=60000')).toEqual([60_000, 60_000, 60_000]);
  expect(opening('mongodb://h/d?serverSelectionTimeoutMS=300')).toEqual([30_000, 300, 2000, 10_000]);
  expect(opening('mongodb://h/d', { serverSelectionTimeoutMS: 90_000 })).toEqual([90_000, 90_000, 2000, 10_000]);
  // What the driver has by default, but chosen.
  expect(opening('mongodb://h/d', { connectTimeoutMS: 30_000 })).toEqual([30_000, 30_000, 30_000]);
});

test('idle connections end before a middle box forgets them, unless the user chose how long they stay', () => {
  expect(settings('mongodb://h/d').maxIdleTimeMS).toBeLessThan(60_000);
  expect(settings('mongodb://h/d?maxIdleTimeMS=0').maxIdleTimeMS).toBeLessThan(60_000);
  expect(settings('mongodb://h/d?maxIdleTimeMS=300000').maxIdleTimeMS).toBe(300_000);
  expect(settings('mongodb://h/d', { maxIdleTimeMS: 5 }).maxIdleTimeMS).toBe(5);
});

test('messages name the hosts and the database, and nothing else of the connect string', () => {
  const label = (connectString: string) =>
    settingsOf({ kind: 'mongodb', connectString, connectOptions: {}, debug: false }, limits).label;
  expect(label('mongodb://me:secret@a:1,b:2/d?replicaSet=r')).toBe('mongodb://a:1,b:2/d');
  expect(label('mongodb://a')).toBe('mongodb://a:27017/test');
  expect(label('mongodb+srv://me:secret@cluster.example.org/d')).toBe('mongodb://cluster.example.org/d');
});

test.each(['mongodb://me:se@cret@h/d', 'mongodb://me:secret@h/d?nonsense=1', 'mongodb://me:secret@'])(
  'a connect string that the driver refuses is refused without its password: %s',
  (connectString) => {
    const make = () => settings(connectString);
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }));
    expect(make).not.toThrow(/secret|cret@/);
  },
);
