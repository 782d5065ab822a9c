/** A thousand subsystems that all change each second: the page stays smooth, and holds the rows in sight alone. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openPage, rowNames, serve, until } from './browser.ts';
import type { FixtureServer } from './fixture/server.ts';
import { iso, manyRows, worldOf } from './fixture/worlds.ts';

const at = Date.UTC(2026, 4, 17, 12);
const UPDATES = 12;
/** What the browser calls a long task, in ms. */
const LONG_MS = 50;

interface Measured {
  /** Of tasks longer than 50 ms, in ms. */
  readonly long: readonly number[];
  /** Of each update: from the moment that the data was there until it was drawn, in ms. */
  readonly draws: readonly number[];
}

/** Measures what is drawn while something happens. */
async function measure(page: Page, happens: () => Promise<void>): Promise<Measured> {
  await page.evaluate(`
    globalThis.long = [];
    new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: 'longtask' });
    globalThis.draws = [];
    const frame = globalThis.requestAnimationFrame.bind(globalThis);
    globalThis.requestAnimationFrame = (draw) => frame((time) => {
      const began = performance.now();
      draw(time);
      draws.push(performance.now() - began);
    });
  `);
  await happens();
  return { long: await page.evaluate<number[]>('long'), draws: await page.evaluate<number[]>('draws') };
}

/** Sends updates in which each row has changed, each after the one before was drawn. */
async function sendUpdates(page: Page, server: FixtureServer, number: number): Promise<void> {
  for (let update = 1; update <= UPDATES; update++) {
    const changed = manyRows(at, number).map((row) => ({ ...row, term: 1000 + update, queued: update }));
    server.send('overview', { at: iso(at, -1000 * update), changed, gone: [] });
    const term = page.locator('#rows .row .term').first();
    await until(
      'the update',
      () => term.innerText(),
      (text) => text === `1,0${String(update).padStart(2, '0')}`,
    );
  }
}

const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

test('an update of 1,000 rows costs no long task, and little more than one of 100', async () => {
  const results: Measured[] = [];
  for (const number of [100, 1000]) {
    const server = await serve(worldOf(at, manyRows(at, number)));
    const page = await openPage(server.url);
    await page.locator('#rows .row').first().waitFor();
    results.push(await measure(page, () => sendUpdates(page, server, number)));
    await page.close();
  }
  const [few, many] = results as [Measured, Measured];
  console.log(
    `drawn in ${median(few.draws).toFixed(1)} ms of 100, ${median(many.draws).toFixed(1)} ms of 1,000; long tasks: ${few.long.length}, ${many.long.length} (${many.long.join(' ')})`,
  );
  expect(median(many.draws)).toBeLessThan(LONG_MS);
  // What a busy machine adds, it adds to both.
  expect(median(many.draws)).toBeLessThan(10 * Math.max(1, median(few.draws)));
  expect(many.long.length).toBeLessThanOrEqual(few.long.length + UPDATES / 4);
});

test('only the rows in sight are in the document, each row can be reached, and its number is said', async () => {
  const server = await serve(worldOf(at, manyRows(at, 5000)));
  const page = await openPage(`${server.url}#sort=name`);
  await page.locator('#rows .row').first().waitFor();
  expect(await page.locator('#rows .row').count()).toBeLessThan(80);
  expect(await page.locator('table').getAttribute('aria-rowcount')).toBe('5001');
  const names = manyRows(at, 5000)
    .map(({ name }) => name)
    .sort();
  await page.evaluate('scrollTo(0, document.body.scrollHeight)');
  await until(
    'the last row',
    () => rowNames(page),
    (shown) => shown.at(-1) === names.at(-1),
  );
  expect(await page.locator('#rows .row').last().getAttribute('aria-rowindex')).toBe('5001');
  await page.evaluate('scrollTo(0, document.body.scrollHeight / 2)');
  await until(
    'the middle',
    () => rowNames(page),
    (shown) => shown.includes(names[2500] ?? ''),
  );
  expect(await page.locator('#rows .row').count()).toBeLessThan(80);
});

test('scrolling through 5,000 rows is as smooth as through 500', async () => {
  const results: Measured[] = [];
  for (const number of [500, 5000]) {
    const server = await serve(worldOf(at, manyRows(at, number)));
    const page = await openPage(server.url);
    await page.locator('#rows .row').first().waitFor();
    results.push(
      await measure(page, async () => {
        for (let step = 1; step <= UPDATES; step++) {
          await page.evaluate(`scrollTo(0, ${step} * document.body.scrollHeight / ${UPDATES + 1})`);
          await page.evaluate('new Promise((done) => setTimeout(done, 30))');
        }
      }),
    );
    await page.close();
  }
  const [few, many] = results as [Measured, Measured];
  console.log(
    `a step of a scroll in ${median(few.draws).toFixed(1)} ms of 500, ${median(many.draws).toFixed(1)} ms of 5,000`,
  );
  expect(median(many.draws)).toBeLessThan(5 * Math.max(1, median(few.draws)));
});

test('the keys lead through all of them, and the focused row stays in sight', async () => {
  const server = await serve(worldOf(at, manyRows(at, 1000)));
  const page = await openPage(`${server.url}#sort=name`);
  await page.locator('#rows a[tabindex="0"]').focus();
  const names = manyRows(at, 1000)
    .map(({ name }) => name)
    .sort();
  const focused = () => page.evaluate<string>('document.activeElement.textContent');
  for (const [key, index] of [
    ['End', 999],
    ['ArrowUp', 998],
    ['Home', 0],
    ['PageDown', 15],
  ] as const) {
    await page.keyboard.press(key);
    await until(key, focused, (name) => name === names[index]);
  }
  const isInSight = await page.evaluate<boolean>(`(() => {
    const { top, bottom } = document.activeElement.getBoundingClientRect();
    return top > 60 && bottom < innerHeight;
  })()`);
  expect(isInSight).toBe(true);
});
