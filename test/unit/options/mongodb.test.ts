import { ReadPreference } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.ts';
import { resolveMongodb } from '../../../src/options/mongodb.ts';

const connect = (connectString: unknown, connectOptions?: unknown) => resolveMongodb({ connectString, connectOptions });

function refusal(connectString: unknown, connectOptions?: unknown): InvalidOptionError {
  try {
    connect(connectString, connectOptions);
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('resolveMongodb', () => {
  it('takes what the driver takes', () => {
    for (const string of ['mongodb://a,b:27018/db?replicaSet=rs', 'mongodb+srv://u:p%40ss@cluster.example.org/']) {
      expect(connect(string).connectString).toBe(string);
    }
    const connectOptions = { serverApi: { version: '1' }, tls: true, auth: { username: 'u', password: 'p' } };
    expect(connect('mongodb://h', connectOptions).connectOptions).toEqual(connectOptions);
  });

  it('takes wake-ups as auto or false, and nothing else', () => {
    expect(resolveMongodb({}).wakeUps).toBe('auto');
    expect(resolveMongodb({ wakeUps: 'auto' }).wakeUps).toBe('auto');
    expect(resolveMongodb({ wakeUps: false }).wakeUps).toBe(false);
    for (const wakeUps of [true, null, 'always', 0]) {
      expect(() => resolveMongodb({ wakeUps })).toThrow(InvalidOptionError);
      expect(() => resolveMongodb({ wakeUps })).toThrow("mongodb.wakeUps must be 'auto' or false, not ");
    }
  });

  it('copies the connect options, buffers into memory of their own', () => {
    const ca = Buffer.from('certificate');
    const given = { ca, readPreferenceTags: [{ dc: 'east' }], tls: undefined };
    const { connectOptions } = connect('mongodb://h/?readPreference=nearest', given);
    given.readPreferenceTags.length = 0;
    expect(connectOptions).toEqual({ ca: new Uint8Array(ca), readPreferenceTags: [{ dc: 'east' }], tls: undefined });
    expect(connectOptions.ca).toHaveProperty('buffer.byteLength', ca.length);
  });

  it('ignores the options of old drivers, and lists them', () => {
    const original = { db: { bufferMaxEntries: 0 }, server: { reconnectTries: Number.MAX_VALUE } };
    const { connectOptions, ignored } = connect('mongodb://h', {
      ...original,
      useNewUrlParser: true,
      promiseLibrary: Promise,
      maxPoolSize: 5,
    });
    expect(ignored).toEqual(['db', 'server', 'useNewUrlParser', 'promiseLibrary']);
    expect(connectOptions).toEqual({ maxPoolSize: 5 });
  });

  it.each([
    ['mongodb://h', { compressors: ['zlib'] }, ['compressors']],
    ['mongodb://h', { compressors: 'none' }, []],
    ['mongodb://h', { compressors: [] }, []],
    ['mongodb://h', {}, []],
    ['mongodb://h/d?w=1&Compressors=none,zlib', {}, ['compressors']],
    ['mongodb://h/d?compressors=none', {}, []],
    ['mongodb://h/d?compressors=zlib', { compressors: ['none'] }, ['compressors']],
  ])('ignores compressors, and says so: %s %j', (uri, options, names) => {
    expect(connect(uri, options).ignored).toEqual(names);
  });

  it('refuses to ignore an old option that kept the connection safe', () => {
    expect(refusal('mongodb://h', { server: { ssl: true } }).message).toMatch(
      /^mongodb\.connectOptions\.server\.ssl cannot be ignored without making the connection less safe/,
    );
    expect(refusal('mongodb://h', { sslCA: Buffer.from('x') }).message).toContain('sslca is not supported');
    expect(connect('mongodb://h', { server: { ssl: false, poolSize: 5 } }).ignored).toEqual(['server']);
  });

  it.each([
    ['http://host', /^mongodb\.connectString \("http:\/\/host"\) will not do: Invalid scheme/],
    ['mongodb://', /^mongodb\.connectString .*host list are required/],
    ['mongodb://h/?retryWritez=true', /option retrywritez is not supported/],
    ['mongodb://h/?maxPoolSize=many', /Expected maxPoolSize to be stringified int value, got: many/],
    ['mongodb://h:99999', /Unable to parse h:99999/],
    ['mongodb://h/?timeoutMS=100', /^timeoutMS in mongodb\.connectString is not supported: each request/],
    ['mongodb://h/a.b', /the name of the database must/],
    [5, /^mongodb\.connectString must be a string, not 5$/],
    [null, /^mongodb\.connectString must be a string, not null$/],
  ])('refuses the connect string %j', (connectString, message) => {
    expect(refusal(connectString).message).toMatch(message);
  });

  it.each([
    [{ maxPoolsize: -5 }, /^mongodb\.connectOptions, with .* maxPoolSize can only be a positive int value, got: -5$/],
    [{ poolsize: 5 }, /option poolsize is not supported/],
    [{ timeoutMS: 5 }, /^mongodb\.connectOptions\.timeoutMS is not supported/],
    [{ pkFactory: { createPk: () => 1 } }, /^mongodb\.connectOptions\.pkFactory\.createPk is a function, which cannot/],
    [{ lookup: () => 1 }, /^mongodb\.connectOptions\.lookup is a function/],
    [{ readPreference: ReadPreference.primary }, /^mongodb\.connectOptions\.readPreference is an instance of a class/],
    [{ compressors: [Symbol('x')] }, /^mongodb\.connectOptions\.compressors\[0\] is a symbol/],
    ['tls', /^mongodb\.connectOptions must be an object, not a string$/],
  ])('refuses the connect options %o', (connectOptions, message) => {
    expect(refusal('mongodb://h', connectOptions).message).toMatch(message);
  });

  it('refuses connect options that contain themselves', () => {
    const auth: Record<string, unknown> = {};
    auth.auth = auth;
    expect(refusal('mongodb://h', { auth }).message).toContain('nested too deeply, or contains itself');
  });

  it('shows no password, however wrong the connect string is', () => {
    for (const string of [
      'mongodb://user:hunter2@host/?nonsense=1',
      'mongodb://user:hunter2/x@host/db',
      'mongodb://user:hunter2@x/y@host/db',
      'mongodb://user:x@hunter2/y@host/db',
      'mongodb://user:x@hunt:hunter2/y@host',
      'mongodb://user:x@host?hunter2@host',
      'mongodb://user:hunt:hunter2@host',
      'mongodb://user:hunter2%zz@host',
      'mongodb+srv://user:hunter2@a,b',
      'http://user:hunter2@host',
      'user:hunter2@host/db',
      'mongodb:/user:hunter2@host',
      'mongodb://host/?tlsCertificateKeyFilePassword=hunter2&nonsense=1',
    ]) {
      const error = refusal(string);
      expect(error.message).not.toContain('hunter2');
      expect(error.cause).toBeUndefined();
    }
    const auth = { username: 'user', password: 'hunter2' };
    expect(refusal('mongodb://h', { auth, maxPoolSize: 'hunter2' }).message).not.toContain('hunter2');
  });

  it('names no option at any length', () => {
    const long = 'x'.repeat(1_000_000);
    for (const connectOptions of [{ [long]: 1 }, { server: { [`ssl${long}`]: true } }]) {
      const refused = expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringMatching(/^.{20,1500}$/s),
      });
      expect(() => resolveMongodb({ connectString: 'mongodb://localhost/test', connectOptions })).toThrow(refused);
    }
  });

  it('checks the rest', () => {
    expect(resolveMongodb({ debug: true }).debug).toBe(true);
    expect(() => resolveMongodb({ debug: 'yes' })).toThrow('mongodb.debug must be true or false, not "yes"');
    expect(() => resolveMongodb({ connectionString: 'mongodb://u:hunter2@h' })).toThrow(
      /^mongodb\.connectionString is not a known option; did you mean connectString\?$/,
    );
  });
});
