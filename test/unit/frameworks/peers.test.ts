/** npm refuses to install the package beside another version of a peer, also for those who use nothing of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const { peerDependencies, peerDependenciesMeta } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[''];

test('node-cron is no peer: its coordinator imports nothing of it, so any version may be there', () => {
  const folder = join(root, 'src/frameworks');
  for (const file of readdirSync(folder).filter((name) => name.startsWith('nodeCron'))) {
    expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(/(from|import|require)\W+node-cron/);
  }
  expect(peerDependencies).not.toHaveProperty('node-cron');
});

test('the lock file and the optional peers are those of the package', () => {
  expect(Object.keys(peerDependenciesMeta).sort()).toEqual(Object.keys(peerDependencies).sort());
  expect(locked).toMatchObject({ peerDependencies, peerDependenciesMeta });
  expect(Object.keys(locked.peerDependencies)).toEqual(Object.keys(peerDependencies));
});
