/**
 * The common settings of all commands, each from the first source that has it: a flag, a variable `MONGO_FAILOVER_…`, the
 * file `mongo-failover.json`, or the default. Flags, variables and file are handed in.
 */
import { redact } from '../../diagnostics/redact.js';
import { UsageError } from '../exit.js';
import { parseDuration } from './durations.js';

export type OutputFormat = 'text' | 'json' | 'jsonl';
export type TimeFormat = 'relative' | 'iso';

/** Where the store is, as `failover()` takes it. */
export type StoreSetting =
  | { readonly mongodb: { readonly connectString: string } }
  | { readonly nodb: true | { readonly path: string } };

export interface Settings {
  readonly store: StoreSetting;
  readonly output: OutputFormat;
  readonly time: TimeFormat;
  /** How long one request to the store may take, and opening it, in ms. */
  readonly timeout: number;
  readonly quiet: boolean;
  /** False: never. Undefined: where the terminal shows them. */
  readonly color: false | undefined;
}

/** One value, and where it came from. */
export interface Origin {
  readonly value: string | boolean;
  /** Such as `--mongodb`, `MONGO_FAILOVER_MONGODB`, or the path of the file. */
  readonly source: string;
}

export interface Sources {
  /** The flags as the parser read them, by name. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The file's path and what it holds, parsed; undefined without a file. */
  readonly file: { readonly path: string; readonly fields: unknown } | undefined;
}

const names = ['mongodb', 'store', 'output', 'time', 'timeout', 'quiet', 'color'] as const;
type Name = (typeof names)[number];

export const DEFAULT_CONNECT_STRING = 'mongodb://localhost:27017/test';
const defaults = { output: 'text', time: 'relative', timeout: '10s', quiet: false } as const;

export interface Resolved {
  readonly settings: Settings;
  /** For `--print-config`: where each value came from, and no secret. */
  readonly origins: Readonly<Record<string, Origin>>;
}

/** @throws UsageError that names the source of a value that cannot be used */
export function resolveSettings(sources: Sources): Resolved {
  const layers = [flagsOf(sources), variablesOf(sources), fileOf(sources)];
  const find = (name: Name): Origin | undefined => layers.map((layer) => layer[name]).find((origin) => origin);
  const chosen = (name: 'output' | 'time' | 'timeout' | 'quiet'): Origin =>
    find(name) ?? { value: defaults[name], source: 'default' };
  const store = storeIn(layers) ?? { mongodb: { value: DEFAULT_CONNECT_STRING, source: 'default' } };
  const [output, time, timeout, quiet] = [chosen('output'), chosen('time'), chosen('timeout'), chosen('quiet')];
  const color = find('color');
  return {
    settings: {
      store: settingOf(store),
      output: oneOf(output, ['text', 'json', 'jsonl']),
      time: oneOf(time, ['relative', 'iso']),
      timeout: parseDuration(textOf(timeout), timeout.source, { min: 100 }),
      quiet: booleanOf(quiet),
      color: color !== undefined && !booleanOf(color) ? false : undefined,
    },
    origins: { ...shownStore(store), output, time, timeout, quiet, ...(color === undefined ? {} : { color }) },
  };
}

type Layer = Partial<Record<Name, Origin>>;

function flagsOf({ flags }: Sources): Layer {
  const layer: Layer = {};
  for (const name of ['mongodb', 'store', 'output', 'time', 'timeout', 'quiet'] as const) {
    const value = flags[name];
    if (typeof value === 'string' || typeof value === 'boolean') layer[name] = { value, source: `--${name}` };
  }
  if (flags.color === false) layer.color = { value: false, source: '--no-color' };
  if (flags.json !== true) return layer;
  if (layer.output !== undefined && layer.output.value !== 'json') {
    throw new UsageError('--json is --output json; give one of the two');
  }
  return { ...layer, output: { value: 'json', source: '--json' } };
}

function variablesOf({ variables }: Sources): Layer {
  const layer: Layer = {};
  for (const name of names) {
    const source = `MONGO_FAILOVER_${name.toUpperCase()}`;
    const value = variables[source];
    if (value !== undefined && value !== '') layer[name] = { value, source };
  }
  const { MONGODB_URI: uri } = variables;
  if (layer.mongodb !== undefined || layer.store !== undefined || uri === undefined || uri === '') return layer;
  return { ...layer, mongodb: { value: uri, source: 'MONGODB_URI' } };
}

function fileOf({ file }: Sources): Layer {
  if (file === undefined) return {};
  const { path, fields } = file;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new UsageError(`${path} must hold an object with ${names.join(', ')}`);
  }
  const layer: Layer = {};
  for (const [key, value] of Object.entries(fields)) {
    const name = names.find((known) => known === key);
    if (name === undefined) throw new UsageError(`${path} has the unknown key ${key}; there are ${names.join(', ')}`);
    if (typeof value !== 'string' && typeof value !== 'boolean') {
      throw new UsageError(`${path}: ${name} must be a text, true or false`);
    }
    layer[name] = { value, source: path };
  }
  return layer;
}

type ChosenStore = { readonly mongodb: Origin } | { readonly store: Origin };

/** Returns the store of the first source that names one. */
function storeIn(layers: readonly Layer[]): ChosenStore | undefined {
  for (const { mongodb, store } of layers) {
    if (mongodb !== undefined && store !== undefined) {
      throw new UsageError(`${mongodb.source} and ${store.source} name two stores; give one of the two`);
    }
    if (mongodb !== undefined) return { mongodb };
    if (store !== undefined) return { store };
  }
  return undefined;
}

function settingOf(chosen: ChosenStore): StoreSetting {
  if ('mongodb' in chosen) return { mongodb: { connectString: textOf(chosen.mongodb) } };
  const { value, source } = chosen.store;
  if (value === true || value === 'true') return { nodb: true };
  if (typeof value === 'string' && value !== '') return { nodb: { path: value } };
  throw new UsageError(`${source} takes the path of a folder, or none for the folder of \`nodb: true\``);
}

function shownStore(chosen: ChosenStore): Record<string, Origin> {
  if (!('mongodb' in chosen)) return { store: chosen.store };
  const { value, source } = chosen.mongodb;
  return { mongodb: { value: redact(String(value)), source } };
}

function textOf({ value, source }: Origin): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new UsageError(`${source} takes a value, not ${JSON.stringify(value)}`);
}

function oneOf<T extends string>({ value, source }: Origin, choices: readonly T[]): T {
  const choice = choices.find((known) => known === value);
  if (choice !== undefined) return choice;
  throw new UsageError(`${source} takes ${choices.join(', ')}, not ${JSON.stringify(value)}`);
}

function booleanOf({ value, source }: Origin): boolean {
  if (value === true || value === 'true' || value === '1') return true;
  if (value === false || value === 'false' || value === '0') return false;
  throw new UsageError(`${source} takes true or false, not ${JSON.stringify(value)}`);
}
