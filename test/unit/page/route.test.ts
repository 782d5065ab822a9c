/** Which answer a path asks for. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { routeOf, URL_LENGTH_MAX } from '../../../src/page/route.ts';

test.each([
  ['/', { type: 'static', file: 'index.html' }],
  ['', { type: 'static', file: 'index.html' }],
  ['/?a=b', { type: 'static', file: 'index.html' }],
  ['/page.js', { type: 'static', file: 'page.js' }],
  ['/api/overview', { type: 'overview' }],
  ['/api/events', { type: 'events', name: null }],
  ['/api/events?name=a%2Fb', { type: 'events', name: 'a/b' }],
  ['/api/subsystems/a', { type: 'details', name: 'a' }],
  ['/api/subsystems/a%2Fb%20%C3%A9', { type: 'details', name: 'a/b é' }],
  // As a proxy leaves it that decodes paths.
  ['/api/subsystems/a/b/tasks', { type: 'entries', verb: 'tasks', name: 'a/b', after: 0 }],
  ['/api/subsystems/a/letters?after=7', { type: 'entries', verb: 'letters', name: 'a', after: 7 }],
  ['/api/subsystems/-/letters?name=..&after=7', { type: 'entries', verb: 'letters', name: '..', after: 7 }],
  ['/api/subsystems/-?name=__proto__', { type: 'details', name: '__proto__' }],
  ['/api/subsystems/-/discard?name=b', { type: 'write', verb: 'discard', name: 'b' }],
  ['/api/subsystems/-/discard', { type: 'write', verb: 'discard', name: '-' }],
  ['/api/subsystems/constructor/pause', { type: 'write', verb: 'pause', name: 'constructor' }],
  ['/api/drain', { type: 'write', verb: 'drain' }],
])('%s', (url, route) => {
  expect(routeOf(url)).toEqual(route);
});

test.each([
  ...['/api', '/api/', '/api/overview/', '/API/overview', '/api/none', '/a/b', '/../../etc/passwd', '/%2e%2e/page.js'],
  ...['//evil.example/', '/page.js/', '/a b', '/\\evil'],
])('%j is not there', (url) => {
  expect(routeOf(url)).toBeNull();
});

test.each([
  '/api/subsystems/%',
  '/api/subsystems/%ff/tasks',
  '/api/subsystems/',
  '/api/subsystems/a%00b',
  `/api/subsystems/${'a'.repeat(257)}`,
  `/api/subsystems/${encodeURIComponent('é'.repeat(129))}`,
  '/api/subsystems/a?name=b',
  '/api/subsystems/a/discard?name=b',
  '/api/subsystems/a/discard?name=a',
  '/api/subsystems/-/-/discard?name=b',
  '/api/subsystems/a/tasks?after=-1',
  '/api/subsystems/a/tasks?after=1e3',
  '/api/subsystems/a/tasks?after=99999999999999999',
  '/api/subsystems/a/tasks?after=9999999999999999',
  '/api/events?name=',
  `/${'a'.repeat(1024 * 1024)}`,
  `/api/overview?${'a'.repeat(URL_LENGTH_MAX)}`,
])('%j is wrong', (url) => {
  expect(routeOf(url)).toMatchObject({ type: 'bad' });
});

const names = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((name) => Buffer.byteLength(name) <= 256 && !name.includes('\0') && !/\p{Surrogate}/u.test(name));

test('each name comes through its address, as a part of the path and as a parameter', () => {
  fc.assert(
    fc.property(names, fc.constantFrom('tasks', 'letters'), (name, verb) => {
      const entries = { type: 'entries', verb, name, after: 3 };
      expect(routeOf(`/api/subsystems/${encodeURIComponent(name)}/${verb}?after=3`)).toEqual(entries);
      const query = new URLSearchParams({ name, after: '3' });
      expect(routeOf(`/api/subsystems/-/${verb}?${query}`)).toEqual(entries);
    }),
  );
});

test('no URL makes it throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void routeOf(text)));
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void routeOf(`/api/subsystems/${text}`)));
});
