/** One Chromium for the tests of a file, and pages that fail a test when a script or the policy for scripts complains. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, expect, onTestFinished } from 'vitest';
import { FixtureServer, type World } from './fixture/server.ts';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** What ships: `npm run build` makes it. */
export const built = join(import.meta.dirname, '../../dist/src/page/static');

let browser: Promise<Browser> | undefined;

function launch(): Promise<Browser> {
  const path = process.env.MONGO_FAILOVER_CHROMIUM ?? candidates.find((each) => existsSync(each));
  if (path === undefined)
    throw new Error(`no Chromium: install Debian's package chromium, or set MONGO_FAILOVER_CHROMIUM`);
  // Its sandbox needs rights that root in a container does not have; it opens nothing but what the tests serve.
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
});

/** Opens an address; the test fails if the page has an error, or tries what the policy forbids. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  browser ??= launch();
  const context = await (await browser).newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog of a script: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    const text = message.text();
    // A refused or broken connection is what some tests are about.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(text)) complaints.push(text);
  });
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(url);
  return page;
}

/** Serves a made-up world, for one test. */
export async function serve(world: World): Promise<FixtureServer> {
  const server = new FixtureServer(built, world);
  await server.listen();
  onTestFinished(() => server.close());
  return server;
}

/** Polls until a value is as it should be: a test waits for states, and never for times. */
export async function until<T>(what: string, read: () => Promise<T> | T, isRight: (value: T) => boolean): Promise<T> {
  for (const end = Date.now() + 30_000; ; ) {
    const value = await read();
    if (isRight(value)) return value;
    if (Date.now() > end) throw new Error(`${what}: it is still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Returns the names of the rows in their order. */
export function rowNames(page: Page): Promise<string[]> {
  return page.locator('#rows .row .name bdi').allTextContents();
}
