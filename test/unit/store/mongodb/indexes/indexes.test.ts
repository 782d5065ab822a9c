import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { adminCommands } from '../../../../../src/store/mongodb/indexes/indexes.ts';

test('the docs have the commands with which an administrator makes the indexes', () => {
  const page = readFileSync(new URL('../../../../../docs/guide/databases.md', import.meta.url), 'utf8');
  expect([...page.matchAll(/^(db\.\w+\.createIndex\(.*\));$/gm)].map(([, command]) => command)).toEqual(
    adminCommands(),
  );
});
