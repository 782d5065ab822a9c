/** What a command gets from the process that it runs in. */
import type { Command } from 'commander';
import { Interrupted, interruptions } from './interruptions.js';
import { Output } from './output.js';
import { readSettings } from './settings/common.js';
import type { Settings } from './settings/settings.js';

export interface CommandContext {
  /** Aborts at the first signal of the user. Only a command that asks for it catches signals so. */
  readonly signal: AbortSignal;
  /** All arguments behind the first `--`, as they were given; null without one. */
  readonly dashed: readonly string[] | null;
}

/** Adds one command, with its options and what it does. */
export type Register = (program: Command, context: CommandContext) => void;

export interface StoreContext {
  readonly settings: Settings;
  readonly output: Output;
}

export function makeContext(args: readonly string[]): CommandContext {
  const at = args.indexOf('--');
  let signal: AbortSignal | undefined;
  return {
    dashed: at < 0 ? null : args.slice(at + 1),
    get signal() {
      signal ??= interruptions(process, () => performance.now());
      return signal;
    },
  };
}

/**
 * Reads the common settings of a command, and opens its output. With `--print-config` it prints them and ends the command.
 *
 * @throws UsageError
 */
export function storeContext(flags: Readonly<Record<string, unknown>>): StoreContext {
  const { settings, origins } = readSettings(flags);
  const output = new Output(settings, { stdout: process.stdout, stderr: process.stderr, variables: process.env });
  if (flags.printConfig === true) {
    const lines = Object.entries(origins).map(([name, { value, source }]) => `${name} = ${value}  (${source})`);
    output.result(origins, () => lines.join('\n'));
    throw new Interrupted();
  }
  return { settings, output };
}
