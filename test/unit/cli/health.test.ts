/** Where `exec --health` serves its probes. */
import { expect, test } from 'vitest';
import { readHealth } from '../../../src/cli/settings/health.ts';

const token = 'a-token-of-some-length';

test.each([
  ['9464', undefined, { port: 9464, host: '127.0.0.1', token: null }],
  ['localhost:0', undefined, { port: 0, host: 'localhost', token: null }],
  ['[::1]:80', undefined, { port: 80, host: '::1', token: null }],
  ['::1:80', undefined, { port: 80, host: '::1', token: null }],
  ['0.0.0.0:80', token, { port: 80, host: '0.0.0.0', token }],
  ['9464', token, { port: 9464, host: '127.0.0.1', token }],
])('%s', (text, given, observe) => expect(readHealth(text, given)).toEqual({ ...observe, page: null }));

test.each([
  ['', undefined, /takes \[host:\]port, such as 9464, not ""/],
  ['here', undefined, /not "here"/],
  ['host:', undefined, /not "host:"/],
  ['65536', undefined, /its port must be/],
  ['0.0.0.0:80', undefined, /its host is "0.0.0.0", which others can reach, so MONGO_FAILOVER_HEALTH_TOKEN is needed/],
  ['0.0.0.0:80', 'short', /MONGO_FAILOVER_HEALTH_TOKEN must be a string of 16/],
])('%j with the token %j is a usage error', (text, given, message) => {
  expect(() => readHealth(text, given)).toThrow(message);
});
