/** The page of the frameworks shows lines of samples that are tested, and no others. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { blocksOf } from '../../support/markdown.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('each block of code is in the sample that it names', () => {
  const blocks = blocksOf(read('docs/guide/frameworks.md'), 'js');
  expect(blocks.length).toBeGreaterThan(6);
  for (const block of blocks) {
    const [, name = 'none', code = ''] = /^\/\/ ([\w.]+)\n(.*)$/s.exec(block) ?? [];
    expect(read(`samples/frameworks/${name}`), name).toContain(code.trimEnd());
  }
});

test('each sample is on the page', () => {
  const page = read('docs/guide/frameworks.md');
  for (const name of [
    'http.ts',
    'fastify.ts',
    'nestjs.ts',
    'terminus.ts',
    'lightship.ts',
    'nodeCron.ts',
    'pm2.config.cjs',
  ]) {
    expect(page).toContain(name);
  }
  for (const name of ['mongo-failover.service', 'compose.yaml', 'Dockerfile', 'kubernetes.yaml']) {
    expect(page).toContain(name);
  }
});
