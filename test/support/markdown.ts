/** What the tests of the documentation read in Markdown. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Returns the files of the repository that match one of the patterns of git, relative to its root. */
export function files(...patterns: string[]): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', ...patterns], { cwd: root, encoding: 'utf8' });
  return listed.split('\0').filter((file) => file !== '');
}

/** Returns the targets of the links, without those that are shown as code. */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map(([, link]) => link ?? '');
}

/** Returns the anchors of the headings, as GitHub names them. */
export function headingsOf(markdown: string): Set<string> {
  const titles = [...markdown.replace(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm)].map(([, title]) => title ?? '');
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Returns what the code blocks of a language say, one after another. */
export function blocksOf(markdown: string, language: string): string[] {
  const blocks = [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return blocks.filter(([, name]) => name === language).map(([, , code = '']) => code);
}

/** Returns the section under a heading, up to the next heading of its level or above. */
export function sectionOf(markdown: string, heading: string): string {
  const [, level = ''] = /^(#+) /.exec(heading) ?? [];
  const from = `\n${markdown}`.indexOf(`\n${heading}\n`);
  if (level === '' || from < 0) throw new Error(`there is no heading ${heading}`);
  const rest = markdown.slice(from + heading.length);
  const end = rest.search(new RegExp(`^#{1,${level.length}} `, 'm'));
  return end < 0 ? rest : rest.slice(0, end);
}
