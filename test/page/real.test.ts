/** The page with what it is for: real members, a real store, and the command that serves it. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { Program } from '../support/program.ts';
import { startMember } from '../support/startMember.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { openPage, rowNames, until } from './browser.ts';
import { hostileName, token } from './fixture/member.ts';

const dist = join(import.meta.dirname, '../../dist');
const memberFile = join(dist, 'test/page/fixture/member.js');

/** Two members, the first of which has filled the queue, and the command `page`. */
async function start() {
  const path = join(await temporaryFolder(), 'store');
  const first = startMember(memberFile, { path, fills: true });
  await first.line(/^runs$/);
  const second = startMember(memberFile, { path, fills: false });
  await second.line(/^runs$/);
  const args = ['page', '--store', path, '--port', '0', '--actions', '--payload', '--title', 'a test', '--json'];
  const served = startMemberOf(args);
  const { url } = JSON.parse(
    await until(
      'the address',
      () => served.stdout,
      (text) => text.includes('}'),
    ),
  );
  const visit = (name: string): Promise<Page> => openPage(`${url}&${new URLSearchParams({ name })}`);
  return { first, second, path, url: String(url), visit };
}

function startMemberOf(args: readonly string[]): Program {
  const program = new Program([join(dist, 'src/cli/main.js'), ...args], process.env);
  onTestFinished(() => program.end());
  return program;
}

/** The term in the facts, and the process of the master. */
async function mastership(page: Page): Promise<{ term: number; pid: number }> {
  const fact = (name: string) =>
    page.locator('.facts div', { has: page.getByText(name, { exact: true }) }).locator('dd');
  const [master, term] = await Promise.all([fact('Master').innerText(), fact('Term').innerText()]);
  return { term: Number.parseInt(term, 10), pid: Number(/· (\d+)/.exec(master)?.[1] ?? 0) };
}

/** As `mastership`, once there is a master whose process is known. */
function masterOf(page: Page): Promise<{ term: number; pid: number }> {
  return until(
    'a master',
    () => mastership(page),
    ({ pid }) => pid !== 0,
  );
}

/** Confirms, and asks again if another term has begun since: on a busy machine a mastership may move by itself. */
async function confirm(page: Page, button: string, verb: string): Promise<string> {
  await page.getByRole('button', { name: button }).first().click();
  const dialog = page.getByRole('dialog');
  const answer = dialog.locator('.answer');
  for (let attempt = 1; ; attempt++) {
    await dialog.getByRole('button', { name: verb, exact: true }).click();
    const said = await until(
      'the answer',
      () => answer.innerText(),
      (text) => text !== '' && text !== 'Sent…',
    );
    if (attempt === 3 || !/term is \d+ now/.test(said)) {
      await dialog.getByRole('button', { name: 'Close' }).click();
      return said;
    }
    await dialog.getByRole('button', { name: 'Look again' }).click();
  }
}

test('a failover is followed live: the gap in red, and then the other member', async () => {
  const { first, second, path, url } = await start();
  const page = await openPage(url);
  await until(
    'the rows',
    () => rowNames(page),
    (names) => names.length === 4,
  );
  expect(await page.locator('.badge').innerText()).toBe('a test');
  expect(page.url()).not.toContain('token');
  await page.getByRole('link', { name: 'billing' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'billing' }).waitFor();
  const before = await masterOf(page);
  // All at once, so none can follow: the gap lasts until another one comes.
  first.kill('SIGKILL');
  second.kill('SIGKILL');
  await page.locator('.line .gap').first().waitFor();
  await page.getByText(/^No master for /).waitFor();
  const third = startMember(memberFile, { path, fills: false });
  const after = await until(
    'another master',
    () => mastership(page),
    ({ term, pid }) => term > before.term && pid === third.pid,
  );
  await page.getByText(/^No master for .* ago/).waitFor();
  await until(
    'both terms, with a gap between them',
    async () => ({
      gaps: await page.locator('.line .gap').count(),
      terms: await page.locator('.line .term').count(),
      // What a failure of this test has to tell.
      alerts: await page.getByRole('alert').allInnerTexts(),
      titles: await page
        .locator('.line div')
        .evaluateAll((spans: { title: string }[]) => spans.map(({ title }) => title)),
      table: await page.locator('details tbody tr').allTextContents(),
    }),
    // More terms, if a busy machine has moved the mastership before.
    ({ gaps, terms }) => gaps === 1 && terms >= 2,
  );
  await until(
    'it is said',
    () => page.locator('#said').innerText(),
    (text) => text.includes(`term ${after.term}`),
  );
});

test('each action asks first, works on real members, and is seen on the page', async () => {
  const { visit } = await start();
  const page = await visit('billing');
  await page.getByRole('heading', { name: 'billing' }).waitFor();
  const before = await masterOf(page);
  expect(await confirm(page, 'Hand over…', 'Hand over')).toMatch(/^Asked\./);
  await until(
    'the next master',
    () => mastership(page),
    ({ term, pid }) => term > before.term && pid !== 0 && pid !== before.pid,
  );
  expect(await confirm(page, 'Pause…', 'Pause')).toMatch(/^Paused\./);
  await page.getByText(/^Paused by/).waitFor();
  expect(await confirm(page, 'Resume…', 'Resume')).toBe('Resumed.');
  await page.getByText(/^Paused by/).waitFor({ state: 'hidden' });

  const boxes = page.getByRole('checkbox', { name: /^Choose the letter/ });
  await until(
    'five dead letters',
    () => boxes.count(),
    (number) => number === 5,
  );
  expect(await page.locator('.plain .error').first().innerText()).toContain('was declined <b>');
  await boxes.first().check();
  expect(await confirm(page, 'Discard 1…', 'Discard')).toBe('1 discarded');
  await until(
    'four dead letters',
    () => boxes.count(),
    (number) => number === 4,
  );
  await boxes.first().check();
  expect(await confirm(page, 'Requeue 1…', 'Requeue')).toBe('1 back in the queue');
  await until(
    'done again, and dead again',
    () => page.locator('.plain .error').count(),
    (number) => number === 4,
  );
  expect(await confirm(page, 'Requeue all…', 'Requeue')).toBe('4 back in the queue');
});

test('a drain takes a process out of all it has, and ends from the list', async () => {
  const { visit, url } = await start();
  const page = await visit('importer');
  await page.getByRole('heading', { name: 'importer' }).waitFor();
  const before = await masterOf(page);
  const row = page.locator('.is-master');
  await row.getByRole('button', { name: 'Drain…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
  await page.getByText('Drained. Members there obey').waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await until(
    'the next master',
    () => mastership(page),
    ({ term, pid }) => term > before.term && pid !== 0 && pid !== before.pid,
  );
  await page.locator('td', { hasText: /^drained$/ }).waitFor();
  await page.goto(url);
  await page.getByRole('button', { name: 'End the drain…' }).waitFor();
  expect(await confirm(page, 'End the drain…', 'End the drain')).toBe('The drain has ended.');
  await page.getByRole('button', { name: 'End the drain…' }).waitFor({ state: 'hidden' });
});

test('a queue that is blocked by its head says so, and the head is tried again', async () => {
  const { visit } = await start();
  const page = await visit('ledger');
  await page.getByText('No task begins: it is blocked by its head').waitFor();
  expect(await confirm(page, 'Try it again…', 'Try again')).toBe('It is tried again.');
  await page.getByText('No task begins: it is blocked by its head').waitFor();
});

test('of two who ask at once, the second one is told what has changed', async () => {
  const { visit } = await start();
  const [one, other] = await Promise.all([visit('billing'), visit('billing')]);
  await other.getByRole('button', { name: 'Hand over…' }).click();
  const before = await masterOf(one);
  await confirm(one, 'Hand over…', 'Hand over');
  await until(
    'the next master',
    () => mastership(one),
    ({ term, pid }) => term > before.term && pid !== 0 && pid !== before.pid,
  );
  const dialog = other.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Hand over', exact: true }).click();
  const said = await until(
    'the conflict',
    () => dialog.locator('.answer').innerText(),
    (text) => text.includes('nothing was done'),
  );
  expect(said).toContain(`term is ${before.term + 1}`);
  expect(said).toContain(`term ${before.term + 1}.`);
});

test('beside the probes it is below a path, and knows how late the beats are', async () => {
  const path = join(await temporaryFolder(), 'store');
  const member = startMember(memberFile, { path, fills: true, serves: true });
  const [address] = await member.line(/^http:.*/);
  const page = await openPage(`${address}/page/#token=${token}`);
  await until(
    'the rows',
    () => rowNames(page),
    (names) => names.length === 4,
  );
  await page.getByRole('link', { name: 'importer' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Lateness of beats').waitFor();
  expect(await confirm(page, 'Pause…', 'Pause')).toMatch(/^Paused\./);
  await page.getByText(/^Paused by/).waitFor();
  // Gone for good: what was seen stays, and says so.
  member.kill('SIGKILL');
  await until(
    'it is not live',
    () => page.locator('.fresh').innerText(),
    (text) => text.startsWith('Not live, as of'),
  );
  expect(await page.getByRole('heading', { name: 'importer' }).count()).toBe(1);
});

test('a name that looks like a program is a name', async () => {
  const { visit } = await start();
  const page = await visit(hostileName);
  await page.getByText('Its beats arrive').waitFor();
  expect(await page.locator('h1').innerText()).toBe('<img src=x onerror="window.pwned = 1"> \\u{202e}/%2F?&#');
  const before = await masterOf(page);
  await confirm(page, 'Hand over…', 'Hand over');
  await until(
    'the next master',
    () => mastership(page),
    ({ term, pid }) => term > before.term && pid !== 0 && pid !== before.pid,
  );
  expect(await page.evaluate<boolean>('window.pwned === undefined')).toBe(true);
});
