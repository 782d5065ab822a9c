import { expect, test } from 'vitest';
import { UsageError } from '../../../../src/cli/exit.ts';
import { DEFAULT_CONNECT_STRING, resolveSettings, type Sources } from '../../../../src/cli/settings/settings.ts';

const PATH = '/etc/mongo-failover.json';

function resolve(given: Partial<Omit<Sources, 'file'>> & { fields?: unknown }) {
  const { flags = {}, variables = {}, fields } = given;
  return resolveSettings({ flags, variables, file: fields === undefined ? undefined : { path: PATH, fields } });
}

test('has defaults', () => {
  const { settings, origins } = resolve({});
  expect(settings).toEqual({
    store: { mongodb: { connectString: DEFAULT_CONNECT_STRING } },
    output: 'text',
    time: 'relative',
    timeout: 10_000,
    quiet: false,
    color: undefined,
  });
  expect(new Set(Object.values(origins).map(({ source }) => source))).toEqual(new Set(['default']));
});

test('takes a flag before a variable, that before the file, and that before the default', () => {
  const fields = { timeout: '3s', output: 'jsonl', time: 'iso' };
  const variables = { MONGO_FAILOVER_TIMEOUT: '2s', MONGO_FAILOVER_OUTPUT: 'json' };
  const { settings, origins } = resolve({ flags: { timeout: '1s' }, variables, fields });
  expect(settings).toMatchObject({ timeout: 1000, output: 'json', time: 'iso', quiet: false });
  expect(origins).toMatchObject({
    timeout: { source: '--timeout' },
    output: { source: 'MONGO_FAILOVER_OUTPUT' },
    time: { source: PATH },
    quiet: { source: 'default' },
  });
});

test('takes the store of the first source that names one, whatever the others name', () => {
  const variables = { MONGO_FAILOVER_MONGODB: 'mongodb://variable/d', MONGODB_URI: 'mongodb://uri/d' };
  const fields = { store: '/file' };
  const storeOf = (given: Parameters<typeof resolve>[0]) => resolve(given).settings.store;
  expect(storeOf({ flags: { store: true }, variables, fields })).toEqual({ nodb: true });
  expect(storeOf({ flags: { store: 'folder' }, variables, fields })).toEqual({ nodb: { path: 'folder' } });
  expect(storeOf({ variables, fields })).toEqual({ mongodb: { connectString: 'mongodb://variable/d' } });
  expect(storeOf({ variables: { MONGODB_URI: 'mongodb://uri/d' }, fields })).toEqual({
    mongodb: { connectString: 'mongodb://uri/d' },
  });
  expect(storeOf({ variables: { MONGO_FAILOVER_STORE: 's', MONGODB_URI: 'mongodb://uri/d' } })).toEqual({
    nodb: { path: 's' },
  });
  expect(storeOf({ fields })).toEqual({ nodb: { path: '/file' } });
});

test('shows no password', () => {
  const { origins } = resolve({ flags: { mongodb: 'mongodb://user:secret@h/d?tls=true' } });
  expect(origins.mongodb).toEqual({ value: 'mongodb://<redacted>@h/d?tls=true', source: '--mongodb' });
});

test('takes --json for --output json, and refuses both if they differ', () => {
  expect(resolve({ flags: { json: true } }).settings.output).toBe('json');
  expect(resolve({ flags: { json: true }, variables: { MONGO_FAILOVER_OUTPUT: 'jsonl' } }).settings.output).toBe(
    'json',
  );
  expect(resolve({ flags: { json: true, output: 'json' } }).settings.output).toBe('json');
  expect(() => resolve({ flags: { json: true, output: 'jsonl' } })).toThrow('--json is --output json');
});

test('takes away colours, and cannot ask for them', () => {
  expect(resolve({ flags: { color: false } }).settings.color).toBe(false);
  expect(resolve({ flags: { color: true } }).settings.color).toBeUndefined();
  expect(resolve({ fields: { color: false } }).settings.color).toBe(false);
});

test.each<[Parameters<typeof resolve>[0], string]>([
  [{ flags: { mongodb: 'mongodb://h', store: 's' } }, '--mongodb and --store name two stores'],
  [{ fields: { mongodb: 'mongodb://h', store: 's' } }, `${PATH} and ${PATH} name two stores`],
  [{ flags: { mongodb: '' } }, '--mongodb takes a value, not ""'],
  [{ flags: { output: 'yaml' } }, '--output takes text, json, jsonl, not "yaml"'],
  [{ variables: { MONGO_FAILOVER_TIME: 'utc' } }, 'MONGO_FAILOVER_TIME takes relative, iso, not "utc"'],
  [{ flags: { timeout: '10' } }, '--timeout takes a duration such as'],
  [{ variables: { MONGO_FAILOVER_QUIET: 'yes' } }, 'MONGO_FAILOVER_QUIET takes true or false, not "yes"'],
  [{ fields: { outputs: 'json' } }, `${PATH} has the unknown key outputs; there are mongodb, store`],
  [{ fields: { timeout: 5 } }, `${PATH}: timeout must be a text`],
  [{ fields: [] }, `${PATH} must hold an object`],
  [{ fields: { store: false } }, `${PATH} takes the path of a folder`],
])('refuses %j', (given, message) => {
  expect(() => resolve(given)).toThrow(UsageError);
  expect(() => resolve(given)).toThrow(message);
});
