/** Which letter is acted on: that which was chosen, and no other one of the same id. */
import { beforeEach, expect, test } from 'vitest';
import { act } from '../../../src/page/actions.ts';
import { Body } from '../../../src/page/body.ts';
import type { LettersAnswer } from '../../../src/page/contract.ts';
import type { FullStore } from '../../../src/store/taskStore.ts';
import { MemoryTasks } from '../../support/memoryTaskStore.ts';
import { StoreInMemory } from './storeInMemory.ts';

const NAME = 'billing';
let store: StoreInMemory;
let tasks: MemoryTasks;

beforeEach(() => {
  store = new StoreInMemory();
  store.lease(NAME);
  tasks = new MemoryTasks(store.clock);
});

/** The task of this id has died, with a payload of so many bytes. */
function died(seq: number, id: string, bytes: number): void {
  const error = { name: 'Error', message: 'no', code: undefined };
  tasks.letters.push({ queue: NAME, seq, id, bytes: new Uint8Array(bytes), ...error, attempts: 1, at: new Date(0) });
}

/** It waits in the queue, and was tried so often. */
function waits(seq: number, id: string, attempts: number): void {
  const at = new Date(0);
  const failures = { attempts, deaths: 0, recordedBy: null };
  tasks.tasks.set(seq, { seq, id, bytes: new Uint8Array(1), ...failures, at });
  tasks.next = seq + 1;
}

async function asked(verb: 'requeue' | 'discard', body: object): Promise<string[]> {
  const connected = tasks.connect();
  const letterAt = async (_: string, seq: number) => {
    const letter = tasks.letters.find((each) => each.seq === seq);
    return letter === undefined ? null : { ...letter, claim: tasks.claims.get(seq) ?? null };
  };
  const answer = act(verb, NAME, Body.read(JSON.stringify(body), ['letters', 'all', 'head', 'ifTerm']), {
    reader: { ...store.reader, letterAt },
    writer: async () => ({ tasks: connected }) as FullStore,
    ...{ clock: store.clock, by: 'ada', newId: () => 'one' },
  });
  return ((await answer) as LettersAnswer).results.map(({ number, result }) => `${number ?? 'head'} ${result}`);
}

test('of an id that has died twice, the letter that was chosen is discarded, and the other one stays', async () => {
  died(3, 'x', 30);
  died(7, 'x', 70);
  expect(await asked('discard', { letters: [{ number: 7, id: '"x"' }] })).toEqual(['7 discarded']);
  expect(tasks.letters).toMatchObject([{ seq: 3 }]);
  expect(await asked('discard', { letters: [{ number: 7, id: '"x"' }] })).toEqual(['7 none']);
  expect(tasks.letters).toMatchObject([{ seq: 3 }]);
});

test('of an id that has died twice, the payload that was chosen is put back', async () => {
  died(3, 'x', 30);
  died(7, 'x', 70);
  expect(await asked('requeue', { letters: [{ number: 7, id: '"x"' }] })).toEqual(['7 queued']);
  expect([...tasks.tasks.values()].map(({ bytes }) => bytes.length)).toEqual([70]);
  expect(tasks.letters).toMatchObject([{ seq: 3 }]);
});

test('a number that is that of another id by now is left alone', async () => {
  died(7, 'other', 70);
  for (const verb of ['requeue', 'discard'] as const) {
    expect(await asked(verb, { letters: [{ number: 7, id: '"x"' }] })).toEqual(['7 none']);
  }
  expect(tasks.letters).toHaveLength(1);
});

test('the head that blocks the queue is tried again, although a letter has its id', async () => {
  died(3, 'x', 30);
  waits(8, 'x', 5);
  expect(await asked('requeue', { head: '"x"' })).toEqual(['head queued']);
  expect([tasks.tasks.get(8)?.attempts, tasks.letters.length]).toEqual([0, 1]);
  expect(await asked('requeue', { head: '"y"' })).toEqual(['head none']);
});

test('a letter that someone else has put back already gives the head of its id no attempts', async () => {
  waits(8, 'x', 5);
  expect(await asked('requeue', { letters: [{ number: 3, id: '"x"' }] })).toEqual(['3 none']);
  expect(tasks.tasks.get(8)?.attempts).toBe(5);
  await expect(asked('discard', { head: '"x"' })).rejects.toThrow('give letters, or all');
});
