/**
 * The layers of src/, and what holds them. An import leads from a room to one that is further down in the list, or stays
 * in its room; imports of types count too, and no import is part of a circle. The sizes of files are held here, too;
 * those of functions are held by Biome.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';

/** From the top down. Rooms in one line do not import each other: the facade and the coordinator only talk, by `wire/`. */
const layers: readonly (readonly string[])[] = [
  ['cli'],
  ['exec'],
  ['frameworks'],
  ['index.ts'],
  ['failover.ts'],
  ['page'],
  ['operations'],
  ['facade', 'coordinator'],
  ['execution', 'observe'],
  ['wire'],
  ['election'],
  ['relay'],
  ['queue'],
  ['guard'],
  ['requests'],
  ['store'],
  ['schedules'],
  ['options'],
  ['task'],
  ['surroundings'],
  ['diagnostics'],
  ['time'],
  ['errors.ts'],
  ['values'],
];

/** Files by their path from src/, each with the paths that it imports. */
type Imports = ReadonlyMap<string, readonly string[]>;

const specifier = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']*)'/g;

function importsIn(file: string, source: string): string[] {
  return Array.from(source.matchAll(specifier), ([, to = '']) =>
    posix.normalize(posix.join(posix.dirname(file), to)).replace(/js$/, 'ts'),
  );
}

function layerOf(file: string): number {
  const [room = ''] = file.split('/');
  return layers.findIndex((rooms) => rooms.includes(room));
}

function pointsUp(from: string, to: string): boolean {
  const [room] = from.split('/');
  return room !== to.split('/')[0] && layerOf(to) <= layerOf(from);
}

function upward(imports: Imports): string[] {
  return [...imports].flatMap(([from, targets]) =>
    targets.filter((to) => pointsUp(from, to)).map((to) => `${from} imports ${to}`),
  );
}

/** Every file that it can come back to by its imports. */
function inCircles(imports: Imports): string[] {
  return [...imports.keys()].filter((file) => {
    const seen = new Set<string>();
    const open = [...(imports.get(file) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === file) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...(imports.get(next) ?? []));
    }
    return false;
  });
}

const root = join(import.meta.dirname, '../../src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'));
const ours: Imports = new Map(files.map((file) => [file, importsIn(file, readFileSync(join(root, file), 'utf8'))]));

describe('src', () => {
  test('has nothing loose but the public surface and the errors', () => {
    const loose = readdirSync(root, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    const names = loose.map(({ name }) => name).sort();
    expect(names).toEqual(['errors.ts', 'failover.ts', 'index.cts', 'index.ts']);
  });

  test('has no file above 400 lines but the protocol', () => {
    const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 401);
    expect(long).toEqual(['election/protocol.ts']);
  });

  test('has no room that is in no layer, and no layer without a room', () => {
    expect(files.filter((file) => layerOf(file) < 0)).toEqual([]);
    const rooms = new Set(files.map((file) => file.split('/')[0]));
    expect(layers.flat().filter((room) => !rooms.has(room))).toEqual([]);
  });

  test('has no import that leads nowhere, points up or leaves src', () => {
    const known = new Set(files);
    const lost = [...ours].flatMap(([from, targets]) => targets.filter((to) => !known.has(to)).map((to) => [from, to]));
    expect(lost).toEqual([]);
    expect(upward(ours)).toEqual([]);
  });

  test('has no circle', () => {
    expect(inCircles(ours)).toEqual([]);
  });
});

describe('the check', () => {
  test.each([
    ["import '../wire/messages.js';", 'election/elector.ts'],
    ["import type { A } from '../coordinator/host.js';", 'facade/cluster.ts'],
    ["import type { A } from '../facade/cluster.js';", 'coordinator/host.ts'],
    ["export * from '../../queue/dispatcher.js';", 'store/mongodb/connection.ts'],
    ["const later = () => import('./failover.js');", 'errors.ts'],
    ["import {\n  type A,\n  b,\n} from '../index.js';", 'facade/cluster.ts'],
  ])('finds %j in %s', (source, file) => {
    expect(upward(new Map([[file, importsIn(file, source)]]))).toHaveLength(1);
  });

  test('lets pass what points down or stays in its room', () => {
    const source =
      "import { a } from '../wire/messages.js';\nimport type { B } from './elector.js';\nimport '../errors.js';";
    expect(upward(new Map([['execution/context.ts', importsIn('execution/context.ts', source)]]))).toEqual([]);
  });

  test('finds a circle of types', () => {
    const pair: Imports = new Map([
      ['execution/a.ts', importsIn('execution/a.ts', "import type { B } from './b.js';")],
      ['execution/b.ts', importsIn('execution/b.ts', "export type { A } from './a.js';")],
      ['execution/c.ts', importsIn('execution/c.ts', "import { a } from './a.js';")],
    ]);
    expect(inCircles(pair)).toEqual(['execution/a.ts', 'execution/b.ts']);
  });
});
