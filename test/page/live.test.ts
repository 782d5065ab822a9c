/** How fresh the page is, and how it says so: what follows, what stops it, and what it does when something goes away. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Details } from '../../src/page/contract.ts';
import { openPage, rowNames, serve, until } from './browser.ts';
import { billing, fewRows, iso, rowOf, worldOf } from './fixture/worlds.ts';

const at = Date.UTC(2026, 4, 17, 12);
const few = () => worldOf(at, fewRows(at));
const freshness = (page: Page) => page.locator('.fresh').innerText();
const says = (page: Page, words: RegExp) =>
  until(
    String(words),
    () => freshness(page),
    (text) => words.test(text),
  );

/** Hides the tab, or shows it: headless Chromium never does. */
async function hide(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
}

test('a failover is followed: the gap while it lasts, then the new master, and it is said once', async () => {
  const before = billing(at);
  let details: Details = before;
  const world = { ...few(), details: () => details };
  const server = await serve(world);
  const page = await openPage(`${server.url}#name=billing`);
  await page.getByText('Its beats arrive').waitFor();
  const [newest] = before.terms;
  if (newest === undefined) throw new Error('no term');
  const died = iso(at, -1000);
  details = {
    ...before,
    at: iso(at, -4000),
    row: { ...before.row, state: 'overdue', age: 3000, at: died },
    terms: [{ ...newest, until: died, isSeen: true }, ...before.terms.slice(1)],
    gaps: [{ from: died, to: null }, ...before.gaps],
  };
  server.sendDetails();
  await page.getByText(/^No beat has come for/).waitFor();
  expect(await page.locator('.line .gap').count()).toBe(2);
  expect(await page.locator('p.bad').innerText()).toMatch(/^No master for 3\.\d s, and 1 gap before/);
  const won = iso(at, -5200);
  details = {
    ...details,
    at: iso(at, -5300),
    row: {
      ...before.row,
      state: 'held',
      term: 5,
      at: won,
      age: 100,
      master: { id: 'worker-9:120:billc4', host: 'worker-9', pid: 120 },
    },
    terms: [{ term: 5, holder: 'worker-9:120:billc4', at: won, until: null, isSeen: false }, ...details.terms],
    gaps: [{ from: died, to: won }, ...before.gaps],
  };
  server.sendDetails();
  await page.getByText(/^No master for 4\.2 s/).waitFor();
  expect(await page.locator('.line .term').last().innerText()).toBe('5');
  expect(await page.locator('.line').getAttribute('aria-label')).toMatch(/3 masters, 2 gaps seen/);
  await until(
    'it is said',
    () => page.locator('#said').innerText(),
    (text) => text === 'billing: dead letters by worker-9:120:billc4, term 5',
  );
});

test('it can be stopped, and says as of when; then it goes live again', async () => {
  const server = await serve(few());
  const page = await openPage(server.url);
  await says(page, /^Live$/);
  await page.getByRole('button', { name: 'Stop' }).click();
  await says(page, /^Stopped, as of \d+\.\d s ago$/);
  await until(
    'no stream',
    () => server.streams,
    (streams) => streams === 0,
  );
  await page.getByRole('button', { name: 'Go live' }).click();
  await says(page, /^Live$/);
  expect(server.streams).toBe(1);
});

test('a hidden tab costs the server nothing, and one that was stopped stays stopped', async () => {
  const server = await serve(few());
  const page = await openPage(server.url);
  await says(page, /^Live$/);
  await hide(page, true);
  await until(
    'no stream',
    () => server.streams,
    (streams) => streams === 0,
  );
  await hide(page, false);
  await says(page, /^Live$/);
  await page.getByRole('button', { name: 'Stop' }).click();
  await hide(page, true);
  await hide(page, false);
  await says(page, /^Stopped/);
  expect(server.opened).toBe(2);
});

test('a server that goes is tried again less and less often; what was seen stays, and stands still', async () => {
  const server = await serve(few());
  const { port } = server;
  const page = await openPage(server.url);
  await says(page, /^Live$/);
  const tries: number[] = [];
  page.on('request', (request) => request.url().includes('/api/events') && tries.push(Date.now()));
  await server.close();
  await says(page, /^Not live, as of/);
  await page.getByText('The server of this page does not answer').waitFor();
  const overdue = page.locator('.row', { hasText: 'search-index' }).locator('.state');
  const said = await overdue.innerText();
  await until(
    'five tries',
    () => tries.length,
    (number) => number >= 5,
  );
  // After 0.5 s, 1 s, 2 s and 5 s, and what a busy machine adds to each.
  const [first = 0, second = 0, , fourth = 0, fifth = 0] = tries;
  expect(fifth - fourth).toBeGreaterThan(3 * (second - first));
  expect(await overdue.innerText()).toBe(said);
  expect(await page.locator('.stale').count()).toBe(1);
  await server.listen(port);
  await page.getByRole('button', { name: 'Try now' }).click();
  await says(page, /^Live$/);
  expect(await page.locator('.stale').count()).toBe(0);
});

test('a stream that ends is opened again at once', async () => {
  const server = await serve(few());
  const page = await openPage(server.url);
  await says(page, /^Live$/);
  server.drop();
  await until(
    'another stream',
    () => server.opened,
    (opened) => opened === 2,
  );
  await says(page, /^Live$/);
});

test('where a proxy keeps the stream back, it asks instead', async () => {
  const world = few();
  const server = await serve(world);
  server.isHeld = true;
  const page = await openPage(server.url);
  await says(page, /^Live$/);
  world.overview = { ...world.overview, subsystems: [rowOf('another', at)] };
  await until(
    'what is new',
    () => rowNames(page),
    (names) => names.join() === 'another',
  );
});

test('a store that cannot be read: what was seen stays, with what to do; and then it goes on', async () => {
  const server = await serve(few());
  const page = await openPage(server.url);
  await says(page, /^Live$/);
  const message = 'connect ECONNREFUSED 10.0.0.7:27017';
  server.send('problem', { at: iso(at), message });
  await page.getByRole('alert').getByText(message).waitFor();
  await says(page, /^Not read for \d+\.\d s$/);
  const overdue = page.locator('.row', { hasText: 'search-index' }).locator('.state');
  const said = await overdue.innerText();
  const before = await freshness(page);
  await says(page, new RegExp(`^(?!${before}$)`));
  expect(await overdue.innerText()).toBe(said);
  expect(await rowNames(page)).toHaveLength(10);
  expect(await page.locator('.stale').count()).toBe(1);
  server.send('problem', { at: iso(at), message: null });
  await says(page, /^Live$/);
  expect(await page.getByRole('alert').count()).toBe(0);
});

/** Returns the same subsystem in another term, which has begun at that time. */
function nextTerm(details: Details, began: string): Details {
  const [newest, ...older] = details.terms;
  if (newest === undefined) throw new Error('no term');
  const term = newest.term + 1;
  const terms = [{ ...newest, term, at: began }, { ...newest, until: began }, ...older];
  return { ...details, row: { ...details.row, term, at: began }, terms };
}

test('a term that has begun ahead of the clock of the page is in the line', async () => {
  const won = nextTerm(billing(at), iso(at, -60_000));
  const server = await serve({ ...few(), details: () => won });
  const page = await openPage(`${server.url}#name=billing`);
  await page.getByText('Its beats arrive').waitFor();
  expect(await page.locator('.line .term').allInnerTexts()).toContain(String(won.row.term));
});

test('what comes together with the problem is shown as of then', async () => {
  let details: Details = billing(at);
  const server = await serve({ ...few(), details: () => details });
  const page = await openPage(`${server.url}#name=billing`);
  await page.getByText('Its beats arrive').waitFor();
  server.send('problem', { at: iso(at), message: 'no answer' });
  await says(page, /^Not read for /);
  const known = await page.locator('.line .term').count();
  details = { ...nextTerm(details, iso(at, -30_000)), at: iso(at, -40_000) };
  server.sendDetails();
  await until(
    'the new term',
    () => page.locator('.line .term').count(),
    (count) => count === known + 1,
  );
  await says(page, /^Not read for /);
});

test('a store that cannot be read from the beginning', async () => {
  const server = await serve(worldOf(at, [], { problem: 'there is no store at /var/lib/x' }));
  const page = await openPage(server.url);
  await page.getByRole('alert').getByText('there is no store at /var/lib/x').waitFor();
  expect(await page.getByText('No subsystem yet').count()).toBe(0);
});

test('the token of the address opens it, leaves the address, and outlives a reload', async () => {
  const server = await serve(few());
  server.token = 'a token + of / a test';
  const page = await openPage(`${server.url}#token=${encodeURIComponent(server.token)}&q=ledger`);
  await until(
    'the rows',
    () => rowNames(page),
    (names) => names.join() === 'ledger',
  );
  expect(page.url()).not.toContain('token');
  await page.reload();
  await until(
    'the rows',
    () => rowNames(page),
    (names) => names.join() === 'ledger',
  );
});

test('without a token it is locked, does not try again, and opens with the right one', async () => {
  const server = await serve(few());
  server.token = 'secret';
  const page = await openPage(server.url);
  await page.getByLabel('Token').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'This page is locked' }).waitFor();
  expect(server.opened).toBe(0);
  await page.getByLabel('Token').fill(' secret ');
  await page.getByRole('button', { name: 'Open' }).click();
  await until(
    'the rows',
    () => rowNames(page),
    (names) => names.length === 10,
  );
});

test('times are those of the server, whatever the clock of the browser says', async () => {
  const server = await serve(few());
  const page = await openPage('about:blank');
  await page.clock.setFixedTime(new Date('1999-01-01T00:00:00Z'));
  await page.goto(`${server.url}#name=billing`);
  await page.getByText(/^No master for 4\.2 s, 2 min 5\d s ago/).waitFor();
});

test('dark and light: as the system has it, or as it was chosen, also after a reload', async () => {
  const { url } = await serve(few());
  const page = await openPage(url, { colorScheme: 'dark' });
  const back = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const dark = await back();
  await page.getByLabel('Theme').selectOption('light');
  const light = await until('light', back, (colour) => colour !== dark);
  await page.reload();
  expect(await back()).toBe(light);
});
