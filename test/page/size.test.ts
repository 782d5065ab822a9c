/** What a browser loads: one script, one style sheet, one document, and none of it large. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { built } from './browser.ts';

const BYTES_MAX = 60_000;
const PACKED_MAX = 24_000;

test('three files, and little in them', async () => {
  const files = (await readdir(built)).sort();
  expect(files).toEqual(['index.html', 'page.css', 'page.js']);
  const bytes = await Promise.all(files.map((file) => readFile(join(built, file))));
  const sum = (sizes: readonly number[]) => sizes.reduce((all, size) => all + size, 0);
  expect(sum(bytes.map(({ length }) => length))).toBeLessThan(BYTES_MAX);
  expect(sum(bytes.map((each) => gzipSync(each, { level: 9 }).length))).toBeLessThan(PACKED_MAX);
});
