import { MongoClient, type MongoClientOptions } from 'mongodb';
import { expect, test } from 'vitest';
import { systemLookup } from '../../../../src/store/mongodb/lookup.ts';
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
    serverSelectionTimeoutMS: 900,
    waitQueueTimeoutMS: 900,
    connectTimeoutMS: 900,
    socketTimeoutMS: 10_000,
    heartbeatFrequencyMS: 1000,
    monitorCommands: false,
  });
});

test('tighter limits of the user, and what is his own business, stay', () => {
  const options = { appName: 'billing', connectTimeoutMS: 200, tls: true };
  expect(settings('mongodb://h/d?serverSelectionTimeoutMS=300', options)).toMatchObject({
    appName: 'billing',
    tls: true,
    connectTimeoutMS: 200,
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

test('a very short limit for commands does not keep the driver from connecting', () => {
  const { clientOptions } = settingsOf(
    { kind: 'mongodb', connectString: 'mongodb://h/d', connectOptions: {}, debug: false },
    { commandTimeout: 20, connectTimeout: 2000 },
  );
  expect(clientOptions).toMatchObject({ connectTimeoutMS: 500, serverSelectionTimeoutMS: 500 });
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
