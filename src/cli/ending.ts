/** What an error that ended a command comes to: an exit code, and what is said of it. */
import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { redact } from '../diagnostics/redact.js';
import { FailoverError, InvalidOptionError, StoreError } from '../errors.js';
import { CommandError, exits, UsageError } from './exit.js';
import { Interrupted } from './interruptions.js';

export interface Ending {
  /** Undefined: it has been set already. */
  readonly code: number | undefined;
  readonly text: string;
}

export function ending(error: unknown, args: readonly string[]): Ending {
  if (error instanceof Interrupted) return { code: undefined, text: '' };
  if (error instanceof CommanderError && error.exitCode === 0) return { code: exits.done, text: '' };
  const isJson = wantsJson(args);
  if (error instanceof CommanderError || error instanceof UsageError || error instanceof InvalidOptionError) {
    return {
      code: exits.usage,
      text: told(usageText(error, args), isJson, 'ERR_USAGE', '\nTry mongo-failover --help.'),
    };
  }
  if (error instanceof CommandError) return { code: error.exit, text: told(error.message, isJson, error.code) };
  if (error instanceof StoreError) return { code: exits.store, text: told(error.message, isJson, error.code) };
  if (error instanceof FailoverError) return { code: exits.failed, text: told(error.message, isJson, error.code) };
  return { code: exits.failed, text: isJson ? told(String(error), true) : redact(inspect(error)) };
}

function usageText(error: Error, args: readonly string[]): string {
  // The parser shows its help in the place of an error if there is no command.
  if (error instanceof CommanderError && error.code === 'commander.help') return 'a command is missing';
  const text = error.message.replace(/^error: /, '');
  return text === '' ? `these arguments cannot be used: ${args.join(' ')}` : text;
}

function told(message: string, isJson: boolean, code?: string, more = ''): string {
  const shown = redact(message);
  if (isJson) return JSON.stringify({ error: { code: code ?? 'ERR_COMMAND', message: shown } });
  return `mongo-failover: ${shown}${more}`;
}

/** Errors are JSON, too, if the output is. */
function wantsJson(args: readonly string[]): boolean {
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const at = own.indexOf('--output');
  return own.some((arg) => /^--(?:json|output=jsonl?)$/.test(arg)) || (at >= 0 && /^jsonl?$/.test(own[at + 1] ?? ''));
}
