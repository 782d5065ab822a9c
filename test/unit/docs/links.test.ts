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

test('every page of docs that a file of the repository names is there, and the heading', () => {
  const isThere = (name: string, heading: string | undefined) =>
    existsSync(join(root, name)) && (heading === undefined || headingsOf(read(name)).has(heading));
  const missing = files('*.md', '*.ts', '*.cts', '*.mjs', '*.json', '.ci/run').flatMap((file) =>
    [...read(file).matchAll(/\b(docs\/[A-Za-z/-]+\.md)\b(?:#([a-z0-9-]+))?/g)]
      .filter(([, name = '', heading]) => !isThere(name, heading))
      .map(([link]) => `${file}: ${link}`),
  );
  expect(missing).toEqual([]);
});

test('the rules of the election have the same headings in the code, whose files link to the rules that they name', () => {
  const rules = [...read('docs/explain/protocol.md').matchAll(/^### (Rule \d+: .+)$/gm)].map(([, title = '']) => title);
  expect(rules.length).toBeGreaterThanOrEqual(11);
  const headings = [...read('src/election/protocol.ts').matchAll(/^ +\* (Rule \d+: .+)\.$/gm)];
  const inOrder = headings
    .map(([, title = '']) => title)
    .sort((a, b) => Number.parseInt(a.slice(5), 10) - Number.parseInt(b.slice(5), 10));
  expect(inOrder).toEqual(rules);
  const naming = files('src/*.ts').filter((file) => /\brules? \d/i.test(read(file)));
  expect(naming.filter((file) => !/docs\/explain\/protocol\.md#(the-)?rule/.test(read(file)))).toEqual([]);
  expect(naming.length).toBeGreaterThan(8);
});
