/**
 * The layers are rules of the linter (`overrides` in biome.json), which every import in src/ passes. Here the rules
 * themselves are tried: imports that must not be are written into a copy of the sources, where each has to be found.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** From a folder of src/, or from src/ itself, to what it must not import. */
const upward: readonly (readonly [from: string, to: string])[] = [
  ['.', './store/store.js'],
  ['.', './tasks/context.js'],
  ['.', './failover.js'],
  ['store', '../election/protocol.js'],
  ['store/mongodb', '../../queue/fifo.js'],
  ['store', '../coordinator/messages.js'],
  ['election', '../queue/fifo.js'],
  ['election', '../store/documents.js'],
  ['election', '../coordinator/messages.js'],
  ['queue', '../election/protocol.js'],
  ['queue', '../store/createStore.js'],
  ['queue', '../tasks/context.js'],
  ['tasks', '../coordinator/messages.js'],
  ['tasks', '../cluster/events.js'],
  ['coordinator', '../cluster/events.js'],
  ['coordinator', '../failover.js'],
  ['coordinator', '../index.js'],
  ['cluster', '../failover.js'],
  ['cluster', '../cli/main.js'],
  ['cluster', '../../workers/coordinator.cjs'],
  ['cli', '../../samples/managed.js'],
];

const downward: readonly (readonly [from: string, to: string])[] = [
  ['.', './errors.js'],
  ['store', './store.js'],
  ['store/embedded', '../../errors.js'],
  ['election', '../store/store.js'],
  ['queue', '../store/store.js'],
  ['tasks', '../queue/runner.js'],
  ['tasks', '../election/leaseView.js'],
  ['coordinator', '../tasks/context.js'],
  ['cluster', '../coordinator/messages.js'],
  ['cli', '../index.js'],
];

const kinds: readonly ((to: string) => string)[] = [
  (to) => `import '${to}';`,
  (to) => `import type { Anything } from '${to}';\nexport type Again = Anything;`,
  (to) => `export * from '${to}';`,
  (to) => `export const later = () => import('${to}');`,
];

let copy: string;
/** The copied files that the linter refuses. */
let refused: Set<string>;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'layers-'));
  for (const part of ['biome.json', 'src', 'workers']) cpSync(join(root, part), join(copy, part), { recursive: true });
  for (const [probes, name] of [
    [upward, 'upward'],
    [downward, 'downward'],
  ] as const) {
    for (const [index, [from, to]] of probes.entries()) {
      for (const [kind, write] of kinds.entries()) writeProbe(probe(name, from, index, kind), write(to));
    }
  }
  writeProbe('src/queue/cycleA.ts', `import { b } from './cycleB.js';\nexport const a = () => b;`);
  writeProbe('src/queue/cycleB.ts', `import { a } from './cycleA.js';\nexport const b = () => a;`);
  const protocol = join(copy, 'src/election/protocol.ts');
  writeFileSync(protocol, `import { systemClock } from '../systemClock.js';\n${readFileSync(protocol, 'utf8')}`);
  refused = lint();
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(upward.map((probe, index) => [...probe, index] as const))('src/%s may not import %s', (from, _to, index) => {
  for (const kind of kinds.keys()) expect(refused).toContain(probe('upward', from, index, kind));
});

test.each(downward.map((probe, index) => [...probe, index] as const))('src/%s may import %s', (from, _to, index) => {
  for (const kind of kinds.keys()) expect(refused).not.toContain(probe('downward', from, index, kind));
});

test('two files may not import each other', () => {
  expect(refused).toContain('src/queue/cycleA.ts');
});

test('the protocol takes no clock, and nothing else that runs but node:assert', () => {
  expect(refused).toContain('src/election/protocol.ts');
  const source = readFileSync(join(root, 'src/election/protocol.ts'), 'utf8');
  const runs = [...source.matchAll(/^(?:import|export)\s(?!type\s)[^;]*?from '(.*)';/gm)].map((match) => match[1]);
  expect(runs.filter((from) => from !== './transitions.js')).toEqual(['node:assert/strict']);
});

function probe(name: string, from: string, index: number, kind: number): string {
  return join('src', from, `${name}${index}Kind${kind}.ts`);
}

function writeProbe(file: string, source: string): void {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  writeFileSync(join(copy, file), `${source}\n`);
}

function lint(): Set<string> {
  const only = ['--only=style/noRestrictedImports', '--only=suspicious/noImportCycles'];
  const args = [biome, 'lint', ...only, '--reporter=json', '--max-diagnostics=none', 'src', 'workers'];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', maxBuffer: 1e8 });
  expect(status).toBe(1);
  const { diagnostics }: { diagnostics: { location: { path: string | { file: string } } }[] } = JSON.parse(stdout);
  return new Set(diagnostics.map(({ location: { path } }) => (typeof path === 'string' ? path : path.file)));
}
