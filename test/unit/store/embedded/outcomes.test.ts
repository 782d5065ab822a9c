/** The entries of outcomes in the embedded store: those that older versions wrote, and those that no outcome needs any more. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { outcomeEndKey, outcomeKey } from '../../../../src/store/embedded/keys.ts';
import type { TaskOutcome } from '../../../../src/store/taskStore.ts';
import { acknowledgement } from '../../../support/acknowledgements.ts';
import { openEntries } from '../../../support/embeddedEntries.ts';
import { localStore } from '../../../support/localStore.ts';

const path = await mkdtemp(join(tmpdir(), 'mongo-failover-outcomes-'));
const raw = openEntries(path);
const { store } = localStore({ path }, 5000);
await store.open();
afterAll(async () => {
  await store.close();
  raw.close();
  await rm(path, { recursive: true, force: true });
});

const AT = 1_700_000_000_000;
const outcome = (id: string, seq: number, until: number): TaskOutcome => ({
  ...{ id, seq, term: 1, state: 'done', attempts: 1, error: null, result: null },
  ...{ at: new Date(AT), until: new Date(AT + until) },
});
const tenureOf = async (name: string) => {
  const nothing = { identifier: null, count: 0, recent: [] };
  await store.compareAndSetLease(name, null, {
    ...{ term: 1, beat: 0, ack: 0, holder: 'h', claim: 'c', ttl: 1000, ...nothing },
  });
  return { name, term: 1, holder: 'h' };
};
/** How many entries the outcomes of all names have, with those that find what is over. */
const entries = (): number[] =>
  raw.transact((own) =>
    ['x', 'y', 'z'].map((kind) => own.count({ start: Buffer.from(kind), end: Buffer.from([kind.charCodeAt(0) + 1]) })),
  );

test('what an older version wrote is read, replaced and deleted', async () => {
  const old = { key: 'a', seq: 1, term: 1, state: 'failed', attempts: 2, result: Buffer.from([7]), at: AT };
  const error = { name: 'E', message: 'no', code: null };
  const entriesOf = (id: string, until: number) =>
    [
      [outcomeKey('old', id), { ...old, key: id, error, until: AT + until }],
      [outcomeEndKey('old', AT + until, id), outcomeKey('old', id)],
    ] as const;
  raw.put(...entriesOf('a', 10), ...entriesOf('b', 10));
  const kept = async () => (await store.tasks.readOutcomes('old', ['a', 'b'])).outcomes.map((found) => found?.seq);
  expect(await kept()).toEqual([1, 1]);
  await store.tasks.putOutcomes('old', [outcome('b', 2, 30)]);
  await store.tasks.trimOutcomes('old', new Date(AT + 11));
  expect([await kept(), entries()]).toEqual([
    [undefined, 2],
    [1, 0, 1],
  ]);
  await store.tasks.trimOutcomes('old', new Date(AT + 31));
  expect(entries()).toEqual([0, 0, 0]);
});

test('an acknowledgement that is refused stores no outcome, and leaves nothing behind', async () => {
  const tenure = await tenureOf('fenced');
  const outcomes = [outcome('a', 1, 10)];
  expect(await store.tasks.acknowledge({ ...tenure, term: 9 }, { ...acknowledgement(1, null), outcomes })).toBe(false);
  expect(entries()).toEqual([0, 0, 0]);
});

test('outcomes of one time have one entry for their end, those of several calls too, and all of them are deleted', async () => {
  const all = Array.from({ length: 600 }, (_, index) => outcome(`${index}`, index + 1, 10));
  await store.tasks.putOutcomes('many', all);
  await store.tasks.putOutcomes('many', [outcome('more', 601, 10)]);
  await store.tasks.putOutcomes('many', [...all, outcome('last', 602, 10)]);
  expect(entries()).toEqual([602, 0, 5]);
  const trim = () => store.tasks.trimOutcomes('many', new Date(AT + 11));
  expect([await trim(), await trim()]).toEqual([false, true]);
  expect(entries()).toEqual([0, 0, 0]);
});

test('an end that is none of ours is told by its name', async () => {
  raw.put([outcomeEndKey('alien', AT, 'a'), ['not a key']]);
  await expect(store.tasks.trimOutcomes('alien', new Date(AT + 1))).rejects.toMatchObject({
    code: 'ERR_STORE_DATA',
    message: expect.stringContaining('alien'),
  });
});
