/** Whatever a store holds is text: it runs nothing, hides nothing, and does not break the layout. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Details, LetterRow, Row, TaskRow } from '../../src/page/contract.ts';
import { openPage, serve, until } from './browser.ts';
import { billing, lettersOf, overviewOf, rowOf, schedulesOf, tasksOf, worldOf } from './fixture/worlds.ts';

const at = Date.UTC(2026, 4, 17, 12);
const script = 'window.pwned = true; alert(1)';
const texts = [
  `<img src=x onerror="${script}">`,
  `<script>${script}</script>`,
  `"><svg onload="${script}">`,
  `javascript:${script}`,
  `</title></bdi><iframe srcdoc="<script>${script}</script>">`,
  `{{constructor.constructor('${script}')()}} \${${script}}`,
  '\u202egnp.exe\u202c \u2066hidden\u2069 \u200b\u200f',
  `many\nlines\r\nand\ttabs\u0000nulls\u0007\u001b[31m`,
  'x'.repeat(10_000),
  'w '.repeat(5000),
  'م'.repeat(300),
  '\u0301'.repeat(2000),
  '👩‍👩‍👧‍👦'.repeat(200),
  '__proto__',
  'constructor',
  '',
  ' ',
  '..',
  'a/b%2Fc?d=e#f&g',
  "Robert'); DROP TABLE leases;--",
];

function hostileRow(text: string, name = text): Row {
  return rowOf(name, at, {
    ...{ problem: text, blocked: text, dead: 3, master: { id: text, host: text, pid: 1 } },
    pause: { by: text, reason: text, at: text, until: text, standby: false },
    handOver: { term: 3, to: text, by: text, reason: text, at: text, state: 'refused', why: text },
  });
}

function hostileDetails(text: string): Details {
  const all = billing(at);
  return {
    ...all,
    row: hostileRow(text),
    settings: { [text]: text },
    memberList: all.memberList.map((member, index) => ({
      ...member,
      id: index === 0 ? text : member.id,
      host: text,
      state: text,
    })),
    terms: all.terms.map((term) => ({ ...term, holder: text })),
    schedules: {
      ...{ left: 3, problem: null },
      rows: schedulesOf(at).map((schedule, index) => ({
        ...{ ...schedule, pattern: text, timeZone: text, next: text, last: text, missedAt: text },
        id: index === 0 ? text : schedule.id,
        paused: index === 1 ? null : { by: text, reason: text, at: text },
      })),
    },
    queue: {
      queued: 3,
      done: 1,
      headAt: text,
      headAge: 5,
      blocked: text,
      running: { id: text, attempt: 1, since: text },
    },
  };
}

const letters = (text: string): LetterRow[] =>
  lettersOf(at, 3).map((letter) => ({
    ...letter,
    id: text,
    error: { name: text, message: text, code: text },
    payload: text,
  }));
const tasks = (text: string): TaskRow[] => tasksOf(at, 3).map((task) => ({ ...task, id: text, payload: text }));

/** Nothing ran, nothing was made that the page does not make, and nothing is wider than the window. */
async function isUnharmed(page: Page): Promise<void> {
  expect(await page.evaluate<boolean>('window.pwned === undefined')).toBe(true);
  expect(
    await page
      .locator('img, iframe, svg, object, embed, body script, [onerror], [onload], [srcdoc], [style*="url"]')
      .count(),
  ).toBe(0);
  expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  expect(await page.locator('a:not([href^="#"])').count()).toBe(0);
}

test.each([1440, 390])('names in the list, %i pixels wide: each has a row of the usual height', async (width) => {
  const world = worldOf(
    at,
    texts.map((text) => hostileRow(text)),
    { title: texts[0] ?? '', viewer: texts[2] ?? '', store: texts[1] ?? '' },
  );
  world.overview = { ...world.overview, drains: texts.map((key) => ({ key, by: key, reason: key, at: key })) };
  const { url } = await serve(world);
  const page = await openPage(url, { viewport: { width, height: 900 } });
  await page.locator('#rows .row').first().waitFor();
  expect(await page.locator('#rows .row').count()).toBe(texts.length);
  const heights = await page.evaluate<number[]>(
    `Array.from(document.querySelectorAll('#rows .row'), (row) => row.offsetHeight)`,
  );
  expect(new Set(heights).size).toBe(1);
  const shown = await page.locator('#rows').innerText();
  expect(shown).toContain('<img src=x onerror=');
  expect(shown).toContain('\\u{202e}gnp.exe');
  expect(shown).toContain('many\\nlines\\r\\nand\\ttabs\\u{0}nulls');
  expect(shown).toContain('(empty)');
  await isUnharmed(page);
});

test.each(texts.map((text) => [text.slice(0, 30), text]))('one subsystem called %j', async (_, text) => {
  const world = {
    ...worldOf(at, [hostileRow(text)]),
    details: (name: string) => (name === text ? hostileDetails(text) : null),
  };
  const { url, writes } = await serve({ ...world, letters: () => letters(text), tasks: () => tasks(text) });
  const page = await openPage(url, { viewport: { width: 390, height: 900 } });
  await page.locator('#rows a').focus();
  await page.keyboard.press('Enter');
  await page.locator('h1').waitFor();
  await until(
    'the letters',
    () => page.locator('.plain tbody details').count(),
    (number) => number === 3,
  );
  for (const summary of await page.locator('summary').all()) await summary.click();
  await until(
    'the payloads',
    () => page.locator('.tasks li').count(),
    (number) => number === 3,
  );
  for (const summary of await page.locator('.plain summary, .tasks summary').all()) await summary.click();
  await isUnharmed(page);
  await page.getByRole('button', { name: 'Resume…' }).click();
  await isUnharmed(page);
  await page.locator('dialog button[type="submit"]').click();
  await until(
    'the request',
    () => writes.length,
    (number) => number === 1,
  );
  // The name arrives as it is.
  expect(writes[0]?.name).toBe(text);
});

test('answers and refusals are text, too', async () => {
  const message = texts[0] ?? '';
  const world = worldOf(at, [rowOf('billing', at)]);
  const { url } = await serve({
    ...world,
    write: () => ({ status: 409, body: { ok: false, code: message, message, now: hostileRow(message) } }),
  });
  const page = await openPage(`${url}#name=billing`);
  await page.getByRole('button', { name: 'Pause…' }).click();
  await page.locator('dialog button[type="submit"]').click();
  await page.locator('dialog').getByText('<img src=x').first().waitFor();
  await isUnharmed(page);
});

test('a server that says something else is not believed, and the page goes on', async () => {
  const server = await serve({ ...worldOf(at, []), overview: overviewOf(at, [rowOf('billing', at)]) });
  const page = await openPage(server.url);
  await page.route('**/api/**', (route) =>
    route.fulfill({ status: 502, contentType: 'text/html', body: texts[0] ?? '' }),
  );
  server.drop();
  await page.getByText('The server answered 502').waitFor();
  await page.unroute('**/api/**');
  await page.route('**/api/**', (route) => route.fulfill({ contentType: 'text/html', body: '<form>Log in</form>' }));
  await page.getByText('perhaps a login').waitFor();
  await page.unroute('**/api/**');
  await until(
    'live again',
    () => page.locator('.fresh').innerText(),
    (text) => text === 'Live',
  );
});
