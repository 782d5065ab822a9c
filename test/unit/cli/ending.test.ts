import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { ending } from '../../../src/cli/ending.ts';
import { CommandError, exits, UsageError } from '../../../src/cli/exit.ts';
import { Interrupted } from '../../../src/cli/interruptions.ts';
import { FailoverError, InvalidOptionError, StoreError } from '../../../src/errors.ts';

test.each([
  [new UsageError('--for takes a duration'), 2, 'mongo-failover: --for takes a duration\nTry mongo-failover --help.'],
  [new InvalidOptionError('no'), 2, 'mongo-failover: no\nTry mongo-failover --help.'],
  [new CommanderError(1, 'commander.x', 'error: no'), 2, 'mongo-failover: no\nTry mongo-failover --help.'],
  [new CommanderError(1, 'commander.help', '(outputHelp)'), 2, expect.stringContaining('a command is missing')],
  [new CommanderError(0, 'commander.version', '1'), 0, ''],
  [new CommandError(exits.none, 'there is no x'), 4, 'mongo-failover: there is no x'],
  [new StoreError('ERR_STORE_UNAVAILABLE', 'gone'), 3, 'mongo-failover: gone'],
  [new FailoverError('ERR_PERMISSION', 'no'), 1, 'mongo-failover: no'],
  [new TypeError('a bug'), 1, expect.stringContaining('TypeError: a bug')],
  [new Interrupted(), undefined, ''],
])('%s', (error, code, text) => {
  expect(ending(error, ['list'])).toEqual({ code, text });
});

test.each([[['list', '--json']], [['list', '--output', 'jsonl']], [['list', '--output=json']]])(
  'tells errors as JSON with %j',
  (args) => {
    const { text } = ending(new StoreError('ERR_STORE', 'no'), args);
    expect(JSON.parse(text)).toEqual({ error: { code: 'ERR_STORE', message: 'no' } });
  },
);

test('takes the flags of the command behind -- for its own', () => {
  expect(ending(new UsageError('no'), ['exec', 'x', '--', 'jq', '--json']).text).toMatch(/^mongo-failover: no/);
});
