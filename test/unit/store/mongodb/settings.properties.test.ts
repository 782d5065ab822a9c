/** TLS and SCRAM reach the driver untouched: what it makes of the connect string and the options is what the user wrote. */

import { types } from 'node:util';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { resolveMongodb } from '../../../../src/options/mongodb.ts';
import { settingsOf } from '../../../../src/store/mongodb/settings.ts';
import { isWellFormed } from '../../../../src/task/taskId.ts';
import { runs } from '../../../support/propertyRuns.ts';

const limits = { commandTimeout: 1000, connectTimeout: 2000 };
const secret = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => isWellFormed(text));
const mechanism = fc.constantFrom('SCRAM-SHA-1', 'SCRAM-SHA-256');
const file = fc.constantFrom('/etc/ssl/ca.pem', '/home/a user/client.pem');
const parameters = fc.record(
  {
    ...{ authSource: fc.constantFrom('admin', 'users'), authMechanism: mechanism, tls: fc.constant('true') },
    ...{
      tlsCAFile: file,
      tlsCertificateKeyFile: file,
      tlsCertificateKeyFilePassword: secret,
      replicaSet: fc.constant('rs'),
    },
  },
  { requiredKeys: [] },
);
const options = fc.record(
  {
    auth: fc.record({ username: secret, password: secret }),
    ...{ authMechanism: mechanism, tls: fc.boolean(), tlsAllowInvalidHostnames: fc.boolean() },
    ...{ tlsCAFile: file, tlsCertificateKeyFile: file, tlsCertificateKeyFilePassword: secret },
    ca: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    passphrase: secret,
    authMechanismProperties: fc.record({ SERVICE_NAME: fc.constant('mongo') }),
  },
  { requiredKeys: [] },
);

/** What of it decides who is logged in, and how the connection is encrypted. */
function protection(connectString: string, connectOptions: object): unknown {
  const { credentials, tls, hosts, dbName, replicaSet, ...parsed } = new MongoClient(connectString, connectOptions)
    .options;
  const { tlsCAFile, tlsCertificateKeyFile, ca, cert, key, passphrase } = parsed;
  const { rejectUnauthorized, checkServerIdentity } = parsed;
  return {
    login: credentials && { ...credentials },
    ...{
      tls,
      hosts: hosts.map(String),
      dbName,
      replicaSet,
      tlsCAFile,
      tlsCertificateKeyFile,
    },
    ...{ ca: types.isUint8Array(ca) ? Buffer.from(ca) : ca, cert, key, passphrase },
    ...{ rejectUnauthorized, checks: typeof checkServerIdentity },
  };
}

test('what the driver makes of it is the same as without us', () => {
  const login = fc.option(fc.tuple(secret, secret), { nil: undefined });
  const property = fc.property(login, parameters, options, (user, query, connectOptions) => {
    const credentials = user === undefined ? '' : `${user.map(encodeURIComponent).join(':')}@`;
    const { authMechanism: _needsUser, ...anonymous } = query;
    const given = new URLSearchParams(user === undefined && connectOptions.auth === undefined ? anonymous : query);
    const connectString = `mongodb://${credentials}db.example.com:27018/app?${String(given).replaceAll('+', '%20')}`;
    let wanted: unknown;
    try {
      wanted = protection(connectString, connectOptions);
    } catch {
      // Some of them contradict each other, and the driver says so.
      expect(() => resolveMongodb({ connectString, connectOptions })).toThrow();
      return;
    }
    const resolved = resolveMongodb({ connectString, connectOptions });
    expect(resolved.connectString).toBe(connectString);
    // Into the coordinator thread.
    const settings = settingsOf({ kind: 'mongodb', ...structuredClone(resolved) }, limits);
    expect(settings.connectString).toBe(connectString);
    expect(protection(settings.connectString, settings.clientOptions)).toEqual(wanted);
  });
  fc.assert(property, runs(60));
});
