import { expect, test } from 'vitest';
import { dependenciesOf } from '../../../../src/cli/demo/files/defaultFolder.ts';

test.each([
  ['in a clone', '/home/me/mongo-failover/node_modules/bson/lib/bson.cjs', '/home/me/mongo-failover/node_modules'],
  ['beside this package', '/app/node_modules/bson/lib/bson.cjs', '/app/node_modules'],
  [
    'below this package',
    '/usr/lib/node_modules/mongo-failover/node_modules/bson/lib/bson.cjs',
    '/usr/lib/node_modules/mongo-failover/node_modules',
  ],
  ['by pnpm', '/app/node_modules/.pnpm/bson@7.3.4/node_modules/bson/lib/bson.cjs', '/app/node_modules'],
  ['on Windows', 'C:\\app\\node_modules\\bson\\lib\\bson.cjs', 'C:\\app\\node_modules'],
])('finds the dependencies that are installed %s', (_, file, folder) => {
  expect(dependenciesOf(file)).toBe(folder);
});
