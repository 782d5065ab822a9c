/**
 * Checks the prose of the documentation: sentences of at most 30 words, one on a line of at most 130 characters, and no
 * word that a native speaker would not write there. In the comments of programs it looks for such words only. Prints each
 * offence as `file:line: what`, and exits with 1 if there is one. Code, headings and link targets are not prose. Lines of
 * tables may be long, but not the sentences in their cells.
 *
 * Usage: node test/prose.mjs [files]; without files, all Markdown and all programs that git knows.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const SENTENCE_WORDS_MAX = 30;
const LINE_LENGTH_MAX = 130;
const REFUSED = /\b(nobody|somebody|anew|meanwhile|stands|all the same|also not|so that|whoever|he|his|himself)\b/gi;

/** The number of an item is no sentence. */
const SECOND_SENTENCE = /(?<!^\s*\d+)[.!?][*")]*\s+[A-Z(*[]/;

const FENCE = /^\s*(```|~~~)/;
const TABLE = /^\s*\|/;
const ITEM = /^\s*([-*+]|\d+\.) /;
const HEADING = /^#+ /;
/** A line of a comment, or the comment at the end of a line. */
const PROGRAM_COMMENT = /^\s*(?:\/?\*|\/\/)(.*)|\s\/\/ (.*)/;
const PROGRAMS = ['*.ts', '*.cts', '*.mts', '*.js', '*.cjs', '*.mjs'];
const COMMENT = /^<!--/;

/** The blocks of prose of a Markdown text: paragraphs, list items and rows of tables, as lines with their numbers. */
function blocksOf(text) {
  const blocks = [];
  let isFenced = false;
  let isInList = false;
  let isOpen = false;
  for (const [index, line] of text.split('\n').entries()) {
    const isBlank = line.trim() === '';
    const isIndented = /^ {4}/.test(line);
    if (ITEM.test(line) && !isFenced) isInList = true;
    else if (!isBlank && !isOpen && !/^\s/.test(line)) isInList = false;
    const isFence = FENCE.test(line);
    if (isFence) isFenced = !isFenced;
    const isCode = isFence || isFenced || (isIndented && !isInList && !isOpen);
    if (isBlank || isCode || HEADING.test(line) || COMMENT.test(line)) {
      isOpen = false;
      continue;
    }
    const isRow = TABLE.test(line);
    if (!isOpen || isRow || ITEM.test(line)) blocks.push({ isRow, lines: [] });
    blocks.at(-1).lines.push({ number: index + 1, text: line });
    isOpen = !isRow;
  }
  return blocks;
}

/** Returns a text as it is read: without what code spans, targets of links and addresses say. */
const read = (text) =>
  text
    .replace(/`[^`]*`/g, 'code')
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/https?:\S+/g, 'link');

const wordCount = (sentence) => sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

/** Yields the refused words in the comments of a program, each with the number of its line. */
function* offencesOfComments(text) {
  for (const [index, line] of text.split('\n').entries()) {
    const [, whole, end] = PROGRAM_COMMENT.exec(line) ?? [];
    for (const [word] of read(whole ?? end ?? '').matchAll(REFUSED)) yield [index + 1, `the word "${word}"`];
  }
}

/** Yields what is wrong with a Markdown text, each with the number of its line. */
function* offencesOf(text) {
  for (const { isRow, lines } of blocksOf(text)) {
    for (const { number, text } of lines) {
      const length = read(text).length;
      if (!isRow && length > LINE_LENGTH_MAX) yield [number, `a line of ${length} characters`];
      if (!isRow && SECOND_SENTENCE.test(read(text))) yield [number, 'a second sentence on one line'];
      for (const [word] of read(text).matchAll(REFUSED)) yield [number, `the word "${word}"`];
    }
    const whole = lines.map(({ text }) => text).join(' ');
    for (const passage of isRow ? whole.split(/(?<!\\)\|/) : [whole]) {
      for (const sentence of read(passage).split(/(?<=[.!?:;])\s+/)) {
        const count = wordCount(sentence);
        if (count <= SENTENCE_WORDS_MAX) continue;
        yield [lines[0].number, `a sentence of ${count} words: ${sentence.trim().slice(0, 60)}…`];
      }
    }
  }
}

const named = process.argv.slice(2);
const all = () =>
  execFileSync('git', ['ls-files', '-z', '*.md', ...PROGRAMS], { encoding: 'utf8' })
    .split('\0')
    // What is deleted, and not committed yet, is listed too.
    .filter((file) => file !== '' && existsSync(file));
const files = named.length > 0 ? named : all();
let count = 0;
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  for (const [line, what] of file.endsWith('.md') ? offencesOf(text) : offencesOfComments(text)) {
    console.log(`${file}:${line}: ${what}`);
    count += 1;
  }
}
console.log(count === 0 ? `The prose of ${files.length} files passes.` : `${count} offences in the prose.`);
process.exitCode = count === 0 ? 0 : 1;
