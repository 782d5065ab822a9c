import { Binary } from 'bson';
import { describe, expect, it } from 'vitest';
import { redact, redactDeep, secretsOf } from '../../../src/diagnostics/redact.ts';

describe('redact', () => {
  it.each([
    ['mongodb://user:secret@host/db', 'mongodb://<redacted>@host/db'],
    ['MongoDB+SRV://user:secret@host', 'MongoDB+SRV://<redacted>@host'],
    ['mongodb://user@host', 'mongodb://<redacted>@host'],
    ['mongodb://user:p@ss/w:o?r%d@host/db', 'mongodb://<redacted>@host/db'],
    ['mongodb://user:se%40cr%2Fet@a,b:27018/?w=1', 'mongodb://<redacted>@a,b:27018/?w=1'],
    [
      'not mongodb://u:one@h1 nor mongodb+srv://u:two@h2',
      'not mongodb://<redacted>@h1 nor mongodb+srv://<redacted>@h2',
    ],
    ['"mongodb://h/?proxyPassword=one&w=1"', '"mongodb://h/?proxyPassword=<redacted>&w=1"'],
    ['?authMechanismProperties=AWS_SESSION_TOKEN:abc,X:y', '?authMechanismProperties=AWS_SESSION_TOKEN:<redacted>,X:y'],
    ['AWS_SESSION_TOKEN%3Aabc%2CX%3Ay', 'AWS_SESSION_TOKEN%3A<redacted>%2CX%3Ay'],
  ])('hides the credentials in %s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('leaves text without credentials as it is', () => {
    for (const text of [
      'mongodb://localhost:27017/test?replicaSet=rs',
      'connect ECONNREFUSED ::1:27017, mail to admin@example.org',
      'at file:///app/node_modules/@scope/name/index.js:1:2',
      'mongodb://h/db\nmail to admin@example.org',
      '',
    ]) {
      expect(redact(text, ['unused'])).toBe(text);
    }
  });

  it('hides known secrets raw, percent-encoded and as in JSON', () => {
    const secret = 'p ä"/1';
    for (const written of [secret, 'p%20%C3%A4%22%2f1', encodeURIComponent(secret), 'p+ä"/1', JSON.stringify(secret)]) {
      expect(redact(`[${written}]`, [secret])).toMatch(/^\["?<redacted>"?\]$/);
    }
  });

  it('hides the longer of two secrets as a whole, and takes every secret literally', () => {
    expect(redact('abcdef a.c', ['abc', 'abcdef', 'a.c'])).toBe('<redacted> <redacted>');
    expect(redact('axc', ['a.c'])).toBe('axc');
  });

  it('finds a URI although a secret occurs in its scheme', () => {
    expect(redact('mongodb://u:other@h', ['go', 'other@'])).not.toContain('other');
  });

  it('hides a password with a line break and an @ as a whole', () => {
    expect(redact('mongodb://u:a@b\nc@h', ['a@b\nc'])).not.toMatch(/[abc]@|\nc/);
  });
});

describe('secretsOf', () => {
  it.each([
    ['mongodb://user:se%40cret@host', ['se%40cret', 'se@cret']],
    ['mongodb://user:p@ss/w@host/db', ['p', 'p@ss/w']],
    ['user:secret@host', ['secret']],
    ['mongodb://user@host', []],
    ['mongodb://host/db', []],
    ['mongodb://user:100%@host', ['100%']],
    ['mongodb://h/?tlsCertificateKeyFilePassword=a%20b', ['a%20b', 'a b']],
    ['mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:abc,X:y', ['abc']],
  ])('finds the passwords of %s', (connectString, expected) => {
    expect(new Set(secretsOf(connectString))).toEqual(new Set(expected));
  });

  it('finds them in connect options, at any depth', () => {
    const options = {
      auth: { username: 'user', password: 'one' },
      autoEncryption: { kmsProviders: { aws: { accessKeyId: 'id', secretAccessKey: 'two' } } },
      passphrase: ['three'],
      key: Buffer.from('binary'),
      appName: 'name',
    };
    expect(secretsOf('mongodb://h', options).sort()).toEqual(['one', 'three', 'two']);
  });

  it('ends on connect options that contain themselves', () => {
    const options: Record<string, unknown> = { password: 'one' };
    options.self = options;
    expect(secretsOf('mongodb://h', options)).toEqual(['one']);
  });

  it('lets no password of any spelling through', () => {
    const alphabet = ['@', ':', '/', '?', '%', '#', '[', ' ', '"', "'", '\\', '\n', '&', '=', 'ü', '$', '.*', 'q', '7'];
    let seed = 1;
    const next = (limit: number): number => {
      seed = (seed * 48271) % 2147483647;
      return seed % limit;
    };
    for (let round = 0; round < 2000; round++) {
      const password = `XY${Array.from({ length: 1 + next(8) }, () => alphabet[next(alphabet.length)]).join('')}YX`;
      for (const written of [password, encodeURIComponent(password)]) {
        const connectString = `mongodb://user:${written}@host-1,host-2/db`;
        const text = `one ${connectString} two ${JSON.stringify({ password: written })} three`;
        expect(redact(text, secretsOf(connectString)), JSON.stringify(connectString)).not.toMatch(/XY|YX/);
      }
    }
  });
});

describe('redactDeep', () => {
  it('hides credentials in commands and answers', () => {
    const payload = new Binary(Buffer.from('n,,n=user'));
    expect(redactDeep({ saslStart: 1, mechanism: 'PLAIN', payload, options: { a: 1 }, $db: 'admin' })).toEqual({
      saslStart: 1,
      mechanism: 'PLAIN',
      payload: '<redacted>',
      options: '<redacted>',
      $db: 'admin',
    });
    expect(redactDeep({ hello: 1, speculativeAuthenticate: { payload } })).toEqual({
      hello: 1,
      speculativeAuthenticate: '<redacted>',
    });
    expect(redactDeep({ createUser: 'u', pwd: 'secret', roles: [] })).not.toMatchObject({ pwd: 'secret' });
  });

  it('hides secrets in every text, and keeps the rest', () => {
    const at = new Date(0);
    const command = { find: 'failover', filter: { _id: { $in: ['lease/a', 'x secret'] } }, at, n: 1, ok: null };
    expect(redactDeep(command, ['secret'])).toEqual({
      ...command,
      filter: { _id: { $in: ['lease/a', 'x <redacted>'] } },
    });
    expect(redactDeep(new Error('mongodb://u:p@h'))).toBe('Error: mongodb://<redacted>@h');
  });

  it('ends on a value that contains itself', () => {
    const value: Record<string, unknown> = {};
    value.self = value;
    expect(JSON.stringify(redactDeep(value))).toContain('…');
  });
});
