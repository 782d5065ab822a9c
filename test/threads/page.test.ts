/** The live page of a real service: in servers of the program, and on the thread of the probes. */
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import express from 'express';
import type { Failover } from 'mongo-failover';
import { type Page, type PageOptions, page } from 'mongo-failover/page';
import { expect, onTestFinished, test } from 'vitest';
import type { Details, Overview, Refused } from '../../src/page/contract.ts';
import { calm, open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

const hostile = 'a/b "<img src=x onerror=alert(1)>" é?#%2F';
const own = { 'content-type': 'application/json', 'x-mongo-failover': '1', 'sec-fetch-site': 'same-origin' };
const at = (name: string) => `api/subsystems/${encodeURIComponent(name)}`;

async function listening(server: Server): Promise<string> {
  if (!server.listening) server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  if (!server.listening) await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A service that is master of one durable queue, whose first task fails until it is let through. */
async function working() {
  const service = open({ folder: await settledFolder() });
  const gate = { isOpen: false };
  const work = (task: { id: number }): boolean => gate.isOpen || task.id > 3;
  const retry = { attempts: 1, exhausted: 'block' } as const;
  const cluster = new service.managed<{ id: number; card?: string }>(hostile, 'id', work, { durable: true, retry });
  const events = new Events(cluster);
  cluster.on('error', () => {});
  await cluster.run();
  await events.first('master');
  return { service, cluster, gate, events };
}

async function json<T>(url: string, options: RequestInit = {}): Promise<T> {
  return (await fetch(url, options)).json() as Promise<T>;
}

/** Calls `check` until it holds. The time limit of the test is the only one. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 100));
}

const post = (body: object) => ({ method: 'POST', headers: own, body: JSON.stringify(body) });

test('in Express it is below a path, behind a parser of bodies, and leaves the rest to others', async () => {
  const { service, cluster, gate } = await working();
  await cluster.submitMany([{ id: 1, card: '4111' }, { id: 5 }]);
  const options: PageOptions = {
    authorize: () => 'ada',
    ...{ actions: true, payload: true, title: 'staging' },
    redact: (task) => ({ ...Object(task), card: undefined }),
  };
  const app = express();
  app.use(express.json());
  app.use('/deep/failover', page(service, options).node);
  app.use((request, response) => void response.status(418).send(request.originalUrl));
  const root = await listening(createServer(app));
  const url = `${root}/deep/failover/`;

  const bare = await fetch(`${root}/deep/failover?x=1`, { redirect: 'manual' });
  expect([bare.status, bare.headers.get('location')]).toEqual([308, './failover/?x=1']);
  expect(await (await fetch(`${root}/deep/failover`)).text()).toContain('<!doctype html>');
  for (const path of ['none.txt', 'api/none', `${at('a')}/unknown/x?`]) {
    const other = await fetch(`${url}${path}`, { method: path === 'api/none' ? 'POST' : 'GET' });
    expect([path, other.status]).toEqual([path, path.startsWith('api/subsystems') ? 404 : 418]);
  }

  const name = at(hostile);
  await until(async () => (await json<Details>(`${url}${name}`)).row.blocked !== null);
  const { row, queue } = await json<Details>(`${url}${name}`);
  expect(row).toMatchObject({ name: hostile, state: 'held', kind: 'durable', queued: 2, members: 1 });
  expect(queue?.blocked).toContain('is blocked by its head 1, which has failed 1 times');
  const { entries } = await json<{ entries: { payload: string }[] }>(`${url}${name}/tasks`);
  expect(entries.map(({ payload }) => payload)).toEqual(['{"id":1}', '{"id":5}']);

  // The parser has read the body before.
  expect(await json(`${url}${name}/pause`, post({ standby: false, ifTerm: row.term, reason: 'a look' }))).toEqual({
    ok: true,
  });
  const again = await fetch(`${url}${name}/pause`, post({ standby: false, ifTerm: row.term }));
  expect([again.status, await again.json()]).toMatchObject([409, { now: { pause: { by: 'ada', reason: 'a look' } } }]);
  expect(await json(`${url}${name}/resume`, post({}))).toEqual({ ok: true });
  gate.isOpen = true;
  expect(await json(`${url}${name}/requeue`, post({ head: '1', ifTerm: row.term }))).toMatchObject({
    results: [{ id: '1', result: 'queued' }],
  });
  await until(async () => (await json<Details>(`${url}${name}`)).row.queued === 0);
});

test('in node:http it takes bodies itself, up to a limit', async () => {
  const { service } = await working();
  const ui = page(service, { authorize: () => true, actions: true, base: '/failover' });
  const url = await listening(createServer(ui.node));
  expect((await fetch(`${url}/failover`, { redirect: 'manual' })).headers.get('location')).toBe('./failover/');
  expect(await json<Overview>(`${url}/failover/api/overview`)).toMatchObject({ subsystems: [{ name: hostile }] });
  const pause = `${url}/failover/${at(hostile)}/pause`;
  const large = await fetch(pause, post({ standby: false, ifTerm: 1, reason: 'x'.repeat(300_000) }));
  expect([large.status, await large.json()]).toMatchObject([413, { ok: false, code: 'ERR_PAGE_TOO_LARGE' }]);
  expect(await json(pause, post({ standby: false, ifTerm: 1 }))).toEqual({ ok: true });
  const long = await fetch(`${url}/failover/${'a'.repeat(9000)}`);
  expect([long.status, ((await long.json()) as Refused).code]).toEqual([414, 'ERR_PAGE_TOO_LARGE']);
});

test('as a Fetch handler it is closed without `authorize`, unless the server knows who asks', async () => {
  const { service } = await working();
  const closed = page(service, { base: '/x' });
  const asked = () => new Request('http://localhost/x/api/overview');
  expect((await closed.fetch(asked())).status).toBe(403);
  expect((await closed.fetch(asked(), { remoteAddress: '10.0.0.1' })).status).toBe(403);
  expect((await closed.fetch(asked(), { remoteAddress: '127.0.0.1' })).status).toBe(200);
  const ui = page(service, { authorize: (request: Request) => request.headers.get('cookie') === 'me', actions: true });
  const headers = { cookie: 'me', ...own };
  expect((await ui.fetch(new Request('https://far.example/api/overview'))).status).toBe(403);
  const body = JSON.stringify({ host: 'elsewhere' });
  const drain = await ui.fetch(new Request('https://far.example/api/drain', { method: 'POST', headers, body }));
  expect(await drain.json()).toEqual({ ok: true });
  const stream = await ui.fetch(new Request('https://far.example/api/events', { headers }));
  const reader = stream.body?.getReader();
  let text = '';
  while (!text.includes('host/elsewhere')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
  await service.close();
  while ((await reader?.read())?.done !== true);
  expect((await ui.fetch(new Request('https://far.example/api/overview', { headers }))).status).toBe(503);
});

async function streamOf(url: string): Promise<{ text: () => string; ended: Promise<unknown> }> {
  const request = get(url);
  onTestFinished(() => void request.destroy());
  const [response] = await once(request, 'response');
  let text = '';
  response.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  return { text: () => text, ended: once(response, 'close') };
}

test('a stream follows a mastership live, and the end of the service ends it', async () => {
  const { service, cluster } = await working();
  const server = createServer(page(service).node);
  const url = await listening(server);
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => streamOf(`${url}/api/events?name=${encodeURIComponent(hostile)}`)),
  );
  await until(async () => streams.every(({ text }) => text().includes('event: subsystem')));
  await cluster.stop();
  await until(async () => streams.every(({ text }) => text().includes('"state":"released"')));
  const closed = once(server, 'close');
  server.close();
  await service.close();
  await Promise.all(streams.map(({ ended }) => ended));
  await closed;
});

test('what is no service, and options that are wrong, are refused at the call', () => {
  const service = open({ nodb: true });
  const call = (given: unknown, options: object = {}): Page => page(given as Failover, options);
  for (const none of [undefined, null, {}, 7, { close: async () => {} }]) {
    expect(() => call(none)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }));
  }
  const wrong = [
    [{ authorise: () => true }, /authorise is not a known option; did you mean authorize\?/],
    [{ authorize: true }, /authorize must be a function, not true/],
    [{ actions: 'pause' }, /actions must be true, false, or a list of 'requeue'/],
    [{ actions: true }, /actions needs authorize/],
    [{ redact: (task: unknown) => task }, /redact has no use without payload: true/],
    [{ title: 'x'.repeat(101) }, /title must be a string of at most 100 characters/],
    [{ base: 'failover' }, /base must be a path that begins with a slash/],
  ] as const;
  for (const [options, message] of wrong) expect(() => call(service, options)).toThrow(message);
});

/** Asks for the page again and again from a thread, until it is told to stop. */
const asker = `
  const { parentPort, workerData: { url } } = require('node:worker_threads');
  let stopped = false;
  parentPort.once('message', () => { stopped = true; });
  (async () => {
    const answers = [];
    while (!stopped) {
      const [page, live] = await Promise.all([fetch(url + '/page/api/overview'), fetch(url + '/livez')]);
      const { subsystems } = await page.json();
      answers.push({ at: process.hrtime.bigint(), live: live.status, state: subsystems[0]?.state, beat: subsystems[0]?.at });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    parentPort.postMessage(answers);
  })();
  parentPort.postMessage('asking');
`;

test('beside the probes it is served while the main thread is blocked, and ends with its last viewer', async () => {
  const folder = await settledFolder();
  const service = open({ folder, observe: { port: 0, page: true }, intervals: { ...calm, MASTER: 100 } });
  /** How many threads have the store open. */
  const owners = async () =>
    (await readdir(join(folder, 'store/owners'))).filter((file) => file.endsWith('.json')).length;
  const cluster = new service.unmanaged('observed');
  const events = new Events(cluster);
  const errors: unknown[] = [];
  cluster.on('error', (error) => errors.push(error));
  await cluster.run();
  await events.first('master');
  const { url } = await service.observed();
  const worker = new Worker(asker, { eval: true, workerData: { url } });
  onTestFinished(async () => void (await worker.terminate()));
  await once(worker, 'message');
  const from = process.hrtime.bigint();
  const end = from + 3_000_000_000n;
  while (process.hrtime.bigint() < end);
  worker.postMessage('stop');
  const [answers]: { at: bigint; live: number; state: string; beat: string }[][] = await once(worker, 'message');
  const during = (answers ?? []).filter((answer) => answer.at > from && answer.at < end);
  expect(new Set(during.map(({ live, state }) => `${live} ${state}`))).toEqual(new Set(['200 held']));
  expect(new Set(during.map(({ beat }) => beat)).size).toBeGreaterThan(1);
  // Its own store is closed 5 s later, in the same process as that of the member, whose lease goes on.
  const { term } = cluster;
  expect(await owners()).toBe(2);
  await until(async () => (await owners()) === 1);
  expect((await json<Overview>(`${url}/page/api/overview`)).subsystems).toMatchObject([{ state: 'held', term }]);
  const { lateness } = await json<Details>(`${url}/page/api/subsystems/observed`);
  expect(lateness).toEqual({ p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) });
  expect([cluster.isMaster, errors]).toEqual([true, []]);
  expect((await fetch(`${url}/page/api/drain`, post({ host: 'x' }))).status).toBe(404);
});

test('viewers of the thread leave room for its probes', async () => {
  const service = open({ folder: await settledFolder(), observe: { port: 0, page: true } });
  const cluster = new service.unmanaged('observed');
  await cluster.run();
  const { url } = await service.observed();
  const streams = await Promise.all(Array.from({ length: 60 }, () => fetch(`${url}/page/api/events`)));
  expect(streams.filter(({ status }) => status === 200)).toHaveLength(50);
  expect(streams.filter(({ status }) => status === 503)).toHaveLength(10);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  await Promise.all([service.close(), ...streams.map(({ body }) => body?.cancel().catch(() => {}))]);
});

test('with a token the thread gives out the files alone', async () => {
  const token = 'a-token-of-a-test';
  const service = open({ folder: await settledFolder(), observe: { port: 0, page: true, actions: ['drain'], token } });
  await new service.unmanaged('observed').run();
  const { url } = await service.observed();
  expect((await fetch(`${url}/page/`)).status).toBe(200);
  expect((await fetch(`${url}/page/api/overview`)).status).toBe(401);
  expect((await fetch(`${url}/page/api/drain`, post({ host: 'x' }))).status).toBe(401);
  const headers = { authorization: `Bearer ${token}` };
  expect(await json<Overview>(`${url}/page/api/overview`, { headers })).toMatchObject({ actions: ['drain'] });
});
