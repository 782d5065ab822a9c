/**
 * Scripts by which shells complete commands and flags. They are static, so no program is started at each Tab; they are made
 * from the parser, so they know what it knows.
 */
import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Values that options take. */
const choices: Readonly<Record<string, readonly string[]>> = {
  '--output': ['text', 'json', 'jsonl'],
  '--time': ['relative', 'iso'],
};
/** Options whose value is a path. */
const paths = ['--file', '--store', '--ready-file'];

interface Flag {
  readonly name: string;
  readonly description: string;
  readonly takesValue: boolean;
}

interface Entry {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  /** What its first argument may be; empty: anything. */
  readonly words: readonly string[];
}

export function completionScript(program: Command, shell: Shell): string {
  const entries = program.commands.map(entryOf);
  if (shell === 'bash') return bash(entries);
  return shell === 'zsh' ? zsh(entries) : fish(entries);
}

function entryOf(command: Command): Entry {
  const flags = command.createHelp().visibleOptions(command).map(flagOf);
  const name = command.name();
  return { name, description: command.description(), flags, words: name === 'completion' ? shells : [] };
}

function flagOf(option: Option): Flag {
  const name = option.long ?? option.short ?? option.flags;
  return { name, description: option.description, takesValue: option.required };
}

function allFlags(entries: readonly Entry[]): Flag[] {
  return [...new Map(entries.flatMap(({ flags }) => flags).map((flag) => [flag.name, flag])).values()];
}

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(
    ({ name, flags, words }) => `    ${name}) words="${[...flags.map((flag) => flag.name), ...words].join(' ')}" ;;`,
  );
  const values = Object.entries(choices).map(
    ([name, words]) => `    ${name}) COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$word")); return ;;`,
  );
  const others = allFlags(entries).filter(
    ({ name, takesValue }) => takesValue && !(name in choices) && !paths.includes(name),
  );
  return `# Completion of mongo-failover for bash: eval "$(mongo-failover completion bash)"
_mongo_failover() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "${[...entries.map(({ name }) => name), '--help', '--version'].join(' ')}" -- "$word"))
    return
  fi
  case $before in
${values.join('\n')}
    ${paths.join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;
    ${others.map(({ name }) => name).join('|')}) return ;;
  esac
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _mongo_failover mongo-failover
`;
}

function zsh(entries: readonly Entry[]): string {
  const commands = entries.map(({ name, description }) => `    ${quoted(`${name}:${escaped(description)}`)}`);
  const cases = entries.map(({ name, flags, words }) => {
    const specs = flags.map((flag) => `      ${quoted(zshFlag(flag))}`);
    const more =
      words.length > 0 ? `      ${quoted(`1:word:(${words.join(' ')})`)}` : `      ${quoted('*:argument:_files')}`;
    return `    ${name}) _arguments \\\n${[...specs, more].join(' \\\n')} ;;`;
  });
  return `#compdef mongo-failover
# Completion of mongo-failover for zsh: eval "$(mongo-failover completion zsh)"
_mongo_failover() {
  local -a commands=(
${commands.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=\${words[2]}
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _mongo_failover mongo-failover
`;
}

function zshFlag({ name, description, takesValue }: Flag): string {
  const text = `${name}[${escaped(description)}]`;
  if (!takesValue) return text;
  const values = choices[name];
  if (values !== undefined) return `${text}:value:(${values.join(' ')})`;
  return paths.includes(name) ? `${text}:path:_files` : `${text}:value:`;
}

/** What has a meaning for zsh in a description. */
function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, (char) => `\\${char}`);
}

function fish(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ name, description, flags, words }) => [
    `complete -c mongo-failover -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
    ...flags.map((flag) => fishFlag(name, flag)),
    ...(words.length === 0
      ? []
      : [`complete -c mongo-failover -n '__fish_seen_subcommand_from ${name}' -f -a ${quoted(words.join(' '))}`]),
  ]);
  return `# Completion of mongo-failover for fish: mongo-failover completion fish | source\n${lines.join('\n')}\n`;
}

function fishFlag(command: string, { name, description, takesValue }: Flag): string {
  const values = choices[name];
  const after = !takesValue ? '' : values === undefined ? ' -r' : ` -x -a ${quoted(values.join(' '))}`;
  const seen = `'__fish_seen_subcommand_from ${command}'`;
  return `complete -c mongo-failover -n ${seen} -l ${name.replace(/^--/, '')}${after} -d ${quoted(description)}`;
}

/** As all three shells read a text in single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
