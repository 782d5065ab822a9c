/** The page of the command line against the help that the parser makes: every command, option and exit code, and no other. */
import { readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { expect, test } from 'vitest';
import { exitCodes } from '../../../src/cli/exit.ts';
import { makeProgram } from '../../../src/cli/program.ts';
import { sectionOf } from '../../support/markdown.ts';

const page = readFileSync(new URL('../../../docs/reference/command-line.md', import.meta.url), 'utf8');
const program = makeProgram({ signal: new AbortController().signal, dashed: null });
const COMMON = 'Common options:';

function optionsOf(command: Command): Option[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help');
}

/** Rows of the first two columns, such as `[--json, the same as …]`. */
function rowsOf(section: string): string[][] {
  const rows = [...section.matchAll(/^\| `(-[^`]+)` \| (.*) \|$/gm)];
  return rows.map(([, flags = '', meaning = '']) => [flags, meaning.replaceAll('\\|', '|')]);
}

const rowOf = ({ flags, description }: Option): string[] => [flags, description];

test('has a section for each command, in their order, and for no other', () => {
  const told = [...page.matchAll(/^## `mongo-failover ([\w-]+)`$/gm)].map(([, name]) => name);
  expect(told).toEqual(program.commands.map((command) => command.name()));
});

test.each(program.commands.map((command) => [command.name(), command] as const))(
  'has the usage and the options of %s',
  (name, command) => {
    const section = sectionOf(page, `## \`mongo-failover ${name}\``);
    expect(section).toContain(`mongo-failover ${name} ${command.usage()}`);
    const own = optionsOf(command).filter(({ helpGroupHeading }) => helpGroupHeading !== COMMON);
    expect(rowsOf(section)).toEqual(own.map(rowOf));
  },
);

test('has the common options, which are the same in all commands that have them', () => {
  const groups = program.commands.map((command) =>
    optionsOf(command)
      .filter(({ helpGroupHeading }) => helpGroupHeading === COMMON)
      .map(rowOf),
  );
  const common = groups.filter((group) => group.length > 0);
  for (const group of common) expect(group).toEqual(common[0]);
  expect(rowsOf(sectionOf(page, '## Common options'))).toEqual(common[0]);
});

test('has the exit codes', () => {
  const rows = [...sectionOf(page, '## Exit codes').matchAll(/^\| (\d[\d, ]*) \| (.*) \|$/gm)];
  expect(rows.map(([, code, meaning]) => ({ code, meaning }))).toEqual(exitCodes);
});
