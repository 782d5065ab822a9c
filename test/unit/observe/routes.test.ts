/** What is answered to whom. */
import { beforeEach, expect, test } from 'vitest';
import { answer, type Request } from '../../../src/observe/routes.ts';
import { WatchedClusters } from './watchedClusters.ts';

const token = 'abcdefghijklmnop';
let world: WatchedClusters;

beforeEach(() => {
  world = new WatchedClusters();
});

function ask(url: string, request: Partial<Request> = {}, required: string | null = null) {
  return answer(
    { method: 'GET', url, host: 'localhost:9464', authorization: undefined, accept: undefined, ...request },
    { token: required, health: () => world.health(), metrics: async () => world.families() },
  );
}

async function statusOf(url: string, request: Partial<Request> = {}, required: string | null = null) {
  return (await ask(url, request, required)).status;
}

test('a probe answers the status, and JSON that says why', async () => {
  world.addMaster('a');
  const { status, headers, body } = await ask('/livez');
  expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  expect(JSON.parse(body)).toMatchObject({ ok: true, live: true, ready: true, clusters: [{ name: 'a', term: 7 }] });
  world.counts.coordinatorLost();
  expect(JSON.parse((await ask('/livez')).body)).toMatchObject({ ok: false, coordinator: 'lost' });
  expect(await statusOf('/livez')).toBe(503);
  expect(await statusOf('/readyz')).toBe(200);
});

test('who asks for text is told a word', async () => {
  world.addMaster('a');
  expect(await ask('/livez', { accept: 'text/plain' })).toMatchObject({ status: 200, body: 'ok\n' });
  world.counts.closing = true;
  expect(await ask('/readyz', { accept: 'text/plain' })).toMatchObject({ status: 503, body: 'not ok\n' });
  expect(await ask('/livez', { accept: 'text/plain' })).toMatchObject({ status: 200, body: 'ok\n' });
});

test('a store that is down fails /readyz only where that was asked for, and never /livez', async () => {
  const { counts, lease } = world.addMaster('a');
  lease.drop();
  counts.state = 'error';
  counts.storeFails = true;
  const asked = ['/livez', '/livez?store=1', '/readyz', '/readyz?store=0', '/readyz?store=1', '/readyz?store'];
  expect(await Promise.all(asked.map((url) => statusOf(url)))).toEqual([200, 200, 200, 200, 503, 503]);
});

test('/leader/NAME is for the master alone; a standby is ready all the time', async () => {
  const { lease, counts } = world.addMaster('a b/ü');
  const url = `/leader/${encodeURIComponent('a b/ü')}`;
  expect(await statusOf(url)).toBe(200);
  lease.drop();
  counts.state = 'slave';
  expect([await statusOf(url), await statusOf('/leader'), await statusOf('/readyz')]).toEqual([503, 503, 200]);
  expect([await statusOf('/leader/b'), await statusOf('/leader/%'), await statusOf('/leader/')]).toEqual([
    404, 400, 404,
  ]);
});

test('/leader asks for all subsystems', async () => {
  expect(await statusOf('/leader')).toBe(503);
  world.addMaster('a');
  expect(await statusOf('/leader')).toBe(200);
  // Another cluster of the same name does not matter.
  world.add('a');
  expect(await statusOf('/leader')).toBe(200);
  world.add('b');
  expect([await statusOf('/leader'), await statusOf('/leader/a'), await statusOf('/leader/b')]).toEqual([
    503, 200, 503,
  ]);
});

test('/metrics is text of the format that was asked for', async () => {
  world.add('a');
  const plain = await ask('/metrics');
  expect(plain.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(plain.body).toContain('\nmongo_failover_is_master{name="a"} 0\n');
  const open = await ask('/metrics', { accept: 'application/openmetrics-text;version=1.0.0' });
  expect(open.headers['content-type']).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
  expect(open.body).toMatch(/# EOF\n$/);
});

test('HEAD and OPTIONS have the status of GET, and other methods are refused', async () => {
  world.add('a');
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    expect([method, await statusOf('/livez', { method }), await statusOf('/leader/a', { method })]).toEqual([
      method,
      200,
      503,
    ]);
  }
  expect(await ask('/livez', { method: 'POST' })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD, OPTIONS' },
  });
});

test.each(['/', '/livez/', '/LIVEZ', '/leader/', '/favicon.ico', '/../metrics', ''])('%j is not found', async (url) => {
  expect(await statusOf(url)).toBe(404);
});

test.each([
  ['localhost', 200],
  ['LOCALHOST.:80', 200],
  ['127.0.0.1:9464', 200],
  ['127.8.9.1', 200],
  ['[::1]:9464', 200],
  [undefined, 200],
  ['evil.example', 403],
  ['127.0.0.1.evil.example:9464', 403],
  ['localhost.evil.example', 403],
  ['10.0.0.1', 403],
  ['', 403],
  ['localhost@evil.example', 403],
])('on loopback without a token, Host %j is answered %d', async (host, status) => {
  expect([await statusOf('/livez', { host }), await statusOf('/metrics', { host })]).toEqual([status, status]);
});

test('with a token, all but the bare probes need it, whatever the host is called', async () => {
  world.addMaster('a');
  const host = 'pod-7.example:9464';
  const wrong = ['', 'Bearer', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, `Bearer  `, token];
  for (const authorization of [undefined, ...wrong]) {
    for (const url of ['/metrics', '/leader', '/leader/a', '/unknown']) {
      expect(await ask(url, { host, authorization }, token)).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer' },
      });
    }
    expect(await ask('/livez', { host, authorization }, token)).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await ask('/readyz', { host, authorization }, token)).toMatchObject({ status: 200, body: 'ok\n' });
  }
  const authorization = `Bearer ${token}`;
  expect(await statusOf('/metrics', { host, authorization }, token)).toBe(200);
  expect(JSON.parse((await ask('/livez', { host, authorization }, token)).body)).toMatchObject({ live: true });
});
