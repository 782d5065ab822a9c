/** The options that commands on a store have in common, and what they come to. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { UsageError } from '../exit.js';
import { type Resolved, resolveSettings, type Sources } from './settings.js';

const CONFIG_FILE = 'mongo-failover.json';

const group = 'Common options:';

/** Adds the common options to a command. */
export function withCommonOptions(command: Command): Command {
  const options = [
    new Option('--mongodb <uri>', 'the MongoDB that elects (default: mongodb://localhost:27017/test)'),
    new Option('--store [folder]', 'the embedded store instead; without a folder, that of `nodb: true`'),
    new Option('--output <format>', 'text, json (one document) or jsonl (one a line) (default: text)'),
    new Option('--json', 'the same as --output json'),
    new Option('--no-color', 'no colours, as with NO_COLOR; FORCE_COLOR asks for them'),
    new Option('--time <format>', 'relative or iso (default: relative)'),
    new Option('--timeout <duration>', 'how long the store may take to answer (default: 10s)'),
    new Option('-q, --quiet', 'nothing on stderr but errors'),
    new Option('--print-config', 'print where each of these values came from, and end'),
  ];
  for (const option of options) command.addOption(option.helpGroup(group));
  return command;
}

/** @throws UsageError */
export function readSettings(flags: Readonly<Record<string, unknown>>, variables = process.env): Resolved {
  return resolveSettings({ flags, variables, file: readConfig(variables.MONGO_FAILOVER_CONFIG) });
}

/** Reads the file of the working folder, or the one that is named. A path to a store in it is relative to it. */
function readConfig(named: string | undefined): Sources['file'] {
  const path = resolve(named === undefined || named === '' ? CONFIG_FILE : named);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing && (named === undefined || named === '')) return undefined;
    throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
  }
  try {
    const fields: unknown = JSON.parse(text);
    return { path, fields: relativeTo(dirname(path), fields) };
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${messageOf(error)}`);
  }
}

function relativeTo(folder: string, fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null || !('store' in fields)) return fields;
  const { store } = fields;
  return typeof store === 'string' && store !== '' ? { ...fields, store: resolve(folder, store) } : fields;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
