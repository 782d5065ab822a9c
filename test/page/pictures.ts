/**
 * Makes the pictures of the live page, docs/images/page/*.png, of made-up states: each in both themes and two widths.
 *
 * Usage: npm run page:pictures [NAME …]
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import UPNG from 'upng-js';
import { FixtureServer, type World } from './fixture/server.ts';
import { billing, fewRows, iso, lettersOf, manyRows, worldOf } from './fixture/worlds.ts';

const folder = 'docs/images/page';
const built = 'dist/src/page/static';
const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Enough for flat areas and the edges of letters, and half of the size. */
const COLOURS = 64;
const at = Date.UTC(2026, 4, 17, 12);
const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

interface Picture {
  readonly name: string;
  readonly world: World;
  readonly hash?: string;
  /** Brings the page where it is shown. */
  reach(page: Page, server: FixtureServer): Promise<void>;
}

const few = (): World => ({ ...worldOf(at, fewRows(at)), details: () => billing(at) });
const row = (page: Page) => page.locator('#rows .row').first().waitFor();

/** The master has not beaten for a while, and no other one has claimed yet. */
function failover(): World {
  const all = billing(at, { state: 'overdue', age: 3800, at: iso(at, 3800), dead: 0 });
  const [newest, ...older] = all.terms;
  if (newest === undefined) throw new Error('no term');
  const ended = { ...newest, until: iso(at, 3800), isSeen: true };
  const details = { ...all, terms: [ended, ...older], gaps: [{ from: iso(at, 3800), to: null }, ...all.gaps] };
  return { ...worldOf(at, [details.row, ...fewRows(at).slice(1)]), details: () => details };
}

const pictures: readonly Picture[] = [
  { name: 'overview', world: few(), reach: row },
  {
    name: 'subsystem',
    world: few(),
    hash: '#name=billing',
    reach: (page) => page.getByText('CardError').first().waitFor(),
  },
  {
    name: 'failover',
    world: failover(),
    hash: '#name=billing',
    reach: async (page) => {
      await page.getByText('No beat has come').waitFor();
      await page.locator('summary').first().click();
    },
  },
  {
    name: 'dead-letters',
    world: { ...few(), letters: () => lettersOf(at, 7) },
    hash: '#name=billing',
    reach: async (page) => {
      const boxes = page.getByRole('checkbox', { name: /^Choose the letter/ });
      for (const index of [0, 1]) await boxes.nth(index).check();
      await page.locator('.error summary').nth(1).click();
      await page.evaluate(`document.querySelector('section:nth-of-type(4)').scrollIntoView(); scrollBy(0, -60)`);
    },
  },
  {
    name: 'hand-over',
    world: few(),
    hash: '#name=billing',
    reach: async (page) => {
      await page.getByRole('button', { name: 'Hand over…' }).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('a new kernel on web-2');
    },
  },
  { name: 'thousand', world: worldOf(at, manyRows(at, 1000)), reach: row },
  { name: 'empty', world: worldOf(at, []), reach: (page) => page.locator('pre').waitFor() },
  {
    name: 'store-down',
    world: few(),
    reach: async (page, server) => {
      await row(page);
      server.send('problem', { at: iso(at, -1000), message: 'no server of db-1, db-2, db-3 answers (ECONNREFUSED)' });
      await page.getByRole('alert').waitFor();
    },
  },
];

/** Returns the picture with a palette of few colours. */
function small(picture: Buffer): Uint8Array {
  const { width, height, ...decoded } = UPNG.decode(new Uint8Array(picture).buffer);
  const [pixels] = UPNG.toRGBA8({ width, height, ...decoded });
  return new Uint8Array(UPNG.encode([pixels], width, height, COLOURS));
}

async function take(browser: Browser, picture: Picture): Promise<void> {
  for (const viewport of sizes) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const server = new FixtureServer(built, picture.world);
      await server.listen();
      const context = await browser.newContext({ viewport, colorScheme, timezoneId: 'UTC', locale: 'en' });
      const page = await context.newPage();
      await page.goto(`${server.url}${picture.hash ?? ''}`);
      await picture.reach(page, server);
      // Two frames: what was asked for is drawn.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      const path = join(folder, `${picture.name}-${viewport.width}-${colorScheme}.png`);
      const bytes = small(await page.screenshot({ animations: 'disabled', caret: 'hide' }));
      await writeFile(path, bytes);
      console.log(`${path}: ${Math.round(bytes.length / 1024)} KB`);
      await context.close();
      await server.close();
    }
  }
}

const executablePath = process.env.MONGO_FAILOVER_CHROMIUM ?? candidates.find((each) => existsSync(each));
if (executablePath === undefined) throw new Error("no Chromium: install Debian's package chromium");
const asked = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  for (const picture of pictures) if (asked.length === 0 || asked.includes(picture.name)) await take(browser, picture);
} finally {
  await browser.close();
}
