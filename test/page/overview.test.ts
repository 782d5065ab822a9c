/** The list of all subsystems: found, sorted and filtered by keys alone, and kept in the address. */
import { expect, test } from 'vitest';
import { openPage, rowNames, serve, until } from './browser.ts';
import { fewRows, iso, rowOf, worldOf } from './fixture/worlds.ts';

const at = Date.UTC(2026, 4, 17, 12);
const few = () => worldOf(at, fewRows(at));

test('it shows what needs attention first, and says why', async () => {
  const { url } = await serve(few());
  const page = await openPage(url);
  await page.locator('#rows .row').first().waitFor();
  expect((await rowNames(page)).slice(0, 5)).toEqual(['reports', 'search-index', 'webhooks', 'billing', 'ledger']);
  const text = await page.locator('#rows').innerText();
  for (const words of ['never had a master', 'overdue', 'blocked', 'paused', 'by ann: the bank is down', '90,211']) {
    expect(text).toContain(words);
  }
  expect(await page.locator('.badge').innerText()).toBe('staging');
  expect(await page.title()).toBe('(2!) staging · mongo-failover');
});

test('the slash leads to the filter, the filter to the address, and Esc back to all', async () => {
  const { url } = await serve(few());
  const page = await openPage(url);
  await page.locator('#rows .row').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('web-2 held');
  await until(
    'the rows',
    () => rowNames(page),
    (names) => names.join() === 'mailer',
  );
  expect(page.url()).toContain('#q=web-2+held');
  await page.reload();
  await until(
    'the rows after a reload',
    () => rowNames(page),
    (names) => names.join() === 'mailer',
  );
  await page.locator('#filter').focus();
  await page.keyboard.press('Escape');
  await until(
    'all rows',
    () => rowNames(page),
    (names) => names.length === 10,
  );
  expect(page.url()).not.toContain('q=');
});

test('a heading sorts, both ways, and says so to screen readers', async () => {
  const { url } = await serve(few());
  const page = await openPage(url);
  const heading = page.getByRole('columnheader', { name: 'Queue' });
  await heading.getByRole('button').click();
  await until(
    'the largest queue first',
    () => rowNames(page),
    ([first]) => first === 'thumbnails',
  );
  expect(await heading.getAttribute('aria-sort')).toBe('descending');
  await heading.getByRole('button').click();
  await until(
    'the largest queue last',
    () => rowNames(page),
    (names) => names.at(-1) === 'thumbnails',
  );
  expect(await heading.getAttribute('aria-sort')).toBe('ascending');
  expect(page.url()).toContain('sort=queue');
});

test('a group shows some of them, and back leads from one to the list as it was', async () => {
  const { url } = await serve(few());
  const page = await openPage(url);
  await page.getByRole('button', { name: 'Paused 1' }).click();
  await until(
    'the paused ones',
    () => rowNames(page),
    (names) => names.join() === 'ledger',
  );
  await page.keyboard.press('Tab');
  await page.locator('#rows a').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'ledger' }).waitFor();
  await page.getByRole('link', { name: '← All subsystems' }).click();
  await until(
    'the paused ones again',
    () => rowNames(page),
    (names) => names.join() === 'ledger',
  );
});

test('arrows lead from row to row, and the focus stays where it is while rows come, go and move', async () => {
  const world = few();
  const server = await serve(world);
  const page = await openPage(server.url);
  await page.locator('#rows .row').first().waitFor();
  await page.locator('#rows a[tabindex="0"]').focus();
  const focused = () => page.evaluate<string>('document.activeElement.textContent');
  await page.keyboard.press('ArrowDown');
  await until('the second row', focused, (name) => name === 'search-index');
  await page.keyboard.press('End');
  await until('the last row', focused, (name) => name === 'thumbnails');
  expect(await page.locator('#rows a[tabindex="0"]').count()).toBe(1);
  const overdue = rowOf('thumbnails', at, { state: 'overdue', age: 7000 });
  server.send('overview', { at: iso(at, -1000), changed: [overdue, rowOf('a new one', at)], gone: ['cleanup'] });
  const names = await until(
    'the new rows',
    () => rowNames(page),
    (all) => all.includes('a new one'),
  );
  expect(names).not.toContain('cleanup');
  expect(names.indexOf('thumbnails')).toBeLessThan(3);
  expect(await focused()).toBe('thumbnails');
});

test('what did not change is not touched, so what is selected stays selected', async () => {
  const server = await serve(few());
  const page = await openPage(server.url);
  await page.locator('#rows .row').first().waitFor();
  await page.evaluate(`
    globalThis.touched = 0;
    new MutationObserver((records) => { touched += records.length; })
      .observe(document.getElementById('rows'), { subtree: true, childList: true, attributes: true, characterData: true });
  `);
  server.send('overview', {
    at: iso(at, -100),
    changed: [rowOf('importer', at, { term: 77, kind: 'unmanaged', queued: null })],
    gone: [],
  });
  const row = page.locator('.row', { hasText: 'importer' });
  await until(
    'the term',
    () => row.locator('.term').innerText(),
    (term) => term === '77',
  );
  // The term, and the waits that count on.
  expect(await page.evaluate<number>('touched')).toBeLessThan(12);
});

test('an empty store teaches how to begin, and fills when the first member comes', async () => {
  const server = await serve(worldOf(at, []));
  const page = await openPage(server.url);
  await page.getByRole('heading', { name: 'No subsystem yet' }).waitFor();
  expect(await page.locator('pre').innerText()).toContain("import { failover } from 'mongo-failover'");
  server.send('overview', { at: iso(at), changed: [rowOf('billing', at)], gone: [] });
  await until(
    'the first row',
    () => rowNames(page),
    (names) => names.join() === 'billing',
  );
});

test('a subsystem that is not there is said not to be there', async () => {
  const { url } = await serve(few());
  const page = await openPage(`${url}#name=nowhere`);
  await page.getByText('The store knows nothing of it').waitFor();
});
