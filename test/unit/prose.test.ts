/** What the check of the prose refuses, and what it leaves alone. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const script = join(import.meta.dirname, '..', 'prose.mjs');
const words = (count: number) => Array.from({ length: count }, () => 'word').join(' ');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mongo-failover-prose-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test.each([
  ['a long sentence', `${words(15)}\n${words(16)}.`, [':1: a sentence of 31 words']],
  ['a long sentence in a list', `- ${words(15)}\n  ${words(16)}.`, [':1: a sentence of 31 words']],
  ['a long sentence in a cell', `| ${words(31)} | b |`, [':1: a sentence of 31 words']],
  ['a long line', `${words(29)}`, [':1: a line of 144 characters']],
  ['a long line of a list item that goes on', `1. One.\n\n    ${words(29)}`, [':3: a line of 148 characters']],
  ['two sentences on a line', 'One is here. *Two* is there.', [':1: a second sentence on one line']],
  ['a refused word', 'Fine.\n\nNobody does it anew.', [':3: the word "Nobody"', ':3: the word "anew"']],
  ['a refused word in a cell', '| a | b |\n| --- | --- |\n| it stands | b |', [':3: the word "stands"']],
])('refuses %s', async (_, text, expected) => {
  const { code, lines } = await check(text);
  expect(code).toBe(1);
  expect(lines.slice(0, -1).map((line) => line.replace(/(words): .*/, '$1'))).toEqual(expected);
});

test.each([
  ['sentences that end', `${words(20)}.\n${words(20)}:\n${words(20)}.`],
  ['a table of long rows', `| ${words(25)} | ${words(25)} |`],
  ['code', `    ${words(40)} anew\n\n\`\`\`ts\n// ${words(40)} anew\n\`\`\`\n\nThe \`anew\` of \`${words(40)}\`.`],
  ['the target of a link', `[A page](https://example.com/${'a'.repeat(200)}/anew).`],
  ['the numbers of items', '1. One is here.\n2. Two is there, at 0.5 s, e.g. before the third.'],
  ['headings and comments', `# ${words(40)} anew\n\n<!-- ${words(40)} anew -->`],
  ['items that are short, under one another', `- ${words(20)}\n- ${words(20)}\n- ${words(20)}`],
])('leaves alone %s', async (_, text) => {
  expect(await check(text)).toEqual({ code: 0, lines: ['The prose of 1 files passes.'] });
});

test('refuses words in the comments of programs, and not in what they do', async () => {
  // Apart, or this would be a comment itself.
  const slashes = '//';
  const program = [
    '// Done anew.',
    '/** Nobody waits,',
    ' * so that it ends; `his` may. */',
    `const he = 'mongodb://nobody@host'; ${slashes} It stands.`,
    'const meanwhile = he; /* whoever */',
  ].join('\n');
  const { code, lines } = await check(program, 'program.ts');
  const expected = [':1: the word "anew"', ':2: the word "Nobody"', ':3: the word "so that"', ':4: the word "stands"'];
  expect([code, lines.slice(0, -1)]).toEqual([1, expected]);
});

/** Runs the check on a page; returns its exit code, and its lines without the name of the page. */
async function check(text: string, name = 'page.md'): Promise<{ code: number; lines: string[] }> {
  const page = join(folder, name);
  await writeFile(page, text);
  return new Promise((resolve) => {
    execFile('node', [script, page], (error, stdout) => {
      const lines = stdout.trimEnd().split('\n');
      resolve({ code: error ? Number(error.code) : 0, lines: lines.map((line) => line.replace(page, '')) });
    });
  });
}
