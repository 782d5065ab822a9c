/** The planted bugs fit the source as it is; `npm run mutants` shows each to what has to find it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plantedBugs } from '../../mutants/bugs/bugs.ts';
import { measureIn } from '../../mutants/detectors.ts';
import { type PlantedBug, patched } from '../../mutants/plantedBug.ts';

const root = join(import.meta.dirname, '..', '..', '..');

test('there are enough of them, and each has a name of its own', () => {
  expect(plantedBugs.length).toBeGreaterThanOrEqual(30);
  expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length);
});

test.each(plantedBugs)('$name can be planted', (bug) => {
  const source = readFileSync(join(root, bug.file), 'utf8');
  expect(patched(bug, source)).not.toBe(source);
  // Unit tests name single cases; that is all there can be only where no search goes.
  const isStore = bug.file.startsWith('src/store/');
  expect(bug.caughtBy.some((name) => isStore || name !== 'units')).toBe(true);
});

describe('a patch', () => {
  const bug: PlantedBug = { name: 'b', breaks: '', file: 'f.ts', find: 'one', replace: '$& two', caughtBy: ['walks'] };

  test('puts its text in as it is', () => {
    expect(patched(bug, 'a one c')).toBe('a $& two c');
    const also = [{ find: 'two', replace: 'three' }];
    expect(patched({ ...bug, replace: 'two', also }, 'one')).toBe('three');
  });

  test('that is not found exactly once is an error that names it', () => {
    expect(() => patched(bug, 'nothing')).toThrow(/'b': in f.ts this text is there 0 times/);
    expect(() => patched(bug, 'one, one')).toThrow(/'b': in f.ts this text is there 2 times/);
    expect(() => patched({ ...bug, replace: 'one' }, 'one')).toThrow(/changes nothing/);
  });
});

test('what a detector says tells how much work it took', () => {
  expect(measureIn('Error: two masters (seed 17; to run it again)')).toBe('17 seeds');
  expect(measureIn('Error: Property failed after 3 tests\n{ seed: -5 }')).toBe('3 runs');
  expect(measureIn('AssertionError')).toBeNull();
});
