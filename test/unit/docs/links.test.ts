/** Follows the links of all Markdown of the repository; the test of the package follows those that ship. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { files, headingsOf, linksOf } from '../../support/markdown.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

test('every link leads to a file of the repository, and to a heading of it', () => {
  const broken: string[] = [];
  let count = 0;
  for (const page of files('*.md')) {
    for (const link of linksOf(read(page))) {
      if (/^[a-z]+:/i.test(link)) continue;
      count += 1;
      const [path = '', heading] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      const isThere = existsSync(join(root, target));
      if (!isThere || (heading !== undefined && !headingsOf(read(target)).has(heading)))
        broken.push(`${page}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
  expect(count).toBeGreaterThan(40);
});

test('every page of docs that a file of the repository names is there', () => {
  const missing = files('*.md', '*.ts', '*.cts', '*.mjs', '*.json', '.ci/run').flatMap((file) =>
    Array.from(read(file).matchAll(/\bdocs\/[A-Za-z/-]+\.md\b/g), ([name]) => name)
      .filter((name) => !existsSync(join(root, name)))
      .map((name) => `${file}: ${name}`),
  );
  expect(missing).toEqual([]);
});
