/** What must agree among the members of a name, and what counts as a difference. */
import { expect, test } from 'vitest';
import { type Configuration, configurationOf, differences, outranks } from '../../../src/options/configuration.ts';
import { resolveManagedOptions } from '../../../src/options/managed.ts';
import type { ManagedOptions } from '../../../src/options/options.ts';
import { resolveOptions } from '../../../src/options/resolve.ts';
import { isWellFormed } from '../../../src/task/taskId.ts';

const { intervals } = resolveOptions({});

function of(options: ManagedOptions, key: string | null = 'id'): Configuration {
  return configurationOf(resolveManagedOptions(options, intervals), key);
}

const namesOf = (here: Configuration, there: Configuration): string[] =>
  differences(here, there).map(({ name }) => name);

test.each<[string, ManagedOptions]>([
  ['kind', { durable: true }],
  ['attempts', { retry: { attempts: 3 } }],
  ['exhausted', { retry: { exhausted: 'dead-letter' } }],
  ['maxQueue', { maxQueue: 5 }],
  ['maxTaskBytes', { maxTaskBytes: 5 }],
])('another %s is a difference, named from both sides', (name, options) => {
  expect(namesOf(of({}), of(options))).toEqual([name]);
  const [difference] = differences(of({}), of(options));
  expect(differences(of(options), of({}))).toEqual([
    { name, here: difference?.there ?? '', there: difference?.here ?? '' },
  ]);
});

test('what is about a machine or a moment is none', () => {
  const other: ManagedOptions = {
    ...{ taskTimeout: 5, mainTimeout: 5000, stopTimeout: 5, grace: 5, fencing: 'process' },
    retry: { minDelay: 5, maxDelay: 50 },
    resourceLimits: { stackSizeMb: 2 },
  };
  expect(differences(of({}), of(other))).toEqual([]);
});

test('keys are compared when both are properties, however long and strange they are', () => {
  const long = 'x'.repeat(1_000_000);
  expect(namesOf(of({}, 'id'), of({}, null))).toEqual([]);
  expect(namesOf(of({}, 'id'), of({}, 'number'))).toEqual(['key']);
  expect(namesOf(of({}, long), of({}, long))).toEqual([]);
  expect(namesOf(of({}, `${long}a`), of({}, `${long}b`))).toEqual(['key']);
  expect(namesOf(of({}, '\ud800'), of({}, '\ud801'))).toEqual(['key']);
  for (const key of [long, '\ud800', '__proto__', 'a.b', '$key']) {
    const { settings } = of({}, key);
    expect(settings.key?.length).toBeLessThan(200);
    expect(isWellFormed(settings.key ?? '')).toBe(true);
  }
});

test('unmanaged is of its own kind, and has nothing else to agree in', () => {
  expect(differences(configurationOf(null, null), of({}))).toEqual([
    { name: 'kind', here: 'unmanaged', there: 'memory' },
  ]);
});

test('durable goes before memory, and memory before unmanaged', () => {
  expect(outranks('durable', 'memory') && outranks('memory', 'unmanaged') && outranks('durable', 'unmanaged')).toBe(
    true,
  );
  expect(outranks('memory', 'memory') || outranks('unmanaged', 'durable')).toBe(false);
});
