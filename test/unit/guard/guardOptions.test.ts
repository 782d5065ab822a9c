import { expect, test } from 'vitest';
import { guardOptions } from '../../../src/guard/guardOptions.ts';

test.each([
  [
    ['--use-openssl-ca', '--tls-min-v1.0'],
    ['--use-openssl-ca', '--tls-min-v1.0'],
  ],
  [
    ['--dns-result-order', 'ipv4first', '--inspect'],
    ['--dns-result-order', 'ipv4first'],
  ],
  [['--require', './preload.cjs', '--import=./preload.mjs', '-r', 'x', '-e', 'main()'], []],
  [['--max-old-space-size=4096', '--inspect=0', '--input-type=module', '--watch', '--env-file', '.env'], []],
  [
    ['--permission', '--allow-fs-read=*', '--allow-worker'],
    ['--permission', '--allow-fs-read=*', '--allow-worker'],
  ],
  [[''], []],
])('of %j a guard is started with %j', (options, shared) => {
  expect(guardOptions(options)).toEqual(shared);
});
