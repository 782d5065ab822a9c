import { expect, test } from 'vitest';
import { isLoopback, resolveObserve } from '../../../src/options/observe.ts';

const token = 'abcdefghijklmnop';

test('nothing is served by default, and on this machine alone unless a host is given', () => {
  expect(resolveObserve(undefined)).toBe(null);
  expect(resolveObserve({ port: 9464 })).toEqual({ port: 9464, host: '127.0.0.1', token: null, page: null });
  expect(resolveObserve({ port: 0, host: '0.0.0.0', token })).toEqual({ port: 0, host: '0.0.0.0', token, page: null });
});

test('the page is served where it was asked for, with no action unless it is named', () => {
  expect(resolveObserve({ port: 1, page: true })?.page).toEqual({ actions: [] });
  expect(resolveObserve({ port: 1, token, page: true, actions: ['pause', 'requeue'] })?.page?.actions).toEqual([
    'requeue',
    'pause',
  ]);
  expect(resolveObserve({ port: 1, token, page: true, actions: true })?.page?.actions).toHaveLength(7);
  expect(resolveObserve({ port: 1, page: false, actions: false })?.page).toBe(null);
});

test.each([
  [{}, 'observe.port must be an integer from 0 to 65535'],
  [{ port: 65_536 }, 'observe.port must be an integer from 0 to 65535, not 65536'],
  [{ port: '80' }, 'observe.port must be an integer'],
  [true, 'observe must be an object'],
  [{ port: 1, hist: 'x' }, 'observe.hist is not a known option; did you mean host?'],
  [{ port: 1, page: 1 }, 'observe.page must be true or false, not 1'],
  [
    { port: 1, page: true, actions: ['stop'] },
    "observe.actions must be true, false, or a list of 'requeue', 'discard'",
  ],
  [{ port: 1, actions: true }, 'observe.page: true is needed'],
  [{ port: 1, page: true, actions: true }, 'observe.actions need observe.token'],
  [{ port: 1, host: '' }, 'observe.host must be a host name or an address, not ""'],
  [{ port: 1, host: 5 }, 'observe.host must be a host name or an address, not 5'],
  [{ port: 1, host: '0.0.0.0' }, 'observe.host is "0.0.0.0", which others can reach, so observe.token is needed'],
  [{ port: 1, host: '::' }, 'observe.token is needed'],
  [{ port: 1, host: 'localhost.evil.example' }, 'observe.token is needed'],
  [{ port: 1, token: 'short' }, 'observe.token must be a string of 16 to 512 characters'],
  [{ port: 1, token: 16 }, 'observe.token must be a string of 16 to 512 characters'],
  [{ port: 1, token: `${token} ` }, "observe.token may have letters, digits and '-._~+/' alone"],
  [{ port: 1, token: `${token}\n` }, 'observe.token may have letters'],
])('%j is refused: %s', (given, message) => {
  expect(() => resolveObserve(given)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(message) }),
  );
});

test('a token that is refused is not shown', () => {
  expect(() => resolveObserve({ port: 1, token: 'secret secret secret' })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret') }),
  );
});

test.each(['localhost', '127.0.0.1', '127.255.0.9', '::1', '[::1]', 'LocalHost.'])('%s is this machine', (host) => {
  expect(isLoopback(host)).toBe(true);
});

test.each(['0.0.0.0', '::', '128.0.0.1', '127.1', 'example.com', '1127.0.0.1', ''])(
  '%j is not this machine',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);
