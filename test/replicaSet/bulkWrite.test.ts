/** Updates of many leases on servers that have `bulkWrite`: what is sent, what the answers say, and what a primary that ends says. */
import { randomUUID } from 'node:crypto';
import type { Document } from 'bson';
import { afterEach, describe, expect, test } from 'vitest';
import type { FullStore } from '../../src/store/taskStore.ts';
import { CommandProxy } from '../support/commandProxy.ts';
import {
  atEnd,
  beatOf,
  cleanUp,
  eventually,
  interruptions,
  lease,
  nothing,
  opened,
  patient,
  play,
  storeAt,
  tenureOf,
  unavailable,
} from './play.ts';

afterEach(cleanUp);

const beatsOf = (names: readonly string[], beat: number) =>
  names.map((name) => ({ tenure: tenureOf(name), beat, progress: nothing }));

/** Three leases, of which the one in the middle is gone. */
async function leases(direct: FullStore): Promise<string[]> {
  const names = Array.from({ length: 3 }, () => randomUUID());
  for (const name of names) if (name !== names[1]) await direct.compareAndSetLease(name, null, lease);
  return names;
}

describe('through a proxy that sees each command', () => {
  async function watched() {
    const { view, database, direct } = await play();
    const proxy = await CommandProxy.before(view.uri(database));
    atEnd(() => proxy.close());
    const store = storeAt(proxy.uri(view.uri(database)), patient);
    await opened(store);
    const sent: string[] = [];
    let answer: Document | undefined;
    proxy.rule = (command) => {
      const [name = ''] = Object.keys(command);
      if (name === 'update' || name === 'bulkWrite' || name === 'find') sent.push(name);
      return name === 'bulkWrite' ? answer : undefined;
    };
    const names = await leases(direct);
    sent.length = 0;
    const answering = (given: Document | undefined): void => {
      answer = given;
    };
    return { store, names, sent, answering };
  }

  test('one command tells which of the leases have matched', async () => {
    const { store, names, sent } = await watched();
    expect(await store.many.beatAll(beatsOf(names, 1))).toEqual([true, false, true]);
    expect(await store.many.releaseAll(beatsOf(names, 2))).toEqual([true, false, true]);
    expect(sent).toEqual(['bulkWrite', 'bulkWrite']);
  });

  test('a server that refuses the command is asked in the other way, and not again', async () => {
    const { store, names, sent, answering } = await watched();
    answering({ ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: 'no such command' });
    expect(await store.many.beatAll(beatsOf(names, 1))).toEqual([true, false, true]);
    expect(await store.many.beatAll(beatsOf(names, 2))).toEqual([true, false, true]);
    expect(sent).toEqual(['bulkWrite', 'update', 'find', 'update', 'find']);
    expect(await beatOf(store, names[0] ?? '')).toBe(2);
  });

  test('an answer that no majority has acknowledged confirms nothing', async () => {
    const { store, names, answering } = await watched();
    const firstBatch = names.map((_, idx) => ({ idx, ok: 1, n: 1 }));
    const writeConcernError = { code: 64, errmsg: 'waiting for replication timed out' };
    answering({ ok: 1, cursor: { id: 0, firstBatch }, nErrors: 0, writeConcernError });
    const outcomes = await store.many.beatAll(beatsOf(names, 1));
    expect(outcomes).toEqual(names.map(() => expect.objectContaining(unavailable)));
  });
});

test.each(interruptions)('a primary that ends while it writes: $name', async (interruption) => {
  const { set, store, direct } = await play();
  const names = await leases(direct);
  set.hold('answers');
  const beating = store.many.beatAll(beatsOf(names, 1));
  await eventually(() => set.kept).toBeGreaterThan(0);
  set.stepDown(interruption);
  expect(await beating).toEqual(names.map(() => expect.objectContaining(unavailable)));
  await set.elect();
  // It was done, and its outcome is unknown nevertheless.
  await eventually(() => beatOf(direct, names[0] ?? '')).toBe(1);
});
