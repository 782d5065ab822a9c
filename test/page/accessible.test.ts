/** What axe finds, in each state and both themes; and what the keyboard alone can do. */
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openPage, serve } from './browser.ts';
import type { World } from './fixture/server.ts';
import { billing, fewRows, manyRows, worldOf } from './fixture/worlds.ts';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const at = Date.UTC(2026, 4, 17, 12);

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

async function findings(page: Page): Promise<string[]> {
  // By the debugger, which the policy of the page does not bind.
  await page.evaluate(await import('node:fs/promises').then(({ readFile }) => readFile(axe, 'utf8')));
  const found = await page.evaluate<Finding[]>('axe.run().then(({ violations }) => violations)');
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

const few = (): World => ({ ...worldOf(at, fewRows(at)), details: () => billing(at) });

interface State {
  readonly name: string;
  readonly world: World;
  readonly hash?: string;
  reach(page: Page): Promise<void>;
}

const rows = (page: Page) => page.locator('#rows .row').first().waitFor();
const states: State[] = [
  { name: 'the list', world: few(), reach: rows },
  { name: '1,000 rows', world: worldOf(at, manyRows(at, 1000)), reach: rows },
  { name: 'empty', world: worldOf(at, []), reach: (page) => page.locator('pre').waitFor() },
  { name: 'a store that is down', world: worldOf(at, fewRows(at), { problem: 'no answer' }), reach: rows },
  {
    name: 'one subsystem, with all opened',
    world: few(),
    hash: '#name=billing',
    reach: async (page) => {
      await page.getByText('CardError').first().waitFor();
      for (const summary of await page.locator('summary').all()) await summary.click();
      await page.locator('.tasks li').first().waitFor();
    },
  },
  {
    name: 'a dialog',
    world: few(),
    hash: '#name=billing',
    reach: (page) => page.getByRole('button', { name: 'Hand over…' }).click(),
  },
];

const cases = states.flatMap((state) => (['light', 'dark'] as const).map((scheme) => ({ ...state, scheme })));

test.each(cases)('axe finds nothing in $name, $scheme', async ({ world, hash = '', reach, scheme }) => {
  const { url } = await serve(world);
  const page = await openPage(`${url}${hash}`, { colorScheme: scheme });
  await reach(page);
  expect(await findings(page)).toEqual([]);
});

test('it fits a narrow window, and a page that is enlarged twice', async () => {
  for (const { world, hash = '', reach } of states) {
    const { url } = await serve(world);
    const page = await openPage(`${url}${hash}`, { viewport: { width: 320, height: 600 } });
    await reach(page);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  }
});

test('the first stop of the tab key skips to the content, and each stop can be seen', async () => {
  const { url } = await serve(few());
  const page = await openPage(`${url}#q=web`);
  await rows(page);
  await page.keyboard.press('Tab');
  expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate<string>('document.activeElement.id')).toBe('main');
  expect(page.url()).toMatch(/#q=web$/);
  for (let stop = 0; stop < 8; stop++) {
    await page.keyboard.press('Tab');
    const outline = await page.evaluate<string>(`(() => {
      const shown = document.activeElement.closest('.row') ?? document.activeElement;
      return getComputedStyle(shown).outlineStyle;
    })()`);
    expect(outline).not.toBe('none');
  }
});

test('what moves stands still for people who ask for that', async () => {
  const { url } = await serve(few());
  const page = await openPage(url, { reducedMotion: 'reduce' });
  await rows(page);
  expect(await page.evaluate<number>('document.getAnimations().length')).toBe(0);
});
