/** What the command line makes of its arguments, and what needs no member. */
import { expect, test } from 'vitest';
import { run, scratch } from './commandRuns.ts';

test('a store that is not there is told in one line, in JSON if the output is, with exit code 3', async () => {
  const flags = ['--store', scratch('nothing')];
  expect(await run('list', ...flags)).toMatchObject({
    code: 3,
    out: '',
    said: expect.stringContaining('no embedded store'),
  });
  const asJson = await run('list', '--json', ...flags);
  expect(JSON.parse(asJson.said)).toMatchObject({ error: { code: 'ERR_STORE_UNAVAILABLE' } });
  expect(await run('status', 'x', '--check', ...flags)).toMatchObject({ code: 3 });
});

test('measures what it says, and makes the store for it', async () => {
  const store = ['--store', scratch('bench')];
  const measured = await run('bench', '--rounds', '1', '--tasks', '50', '--json', ...store);
  expect(measured, measured.said).toMatchObject({ code: 0 });
  const once = { count: 1, p50: expect.any(Number) };
  expect(JSON.parse(measured.out)).toMatchObject({
    ...{ reads: { count: 20 }, writes: { count: 20 }, handOver: once, failover: once },
    ...{ beats: { count: expect.any(Number), max: expect.any(Number) }, donePerSecond: expect.any(Number) },
    ...{
      machine: { cores: expect.any(Number) },
      own: { store: 'embedded store', figures: { handOver: { count: 5 } } },
    },
  });
  expect(JSON.parse((await run('list', '--json', ...store)).out)).toMatchObject([{ queue: { queued: 0, done: 50 } }]);
});

test.each([
  [['list', '--nonsense'], "unknown option '--nonsense'"],
  [['list', '--outputt', 'json'], 'Did you mean --output?'],
  [['lst'], 'Did you mean list?'],
  [['list', '--output', 'yaml'], '--output takes text, json, jsonl, not "yaml"'],
  [['list', '--timeout', '5'], '--timeout takes a duration such as'],
  [['list', '--store', '--mongodb', 'mongodb://h/d'], '--mongodb and --store name two stores'],
  [['list', '--mongodb', 'http://h'], 'mongodb.connectString'],
  [['status'], "missing required argument 'name'"],
  [['tasks', 'x', '--limit', '0'], '--limit takes a whole number from 1 to 500'],
  [['requeue', 'x'], 'requeue takes ids, or --all'],
  [['requeue', 'x', '--all', '--error', '('], '--error takes a regular expression'],
  [['requeue', 'x', '--all', '--yes', '--error', ''], '--error takes a text, and it is empty'],
  [['discard', 'x', '--all', '--yes', '--error='], '--error takes a text, and it is empty'],
  [
    ['schedule', 'trigger', 'x', 'nightly', '--from', '2026-05-01T00:00Z'],
    'does not take --from, which is for preview and',
  ],
  [['schedule', 'preview', '@daily', '--reason', 'x'], 'does not take --reason, which is for pause'],
  [['pause', 'x', '--for', '1w'], '--for takes a duration'],
  [['drain', 'x', '--host', 'y'], 'one of them'],
  [['bench', '--members', '2'], '--members takes a whole number from 3 to 16'],
  [['completion', 'powershell'], 'completion takes bash, zsh, fish'],
])('wrong arguments %j end with exit code 2 and a message on stderr', async (args, message) => {
  const { code, out, said } = await run(...args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(said).toContain(message);
});

test('no password is printed', async () => {
  const uri = 'mongodb://user:s3cret@127.0.0.1:1/d?serverSelectionTimeoutMS=500';
  const printed = await run('list', '--mongodb', uri, '--print-config');
  expect(printed.out).toContain('mongodb://<redacted>@127.0.0.1:1/d');
  const failed = await run('list', '--mongodb', uri, '--timeout', '1s');
  expect(failed.code).toBe(3);
  expect(printed.out + printed.said + failed.out + failed.said).not.toContain('s3cret');
});

test.each(['bash', 'zsh', 'fish'])('prints a script that completes commands in %s', async (shell) => {
  const { code, out } = await run('completion', shell);
  expect(code).toBe(0);
  for (const word of ['hand-over', 'if-term', 'jsonl']) expect(out).toContain(word);
});
