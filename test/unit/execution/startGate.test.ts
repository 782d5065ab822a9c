import { beforeEach, expect, test } from 'vitest';
import { StartGate } from '../../../src/execution/startGate.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

let clock: VirtualClock;
let gate: StartGate;
let begun: string[];
let leaves: Map<string, () => void>;

beforeEach(() => {
  clock = new VirtualClock();
  gate = new StartGate(clock, { starts: 2, held: 1000 });
  begun = [];
  leaves = new Map();
});

function ask(name: string): () => void {
  return gate.ask((leave) => {
    begun.push(name);
    leaves.set(name, leave);
  });
}

const settle = (): Promise<void> => clock.advance(0);

test('starts are made in the order asked, so many at once, and none in the turn in which it was asked for', async () => {
  for (const name of ['a', 'b', 'c', 'd']) ask(name);
  expect(begun).toEqual([]);
  await settle();
  expect(begun).toEqual(['a', 'b']);
  leaves.get('b')?.();
  leaves.get('b')?.();
  expect(begun).toEqual(['a', 'b']);
  await settle();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('what else is due has its turn between two starts', async () => {
  ask('a');
  clock.at(0, () => begun.push('a beat'));
  ask('b');
  await settle();
  expect(begun).toEqual(['a', 'a beat', 'b']);
});

test('one that takes too long gives its place to the next, once', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) ask(name);
  await clock.advance(999);
  expect(begun).toEqual(['a', 'b']);
  await clock.advance(1);
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  leaves.get('a')?.();
  await settle();
  expect(begun).toHaveLength(4);
  leaves.get('c')?.();
  await settle();
  expect(begun).toHaveLength(5);
});

test('one that is not wanted any more is passed over, and gives nothing back afterwards', async () => {
  ask('a');
  const cancel = ask('b');
  ask('c');
  cancel();
  cancel();
  await settle();
  expect(begun).toEqual(['a', 'c']);
  ask('d');
  await settle();
  expect(begun).toEqual(['a', 'c']);
});

test('a gate at which nothing waits keeps no timer', async () => {
  ask('a');
  await settle();
  leaves.get('a')?.();
  await settle();
  expect(clock.pending).toBe(0);
});
