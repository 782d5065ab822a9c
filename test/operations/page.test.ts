/** The live page as a command: its address, its secrets, what it follows and what it changes, asked as a browser would. */
import { get } from 'node:http';
import { hostname, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { FailoverOptions } from 'mongo-failover';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Details, LetterPage, Overview, Row } from '../../src/page/contract.ts';
import { intervals } from '../processes/memberProcess.ts';
import { databaseUri } from '../support/database.ts';
import { Program } from '../support/program.ts';
import { stores } from '../support/stores.ts';
import { commandLine, environment, run, scratch, start } from './commandRuns.ts';

const fixture = fileURLToPath(new URL('./fixtures/operatedMember.mjs', import.meta.url));
const own = { 'content-type': 'application/json', 'x-mongo-failover': '1', 'sec-fetch-site': 'same-origin' };

/** A page that runs, and its address without the token. */
class Served {
  private constructor(
    readonly program: Program,
    readonly url: string,
    readonly token: string,
  ) {}

  static async start(...args: string[]): Promise<Served> {
    const program = start('page', '--port', '0', ...args);
    await program.line(/open it in a browser/);
    const [, url = '', token = ''] = /^(http:\S+?\/)(?:#token=(\S+))?$/m.exec(program.stdout) ?? [];
    return new Served(program, url, token);
  }

  async ask<T>(path: string, options: RequestInit = {}): Promise<{ status: number; body: T }> {
    const headers = { authorization: `Bearer ${this.token}`, ...options.headers };
    const response = await fetch(`${this.url}${path}`, { ...options, headers });
    return { status: response.status, body: (await response.json()) as T };
  }

  async row(name: string): Promise<Row> {
    const { body } = await this.ask<Overview>('api/overview');
    const row = body.subsystems.find((each) => each.name === name);
    if (row === undefined) throw new Error(`there is no ${name} among ${JSON.stringify(body)}`);
    return row;
  }

  post<T = object>(path: string, body: object) {
    return this.ask<T>(path, { method: 'POST', headers: own, body: JSON.stringify(body) });
  }
}

/** Calls `check` until it returns something. The time limit of the test is the only one. */
async function until<T>(check: () => Promise<T | false | undefined>): Promise<T> {
  for (;;) {
    const found = await check();
    if (found !== false && found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function placeOf(kind: string): { options: FailoverOptions; flags: string[] } {
  if (kind === 'embedded') {
    const path = scratch('page store');
    return { options: { nodb: { path } }, flags: ['--store', path] };
  }
  const connectString = databaseUri();
  return { options: { mongodb: { connectString } }, flags: ['--mongodb', connectString] };
}

describe.each(stores)('on %s', (kind) => {
  const members: Program[] = [];
  let flags: readonly string[];
  let addMember: () => Program;

  beforeAll(async () => {
    const place = placeOf(kind);
    flags = place.flags;
    const told = JSON.stringify({ options: { intervals, ...place.options } });
    addMember = () => {
      const member = new Program([fixture, told], process.env);
      members.push(member);
      return member;
    };
    const first = addMember();
    await first.line(/^state billing master/);
    const second = addMember();
    await second.line(/^state poller slave/);
    return () => Promise.all(members.map((member) => member.end()));
  });

  test('it follows a master that is killed, and shows the gap', async () => {
    const page = await Served.start(...flags);
    const before = await page.row('poller');
    expect(before).toMatchObject({ state: 'held', members: 2, queued: null });
    let text = '';
    const request = get(`${page.url}api/events?name=poller`, { headers: { authorization: `Bearer ${page.token}` } });
    onTestFinished(() => void request.destroy());
    request.on('response', (response) => {
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
    });
    await until(async () => text.includes('event: subsystem'));
    const victim = members.find(({ pid }) => pid === before.master?.pid);
    victim?.kill('SIGKILL');
    await victim?.ended;
    addMember();
    const after = await until(async () => {
      const events = [...text.matchAll(/^event: subsystem\ndata: (.*)\n\n/gm)];
      const details: Details[] = events.map(([, data = '']) => JSON.parse(data));
      return details.find(({ row }) => row.state === 'held' && row.term > before.term);
    });
    expect(after.row.master?.pid).not.toBe(before.master?.pid);
    const [present, last] = after.terms;
    expect([present?.term, present?.until, last?.holder]).toEqual([after.row.term, null, before.master?.id]);
    expect(last?.at).toBeTypeOf('string');
  });

  test('a mastership is handed over, and a second request for that term is a conflict', async () => {
    const page = await Served.start(...flags, '--actions', '--title', 'a <b>title</b>');
    const { term, master } = await until(async () => {
      const row = await page.row('poller');
      return row.master !== null && row.members >= 2 && row;
    });
    expect((await page.ask<Overview>('api/overview')).body).toMatchObject({ title: 'a <b>title</b>', payloads: false });
    const asked = { ifTerm: term, reason: 'an upgrade' };
    expect(await page.post('api/subsystems/poller/hand-over', asked)).toEqual({ status: 200, body: { ok: true } });
    const next = await until(async () => {
      const row = await page.row('poller');
      return row.state === 'held' && row.term > term && row;
    });
    expect(next.master?.id).not.toBe(master?.id);
    expect(await page.post('api/subsystems/poller/hand-over', asked)).toMatchObject({
      status: 409,
      body: { ok: false, code: 'ERR_PAGE_CONFLICT', now: { name: 'poller', term: next.term } },
    });
  });

  test('a subsystem is paused and resumed in the name of who started it, and the command line sees it', async () => {
    const page = await Served.start(...flags, '--actions');
    const { term } = await page.row('billing');
    const asked = { standby: false, ifTerm: term, for: 3_600_000, reason: 'stock-taking' };
    expect(await page.post('api/subsystems/billing/pause', asked)).toMatchObject({ status: 200 });
    const by = `${userInfo().username}@${hostname()}`;
    const pause = { by, reason: 'stock-taking', standby: false };
    expect(await page.row('billing')).toMatchObject({ pause, blocked: `is paused by ${by}` });
    expect(JSON.parse((await run('status', 'billing', '--json', ...flags)).out)).toMatchObject({ pause });
    expect(await page.post('api/subsystems/billing/pause', asked)).toMatchObject({ status: 409 });
    expect(await page.post('api/subsystems/billing/resume', {})).toMatchObject({ status: 200 });
    expect(await page.post('api/subsystems/billing/resume', {})).toMatchObject({ status: 409 });
  });

  test('dead letters are shown with their errors, put back and discarded', async () => {
    const page = await Served.start(...flags, '--actions', '--payload');
    const tasks = ['"<script>"', '8', '"8"'].map((id) => `{"id":${id},"fails":true,"card":"4111"}`);
    for (const task of tasks) await run('submit', 'billing', task, ...flags);
    const { entries } = await until(async () => {
      const { body } = await page.ask<LetterPage>('api/subsystems/billing/letters');
      return body.entries.length === 3 && body;
    });
    expect(entries.map(({ id, error }) => [id, error.message])).toEqual([
      ['"<script>"', 'it fails, as asked'],
      ['8', 'it fails, as asked'],
      ['"8"', 'it fails, as asked'],
    ]);
    expect(entries[0]?.payload).toBe('{"id":"<script>","fails":true,"card":"4111"}');
    const text = { number: entries[2]?.number, id: '"8"' };
    const { term } = await page.row('billing');
    expect(await page.post('api/subsystems/billing/discard', { letters: [text], ifTerm: term })).toMatchObject({
      body: { results: [{ id: '"8"', result: 'discarded' }] },
    });
    expect(await page.post('api/subsystems/billing/discard', { letters: [text] })).toMatchObject({
      body: { results: [{ id: '"8"', result: 'none' }] },
    });
    expect(await page.post('api/subsystems/billing/requeue', { all: true })).toMatchObject({
      body: { ok: true, results: [{ id: '"<script>"' }, { id: '8', result: 'queued' }], left: false },
    });
    const hidden = await Served.start(...flags);
    expect(JSON.stringify((await hidden.ask('api/subsystems/billing/letters')).body)).not.toContain('4111');
    expect(await hidden.post('api/subsystems/billing/discard', { letters: [text] })).toMatchObject({ status: 404 });
  });

  test('a host is drained and no more, and a key that is unknown is a conflict', async () => {
    const page = await Served.start(...flags, '--actions');
    expect(await page.post('api/drain', { host: 'a/b elsewhere', reason: 'x' })).toMatchObject({ status: 200 });
    const drained = await until(async () => {
      const { body } = await page.ask<Overview>('api/overview');
      return body.drains.length === 1 && body.drains[0];
    });
    expect(drained).toMatchObject({ key: 'host/a/b elsewhere', reason: 'x' });
    expect(await page.post('api/undrain', { key: drained.key })).toMatchObject({ status: 200 });
    expect(await page.post('api/undrain', { key: drained.key })).toMatchObject({ status: 409 });
    expect(await page.post('api/drain', {})).toMatchObject({ status: 400 });
    expect(await page.post('api/drain', { host: 'a', member: 'b' })).toMatchObject({ status: 400 });
  });

  test('it ends at a signal with the code of that, also while someone follows', async () => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const page = await Served.start(...flags);
      const response = await fetch(`${page.url}api/events`, { headers: { authorization: `Bearer ${page.token}` } });
      page.program.kill(signal);
      expect(await page.program.ended).toMatchObject({ code });
      await response.body?.cancel().catch(() => {});
    }
  });

  test('a token of its own guards each start, or the user and password that were given', async () => {
    const [first, second] = await Promise.all([Served.start(...flags), Served.start(...flags)]);
    expect(first.token).not.toBe(second.token);
    expect(first.token.length).toBeGreaterThanOrEqual(32);
    const wrong = await fetch(`${first.url}api/overview`, { headers: { authorization: `Bearer ${second.token}` } });
    expect([wrong.status, (await fetch(first.url)).status]).toEqual([401, 200]);
    const asked = ['page', '--port', '0', '--json', '--user', 'ada', ...flags];
    const program = new Program([commandLine, ...asked], { ...environment, MONGO_FAILOVER_PASSWORD: 'a secret' });
    onTestFinished(() => program.end());
    await program.line(/open it in a browser/);
    const { url } = JSON.parse(program.stdout);
    expect(url).not.toContain('token');
    const basic = { authorization: `Basic ${Buffer.from('ada:a secret').toString('base64')}` };
    expect((await fetch(url)).status).toBe(401);
    expect(await (await fetch(`${url}api/overview`, { headers: basic })).json()).toMatchObject({ viewer: 'ada' });
  });

  test('a port that is taken is told', async () => {
    const page = await Served.start(...flags);
    const { port } = new URL(page.url);
    const taken = await run('page', '--port', port, ...flags);
    expect(taken).toMatchObject({ code: 1, said: expect.stringContaining(`port ${port} of 127.0.0.1 cannot be`) });
    expect(taken.said).toContain('give another --port');
  });
});

test.each([
  [['--host', '0.0.0.0'], 'can be reached by others'],
  [['--host', '0.0.0.0', '--user', 'a'], '--user needs a --password'],
  [['--host', '0.0.0.0', '--user', 'a', '--password', 'short'], 'the password must have 16 or more characters'],
  [['--password', 'a'], '--password needs a --user'],
  [['--user', 'a:b', '--password', 'c'], 'without a colon'],
  [['--user', 'a', '--password', 'c', '--token', 'abcdefghijklmnop'], 'and not both'],
  [['--token', 'short'], 'a token has 16 or more'],
  [['--port', '70000'], '--port takes a whole number from 0 to 65535'],
  [['--title', 'x'.repeat(101)], '--title must be a string of at most 100'],
  [['--host', 'a b'], '--host takes a host name'],
])('%j is refused', async (args, said) => {
  expect(await run('page', ...args)).toMatchObject({ code: 2, out: '', said: expect.stringContaining(said) });
});

test('a store that is not there is told', async () => {
  expect(await run('page', '--port', '0', '--store', scratch('no store'))).toMatchObject({ code: 3, out: '' });
});
