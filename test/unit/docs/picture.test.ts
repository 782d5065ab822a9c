/** The picture of the demo as it is committed, and what it is drawn with. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
// Plain JavaScript, which the compiler does not look into.
const { Terminal } = await import(new URL('tools/terminal.mjs', root).href);
const { toSvg } = await import(new URL('tools/terminalSvg.mjs', root).href);

test('the picture is small, and needs nothing but itself', async () => {
  const svg = await readFile(new URL('docs/images/demo.svg', root), 'utf8');
  expect(Buffer.byteLength(svg)).toBeLessThanOrEqual(60_000);
  expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
    /https?:|url\(|<script|<image|@import|href/,
  );
});

test('the picture of top is as small, and shows a pause and the next masters', async () => {
  const svg = await readFile(new URL('docs/images/top.svg', root), 'utf8');
  expect(Buffer.byteLength(svg)).toBeLessThanOrEqual(60_000);
  const text = svg.replaceAll(/<[^>]+>/g, ' ');
  expect(text).toMatch(/paused/);
  expect(text).toMatch(/is master of term 2|slave -&gt; master/);
  const paths = Array.from(svg.matchAll(/[ >](\/[\w.-]+\/[^ <]*)/g), ([, path = '']) => path);
  expect(paths.filter((path) => !/^\/tmp\/mongo-failover-top-\w+\/store$/.test(path))).toEqual([]);
});

test('the picture ends with the audit of a run that holds, and names no path but that of the demo', async () => {
  const svg = await readFile(new URL('docs/images/demo.svg', root), 'utf8');
  const screens = svg.split('<g class="f ').slice(1);
  const last = screens.at(-1) ?? '';
  expect(last.match(/✓/g)).toHaveLength(9);
  expect(last).toMatch(/All holds/);
  expect(svg).not.toMatch(/✗/);
  const paths = Array.from(svg.matchAll(/[ >](\/[\w.-]+\/[^ <]*)/g), ([, path = '']) => path);
  expect(paths.filter((path) => !/^\/tmp\/mongo-failover-demo-\w+\/store$/.test(path))).toEqual([]);
});

test('a terminal shows what is drawn over what was there', () => {
  const terminal = new Terminal(12, 3);
  terminal.write('first\r\nsecond\r\n');
  terminal.write('\x1b[2K\x1b[1A\x1b[2K\x1b[Gnew \x1b[3');
  terminal.write('2mgreen\x1b[39m');
  expect(terminal.text).toEqual(['first', 'new green', '']);
  expect(terminal.screen[1][4]).toEqual({ character: 'g', style: { bold: false, dim: false, colour: 'green' } });
});

test('a terminal wraps at its width, and scrolls at its end', () => {
  const terminal = new Terminal(4, 2);
  terminal.write('abcdef\r\ng');
  expect(terminal.text).toEqual(['ef', 'g']);
});

test('a terminal refuses what it does not know', () => {
  expect(() => new Terminal(4, 2).write('\x1b[5S')).toThrow('unknown sequence 5S');
  expect(() => new Terminal(4, 2).write('\x1b[45m')).toThrow('unknown style 45');
});

test('each stretch of text begins in its column, with its style', () => {
  const terminal = new Terminal(20, 1);
  terminal.write('a <b>   \x1b[1m\x1b[33mc\x1b[39m\x1b[22m');
  const svg = toSvg([terminal.screen], { title: 'title', description: 'description' });
  expect(svg.match(/<tspan.*<\/tspan>/)?.[0]).toBe(
    '<tspan x="16.0" textLength="42.0">a &lt;b&gt;</tspan><tspan class="yellow b" x="83.2" textLength="8.4">c</tspan>',
  );
});
