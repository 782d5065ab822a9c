/** The files that a browser gets: small, from one place, and without a way in for what a store holds. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../../src/page/static');
const files = readdirSync(folder);
const sources = new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
const scripts = [...sources].filter(([file]) => file.endsWith('.js'));
const all = [...sources.values()].join('\n');
const page = sources.get('index.html') ?? '';

/** What makes HTML, code or styles of text. */
const forbidden: readonly (readonly [string, RegExp])[] = [
  [
    'HTML from text',
    /\b(innerHTML|outerHTML|insertAdjacentHTML|setHTML\w*|srcdoc|createContextualFragment|DOMParser)\b/,
  ],
  ['a written document', /\bdocument\s*\.\s*(write|writeln)\b/],
  ['code from text', /\b(eval|Function)\s*\(|\bset(Timeout|Interval)\s*\(\s*['"`]|\bimport\s*\(/],
  ['an address of a script', /javascript:/i],
  ['a listener as an attribute', /(setAttribute\s*\(\s*['"`]on|\.on[a-z]+\s*=[^=])/],
  ['a style as an attribute', /setAttribute\s*\(\s*['"`]style|\bcssText\b/],
  ['a cookie', /\bdocument\s*\.\s*cookie\b/],
  [
    'a way out of the page',
    /\b(sendBeacon|WebSocket|XMLHttpRequest|window\s*\.\s*open|postMessage)\b|\blocation\s*(\.\s*(href|assign|replace)\b|=[^=])/,
  ],
];

describe('no source has', () => {
  test.each(forbidden)('%s', (_, pattern) => {
    for (const [file, source] of scripts) expect([file, pattern.exec(source)?.[0]]).toEqual([file, undefined]);
    expect(page).not.toMatch(pattern);
  });

  test.each([
    'a.innerHTML = b',
    'eval(text)',
    "node.setAttribute('onclick', code)",
    'node.onclick = run',
    'document.write(a)',
    'location.href = to',
    "import('./x.js')",
  ])('what would be found in %j', (source) => {
    expect(forbidden.some(([, pattern]) => pattern.test(source))).toBe(true);
  });
});

test('attributes, elements and text are made in one file, and attributes are of a list', () => {
  for (const [file, source] of scripts) {
    if (file === 'dom.js') continue;
    expect([file, /\b(setAttribute|createElement|createElementNS|append\w*|insertBefore)\b/.exec(source)?.[0]]).toEqual(
      [file, undefined],
    );
  }
  expect(sources.get('dom.js')).toMatch(/allowed\.has\(name\)\) throw/);
});

test('the document has no script, style or handler in it, and names nothing elsewhere', () => {
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/);
  const named = Array.from(page.matchAll(/(?:src|href)="([^"]*)"/g), ([, address = '']) => address);
  expect(named.length).toBeGreaterThan(2);
  for (const address of named) expect(address).toMatch(/^(\.\/[a-z]+\.(css|js)|#main|data:image\/svg\+xml,)/);
  expect(all.replaceAll("xmlns='http://www.w3.org/2000/svg'", '')).not.toMatch(/https?:\/\/|@import|url\(/);
});

test('scripts import each other alone', () => {
  const imports = scripts.flatMap(([, source]) =>
    Array.from(source.matchAll(/^import .* from '([^']*)'/gm), ([, from = '']) => from),
  );
  expect(imports.length).toBeGreaterThan(10);
  for (const from of imports) expect(files.map((file) => `./${file}`)).toContain(from);
});
