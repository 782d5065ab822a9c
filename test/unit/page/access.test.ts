/** Who is answered, and what may come from where. */
import { expect, test } from 'vitest';
import type { Guard } from '../../../src/page/access.ts';
import { resolvePage } from '../../../src/page/options.ts';
import { own, PageInMemory } from './storeInMemory.ts';

const overview = '/api/overview';
const bodyOf = async (page: PageInMemory, url: string, more = {}) =>
  JSON.parse(String((await page.ask(url, more)).body));

test.each([
  ['127.0.0.1', 'localhost:80', 200],
  ['::1', '[::1]:80', 200],
  ['::ffff:127.0.0.1', '127.0.0.1', 200],
  ['127.0.0.1', 'evil.example', 403],
  ['127.0.0.1', 'localhost.evil.example:80', 403],
  ['10.0.0.7', 'localhost', 403],
  ['::ffff:10.0.0.7', 'localhost', 403],
  ['fe80::1', 'localhost', 403],
  // A socket of the file system, or a Fetch handler: it is not known who asks.
  [null, 'localhost', 403],
])('without `authorize`, %s that asks %s is answered %d, also for the files', async (peer, host, status) => {
  const page = new PageInMemory({ actions: true });
  const given = { peer, headers: { host } };
  expect([await page.status(overview, given), await page.status('/', given)]).toEqual([status, status]);
  const write = { ...given, method: 'POST', headers: { ...own, host }, body: '{"host":"h"}' };
  // This machine is let through as far as the store, which nothing can be written to here.
  expect(await page.status('/api/drain', write)).toBe(status === 200 ? 503 : 403);
  expect(page.opened).toBe(status === 200 ? 1 : 0);
});

test.each(['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'])(
  'without `authorize`, what a proxy sends is refused: %s',
  async (header) => {
    const body = await bodyOf(new PageInMemory(), overview, { headers: { [header]: '127.0.0.1' } });
    expect(body).toMatchObject({ ok: false, code: 'ERR_PAGE_FORBIDDEN', message: expect.stringContaining(header) });
  },
);

test('without `authorize`, HTTP/1.0 is refused, which nginx spoke by default up to 1.29.6, and no browser does', async () => {
  expect(await new PageInMemory().status(overview, { version: '1.0' })).toBe(403);
  expect(await new PageInMemory().status(overview, { version: null })).toBe(200);
  expect(await new PageInMemory({ authorize: () => true }).status(overview, { version: '1.0' })).toBe(200);
});

test('a proxy that speaks HTTP/1.1 and says nothing of itself is let in, so it can change nothing and see no payload', async () => {
  // As nginx 1.29.7 or later sends it with `proxy_pass http://127.0.0.1:8080` alone.
  const headers = { host: '127.0.0.1:8080', 'user-agent': 'Mozilla/5.0', 'sec-fetch-site': 'same-origin' };
  expect(await new PageInMemory().status(overview, { headers })).toBe(200);
  for (const [given, option] of [
    [{ actions: true }, 'actions'],
    [{ actions: ['pause'] }, 'actions'],
    [{ payload: true }, 'payload'],
  ] as const) {
    expect(() => resolvePage(given)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining(`${option} needs authorize`),
      }),
    );
    expect(resolvePage({ ...given, authorize: () => true })).toMatchObject({ authorize: expect.any(Function) });
  }
  expect(resolvePage({ actions: false, payload: false })).toMatchObject({ authorize: null });
});

test.each([
  [true, 200, 503],
  ['ada', 200, 503],
  ['read', 200, 403],
  [false, 403, 403],
  [undefined, 403, 403],
  [null, 403, 403],
  ['', 403, 403],
  [1, 403, 403],
  [{ ok: true }, 403, 403],
])('`authorize` that returns %j has %d for a look, and %d for a change', async (verdict, look, change) => {
  for (const authorize of [() => verdict, async () => verdict]) {
    const page = new PageInMemory({ authorize, actions: true });
    const far = { peer: '10.0.0.7', headers: { host: 'failover.example', 'x-forwarded-for': '1.2.3.4' } };
    expect(await page.status(overview, far)).toBe(look);
    const write = { ...far, method: 'POST', headers: { ...far.headers, ...own }, body: '{"host":"h"}' };
    expect(await page.status('/api/drain', write)).toBe(change);
  }
});

test('`authorize` is asked about each action, and a throw closes the page without a word of it', async () => {
  const asked: unknown[] = [];
  const authorize = (request: { url: string }, action: string) => {
    asked.push([request.url, action]);
    return action === 'view' || action === 'pause' ? 'ada' : false;
  };
  const page = new PageInMemory({ authorize, actions: true, payload: true });
  expect(await bodyOf(page, overview)).toMatchObject({ viewer: 'ada', actions: ['pause'], payloads: false });
  expect(asked).toContainEqual([overview, 'payload']);
  expect(await page.status('/api/drain', { method: 'POST', headers: own, body: '{"host":"h"}' })).toBe(403);
  const broken = new PageInMemory({
    authorize: () => {
      throw new Error('the secret of the session');
    },
  });
  const { status, body } = await broken.ask(overview);
  expect([status, String(body)]).toEqual([500, expect.not.stringContaining('secret')]);
  expect(broken.failures).toHaveLength(1);
});

test('a throw about a payload or an action is a no, and the program hears of it', async () => {
  const authorize = (_: unknown, action: string) => {
    if (action !== 'view') throw new Error(action);
    return true;
  };
  const page = new PageInMemory({ authorize, actions: ['pause'], payload: true });
  expect(await bodyOf(page, overview)).toMatchObject({ actions: [], payloads: false });
  expect(page.failures).toEqual([new Error('pause'), new Error('payload')]);
});

test('who may look alone changes nothing, even where the same function would allow the change', async () => {
  const authorize = (_: unknown, action: string) => (action === 'view' ? 'read' : true);
  const page = new PageInMemory({ authorize, actions: true });
  expect(await bodyOf(page, overview)).toMatchObject({ actions: [] });
  expect(await page.status('/api/drain', { method: 'POST', headers: own, body: '{"host":"h"}' })).toBe(403);
});

test('with a token the files come without it, and nothing else does', async () => {
  const token = 'abcdefghijklmnop';
  const guard: Guard = { type: 'token', token };
  const page = new PageInMemory({ actions: true }, guard);
  const far = { peer: '10.0.0.7', headers: { host: 'failover.example' } };
  expect(await page.status('/', far)).toBe(200);
  for (const authorization of ['', 'Bearer', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, token]) {
    for (const url of [overview, '/api/events', '/api/subsystems/a', '/api/subsystems/a/tasks']) {
      const { status, headers } = await page.ask(url, { ...far, headers: { ...far.headers, authorization } });
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
  }
  const headers = { ...far.headers, authorization: `Bearer ${token}` };
  expect(await page.status(overview, { ...far, headers })).toBe(200);
});

test('with a password all of it needs it, and the user is the viewer', async () => {
  const guard: Guard = { type: 'password', user: 'ada', password: 'b:ü' };
  const page = new PageInMemory({}, guard);
  const basic = (text: string) => ({ headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } });
  for (const text of ['', 'ada', 'ada:', 'ada:b:', 'bob:b:ü', 'ada:b:üx']) {
    const { status, headers } = await page.ask('/', basic(text));
    expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="mongo-failover", charset="UTF-8"']);
  }
  expect(await bodyOf(page, overview, basic('ada:b:ü'))).toMatchObject({ viewer: 'ada' });
});

const drain = { method: 'POST', body: '{"host":"h"}' };

test.each([
  [{ 'sec-fetch-site': 'same-origin' }, 503],
  [{ 'sec-fetch-site': 'same-site', origin: 'http://localhost:7717' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'sec-fetch-site': 'none' }, 403],
  [{ origin: 'http://localhost:7717' }, 503],
  [{ origin: 'HTTPS://LOCALHOST:7717' }, 503],
  [{ origin: 'http://localhost:7718' }, 403],
  [{ origin: 'http://evil.example' }, 403],
  [{ origin: 'http://localhost:7717.evil.example' }, 403],
  [{ origin: 'null' }, 403],
  [{}, 403],
])('a change that comes with %j is answered %d', async (headers, status) => {
  const page = new PageInMemory({ actions: true });
  const json = { 'content-type': 'application/json', 'x-mongo-failover': '1' };
  expect(await page.status('/api/drain', { ...drain, headers: { ...json, ...headers } })).toBe(status);
});

test('a change that a form of another site could send is refused', async () => {
  const page = new PageInMemory({ actions: true });
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    '',
    'application/jsonp',
  ]) {
    expect(await page.status('/api/drain', { ...drain, headers: { ...own, 'content-type': type } })).toBe(415);
  }
  const { 'x-mongo-failover': _own, ...simple } = own;
  expect(await page.status('/api/drain', { ...drain, headers: simple })).toBe(403);
  expect(page.opened).toBe(0);
});
