import { expect, test } from 'vitest';
import { mustBeNode } from '../../../src/surroundings/runtime.ts';

const plain = { execArgv: ['--enable-source-maps'], env: {} };
const node = (version: string, more: object = {}) => ({ versions: { node: version, ...more }, ...plain });

test('this one is accepted', () => {
  mustBeNode();
});

test.each(['20.19.0', '20.20.2', '22.12.0', '23.0.0', '24.21.0', '30.1.0'])('Node.js %s is accepted', (version) => {
  mustBeNode(node(version));
});

test.each([
  ['Node.js 18.20.4', node('18.20.4')],
  ['Node.js 20.18.3', node('20.18.3')],
  ['Node.js 21.7.3', node('21.7.3')],
  ['Node.js 22.11.0', node('22.11.0')],
  ['Node.js 24.0.0 without `require`', { ...node('24.0.0'), execArgv: ['--no-experimental-require-module'] }],
  [
    'Node.js 26.0.0 without `require`',
    { ...node('26.0.0'), env: { NODE_OPTIONS: '--no-warnings  --no-require-module' } },
  ],
  ['Bun 1.4.5', node('24.3.0', { bun: '1.4.5' })],
  ['Deno 2.9.6', node('24.2.0', { deno: '2.9.6' })],
  ['Node.js unknown', { versions: {}, ...plain }],
])('%s is refused, and named', (name, runtime) => {
  const error = expect.objectContaining({ code: 'ERR_RUNTIME', message: expect.stringContaining(`this is ${name}`) });
  expect(() => mustBeNode(runtime)).toThrow(error);
});
