/** What is answered: addresses that are there and not, hostile bodies, and headers. */
import { expect, test } from 'vitest';
import type { Refused } from '../../../src/page/contract.ts';
import { own, PageInMemory, unavailable } from './storeInMemory.ts';

async function asked(page: PageInMemory, url: string, more = {}) {
  const { status, body } = await page.ask(url, more);
  return { status, body: JSON.parse(String(body)) };
}

const post = (body: unknown) => ({
  method: 'POST',
  headers: own,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

test('an empty store is an answer, too', async () => {
  const { status, body } = await asked(new PageInMemory(), '/api/overview');
  expect([status, body]).toEqual([
    200,
    {
      ...{ at: '2025-01-01T00:00:00.000Z', title: null, store: 'memory', version: '0', actions: [], payloads: false },
      ...{ viewer: null, problem: null, subsystems: [], truncated: false, deadMax: 1000, drains: [] },
    },
  ]);
});

test('rows have what the store has, and an order', async () => {
  const page = new PageInMemory({ title: 'x' });
  const { store } = page;
  store.lease('b', {}, 2);
  store.lease('a', { holder: null, configuration: { kind: 'unmanaged', settings: {} } });
  store.member('b', 'b-1');
  store.task('b', 3, { attempts: 3 });
  store.task('b', 4);
  await store.clock.advance(2000);
  const { body } = await asked(page, '/api/overview');
  expect(body.subsystems.map(({ name }: { name: string }) => name)).toEqual(['a', 'b']);
  expect(body.subsystems).toMatchObject([
    { state: 'released', master: null, queued: null, blocked: null },
    {
      ...{ state: 'held', master: { id: 'b-1', host: 'h', pid: 1 }, age: 2000, queued: 2, headAge: 2000, members: 1 },
      blocked: 'is blocked by its head 3, which has failed 3 times: requeue it to try again',
    },
  ]);
  const { body: details } = await asked(page, '/api/subsystems/b');
  expect(details).toMatchObject({ row: { name: 'b' }, queue: { queued: 2, done: 2, running: null } });
});

test('without actions no writing route is there, whatever the method', async () => {
  const page = new PageInMemory();
  for (const verb of ['hand-over', 'pause', 'resume', 'requeue', 'discard', 'cancel']) {
    for (const method of ['GET', 'POST', 'PUT', 'OPTIONS']) {
      expect(await page.status(`/api/subsystems/a/${verb}`, { ...post({}), method })).toBe(404);
    }
  }
  expect(await page.status('/api/drain', post({ host: 'h' }))).toBe(404);
  const some = new PageInMemory({ actions: ['drain'] });
  expect(await some.status('/api/undrain', post({ host: 'h' }))).toBe(409);
  expect(await some.status('/api/subsystems/a/pause', post({}))).toBe(404);
  expect(page.opened + some.opened).toBe(0);
});

test('each method has its routes', async () => {
  const page = new PageInMemory({ actions: true });
  for (const url of ['/', '/api/overview', '/api/events', '/api/subsystems/a', '/api/subsystems/a/tasks']) {
    expect(await page.ask(url, { method: 'DELETE' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(await page.status(url, { method: 'HEAD' })).toBe(await page.status(url));
  }
  expect(await page.ask('/api/drain')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
});

test('what is not there is told apart', async () => {
  const page = new PageInMemory({ actions: true });
  expect(await asked(page, '/api/subsystems/none')).toMatchObject({
    status: 404,
    body: { code: 'ERR_PAGE_NOT_FOUND' },
  });
  expect(await asked(page, '/api/subsystems/none/pause', post({ standby: false, ifTerm: 0 }))).toMatchObject({
    status: 404,
    body: { message: 'the store knows no subsystem "none"' },
  });
  expect(await page.status('/none.js')).toBe(404);
  expect(await page.status('/api/subsystems/%')).toBe(400);
  expect(await page.status(`/${'a'.repeat(1_000_000)}`)).toBe(414);
  expect(page.opened).toBe(0);
});

test.each([
  ['[]', 'must be an object'],
  ['null', 'must be an object'],
  ['{', 'is not JSON'],
  ['{"standby":false,"ifTerm":1,"__proto__":{"admin":true}}', 'unknown field "__proto__"'],
  ['{"standby":false,"ifTerm":1,"constructor":1}', 'unknown field "constructor"'],
  ['{"standby":false}', 'ifTerm must be the term that was seen'],
  ['{"standby":false,"ifTerm":"1"}', 'ifTerm must be a number'],
  ['{"standby":false,"ifTerm":{"$gt":0}}', 'ifTerm must be a number'],
  ['{"standby":"yes","ifTerm":1}', 'standby must be true or false'],
  ['{"standby":false,"ifTerm":1,"for":0}', 'for must be a number of ms from 1000'],
  ['{"standby":false,"ifTerm":1,"for":1e99}', 'for must be a number of ms from 1000'],
  ['{"standby":false,"ifTerm":1,"reason":""}', 'reason must be a text of 1 to 500'],
  [`{"standby":false,"ifTerm":1,"reason":"${'x'.repeat(501)}"}`, 'reason must be a text of 1 to 500'],
])('a pause with the body %s is refused', async (body, message) => {
  const page = new PageInMemory({ actions: true });
  page.store.lease('a');
  expect(await asked(page, '/api/subsystems/a/pause', post(body))).toMatchObject({
    status: 400,
    body: { ok: false, code: 'ERR_PAGE_REQUEST', message: expect.stringContaining(message) },
  });
  expect(page.opened).toBe(0);
});

test.each([
  [{}, 'give letters'],
  [{ letters: [{ number: 1, id: '1' }], all: true }, 'give letters'],
  [{ letters: [] }, 'letters must be a list of 1 to 100'],
  [{ letters: Array.from({ length: 101 }, () => ({ number: 1, id: '1' })) }, 'letters must be a list of 1 to 100'],
  [{ letters: ['1'] }, 'each of letters must have a number and an id'],
  [{ letters: [null] }, 'each of letters must have a number and an id'],
  [{ letters: [{ id: '1' }] }, 'the number of a letter must be'],
  [{ letters: [{ number: '1', id: '1' }] }, 'the number of a letter must be'],
  [{ letters: [{ number: 1, id: 1 }] }, 'the id of a letter must be as the page shows it'],
  [{ letters: [{ number: 1, id: '{"$gt":""}' }] }, 'the id of a letter must be as the page shows it'],
  [{ letters: [{ number: 1, id: 'not JSON' }] }, 'the id of a letter must be as the page shows it'],
  [{ ids: ['1'] }, 'unknown field "ids"'],
  [{ all: 1 }, 'all must be true'],
])('requeue with the body %j is refused', async (body, message) => {
  const page = new PageInMemory({ actions: true });
  page.store.lease('a');
  for (const verb of ['requeue', 'discard']) {
    expect(await asked(page, `/api/subsystems/a/${verb}`, post(body))).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(message) },
    });
  }
});

test.each([7, '', 'soon', '2026-01-31T12:00:00.000Z and more', {}])(
  'a resume with ifAt %j is refused',
  async (ifAt) => {
    const page = new PageInMemory({ actions: true });
    page.store.lease('a');
    const answer = await asked(page, '/api/subsystems/a/resume', post({ ifAt }));
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('ifAt must be a time') } });
  },
);

test('a term that is over is a conflict, which says what is there now', async () => {
  const page = new PageInMemory({ actions: true });
  page.store.lease('a', { term: 7 });
  const { status, body } = await asked(page, '/api/subsystems/a/pause', post({ standby: false, ifTerm: 6 }));
  expect(status).toBe(409);
  expect(body satisfies Refused).toMatchObject({
    ...{ ok: false, code: 'ERR_PAGE_CONFLICT', now: { name: 'a', term: 7 } },
    message: '"a" was not changed: its term is 7 now, not 6',
  });
  for (const verb of ['resume', 'requeue', 'discard']) {
    const letters = verb === 'resume' ? {} : { letters: [{ number: 1, id: '1' }] };
    expect(await page.status(`/api/subsystems/a/${verb}`, post({ ...letters, ifTerm: 6 }))).toBe(409);
  }
  expect(await asked(page, '/api/subsystems/a/hand-over', post({ to: 'gone', ifTerm: 7 }))).toMatchObject({
    status: 409,
  });
  expect(await page.status('/api/drain', post({ member: 'gone' }))).toBe(409);
  expect(await page.status('/api/undrain', post({ key: 'host/gone' }))).toBe(409);
  expect(page.opened).toBe(0);
});

test('a store that is away is told, with what was seen last', async () => {
  const page = new PageInMemory();
  page.store.lease('a');
  await page.ask('/api/overview');
  await page.store.clock.advance(2000);
  page.store.problem = unavailable;
  const problem = expect.stringContaining('does not answer');
  expect(await asked(page, '/api/overview')).toMatchObject({
    status: 200,
    body: { problem, subsystems: [{ name: 'a' }] },
  });
  expect(await asked(page, '/api/subsystems/a')).toMatchObject({ status: 503, body: { code: 'ERR_PAGE_STORE' } });
  expect(await asked(page, '/api/subsystems/a/tasks')).toMatchObject({ status: 503, body: { code: 'ERR_PAGE_STORE' } });
  expect(page.failures).toEqual([]);
});

test('each answer has the headers that keep it to itself', async () => {
  const page = new PageInMemory({ actions: true });
  for (const [url, more] of [['/'], ['/api/overview'], ['/none'], ['/api/drain', post({})], ['/api/events']] as const) {
    const { headers } = await page.ask(url, more ?? {});
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self'; style-src 'self'; /),
      'cache-control': expect.stringMatching(/^no-store/),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});
