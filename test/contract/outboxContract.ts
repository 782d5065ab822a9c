/** What every store promises of the outbox: entries leave by their time, and none is taken for a later one. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BadEntry, Entry, EntryRef, NewEntry } from '../../src/store/outbox.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { bson } from '../../src/task/bson.ts';
import { asTaskId } from '../../src/task/taskId.ts';
import { createStore } from '../support/builtStore.ts';
import { ids } from './ids.ts';
import type { StoreUnderTest } from './storeContract.ts';

const bytes = (id: unknown): Uint8Array => bson.serialize({ id: String(id) });
const now = new Date();
const at = (ms: number): Date => new Date(now.getTime() + ms);
let origins = 0;

function entry(id: NewEntry['id'], ms: number): NewEntry {
  origins += 1;
  return { id, bytes: bytes(id), at: at(ms), origin: String(origins).padStart(24, '0') };
}

function idsOf(entries: readonly (Entry | BadEntry)[]): unknown[] {
  return entries.map((found) => ('problem' in found ? found.problem : found.id));
}

export function outboxContract(title: string, setup: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let store: FullStore;
    beforeAll(async () => {
      store = createStore((await setup()).options, { commandTimeout: 30_000 });
      await store.open();
    });
    afterAll(() => store?.close());

    const read = (name: string, ms: number, most = 100) => store.outbox.readEntries(name, at(ms), most);

    test('an outbox that was never used is empty', async () => {
      const name = randomUUID();
      expect(await read(name, 1e9)).toEqual([]);
      expect(await store.outbox.namesWaiting([name], at(1e9))).toEqual([]);
      expect(await store.outbox.namesWaiting([], at(1e9))).toEqual([]);
      await store.outbox.markEntries(name, []);
      await store.outbox.refuseEntries(name, []);
      await store.outbox.removeEntries(name, []);
      expect(await store.outbox.putEntries(name, [])).toEqual([]);
    });

    test('entries come back as they were, in the order of their times, and none before its time', async () => {
      const [name, other] = [randomUUID(), randomUUID()];
      const entries = [entry('c', 30), entry('a', 10), entry(7, 20), entry('same 1', 40), entry('same 2', 40)];
      expect(await store.outbox.putEntries(name, entries)).toEqual([true, true, true, true, true]);
      expect(await store.outbox.putEntries(other, [entry('a', 5)])).toEqual([true]);
      expect(idsOf(await read(name, 9))).toEqual([]);
      expect(await store.outbox.namesWaiting([name, other], at(4))).toEqual([]);
      expect(await store.outbox.namesWaiting([name, other], at(9))).toEqual([other]);
      expect(await store.outbox.namesWaiting([name], at(10))).toEqual([name]);
      expect(idsOf(await read(name, 20))).toEqual(['a', 7]);
      const all = await read(name, 1000);
      expect(idsOf(all)).toEqual(['a', 7, 'c', 'same 1', 'same 2']);
      expect(idsOf(await read(name, 1000, 2))).toEqual(['a', 7]);
      expect(all[0]).toMatchObject({ id: 'a', at: at(10), marked: false, origin: entries[1]?.origin });
      expect(Buffer.from((all[0] as Entry).bytes)).toEqual(Buffer.from(bytes('a')));
    });

    test('an id that waits is known, whatever its time, and free when its entry is gone', async () => {
      const name = randomUUID();
      const first = entry('a', 10);
      expect(await store.outbox.putEntries(name, [first, entry('b', 10)])).toEqual([true, true]);
      expect(await store.outbox.putEntries(name, [entry('a', 5), entry('c', 10), entry('b', 1)])).toEqual([
        ...[false, true, false],
      ]);
      const [found] = await read(name, 10);
      await store.outbox.removeEntries(name, [found as EntryRef]);
      expect(idsOf(await read(name, 1000))).toEqual(['b', 'c']);
      expect(await store.outbox.putEntries(name, [entry('a', 20)])).toEqual([true]);
      // A master that comes late with what it has read before removes nothing of another.
      await store.outbox.removeEntries(name, [found as EntryRef]);
      await store.outbox.markEntries(name, [found as EntryRef]);
      expect(idsOf(await read(name, 15))).toEqual(['b', 'c']);
      expect(idsOf(await read(name, 1000))).toEqual(['b', 'c', 'a']);
    });

    test('ids of every shape are told apart', async () => {
      const name = randomUUID();
      // Those that a call of the library takes.
      const each = ids.filter((id) => asTaskId(id) === id && !Object.is(id, -0));
      const entries = each.map((id) => entry(id, 10));
      expect(await store.outbox.putEntries(name, entries)).toEqual(each.map(() => true));
      expect(await store.outbox.putEntries(name, entries)).toEqual(each.map(() => false));
      expect(idsOf(await read(name, 10))).toEqual(each);
    });

    test('a marked entry is due for a master whose clock is behind, first of all, and is removed as it was read', async () => {
      const name = randomUUID();
      await store.outbox.putEntries(name, [entry('soon', 10), entry('late', 50)]);
      const found = (await read(name, 50)) as Entry[];
      await store.outbox.markEntries(name, found.slice(1));
      await store.outbox.markEntries(name, found.slice(1));
      expect(await store.outbox.namesWaiting([name], at(0))).toEqual([name]);
      const marked = (await read(name, 0)) as Entry[];
      expect(marked).toMatchObject([{ id: 'late', marked: true, at: at(50) }]);
      expect(idsOf(await read(name, 10))).toEqual(['late', 'soon']);
      // By one who has read it before it was marked.
      await store.outbox.removeEntries(name, found.slice(1));
      expect(idsOf(await read(name, 1000))).toEqual(['soon']);
      expect(await store.outbox.putEntries(name, [entry('late', 60)])).toEqual([true]);
    });

    test('a refused entry is not read any more, and the others are', async () => {
      const name = randomUUID();
      await store.outbox.putEntries(name, [entry('a', 10), entry('b', 20)]);
      const [found] = await read(name, 20);
      await store.outbox.refuseEntries(name, [{ ...(found as EntryRef), problem: 'it is bad' }]);
      expect(idsOf(await read(name, 20))).toEqual(['b']);
      await store.outbox.removeEntries(name, (await read(name, 20)) as Entry[]);
      expect(await store.outbox.namesWaiting([name], at(1e9)), 'no look finds it').toEqual([]);
      // Its id stays taken, and a call that comes twice or late changes nothing.
      expect(await store.outbox.putEntries(name, [entry('a', 5)])).toEqual([false]);
      await store.outbox.refuseEntries(name, [{ ...(found as EntryRef), problem: 'it is bad' }]);
      await store.outbox.markEntries(name, [found as EntryRef]);
      expect(idsOf(await read(name, 1e9))).toEqual([]);
    });

    test('a marked entry that is refused is out of the way as well, and the others keep their order', async () => {
      const name = randomUUID();
      await store.outbox.putEntries(name, [entry('a', 10), entry('b', 20), entry('c', 30)]);
      const [first] = (await read(name, 10)) as [Entry];
      await store.outbox.markEntries(name, [first]);
      const [marked] = (await read(name, 10)) as [Entry];
      expect(marked).toMatchObject({ id: 'a', marked: true });
      await store.outbox.refuseEntries(name, [
        { key: marked.key, origin: marked.origin, problem: 'no', at: marked.at },
      ]);
      expect(await store.outbox.namesWaiting([name], at(0))).toEqual([]);
      expect(idsOf(await read(name, 1000))).toEqual(['b', 'c']);
    });

    test('many that are due later cost a look nothing', { timeout: 60_000 }, async () => {
      const name = randomUUID();
      for (let from = 0; from < 2; from += 1) {
        await store.outbox.putEntries(
          name,
          Array.from({ length: 1000 }, (_, index) => entry(`${from}/${index}`, 1e6 + index)),
        );
      }
      expect(await store.outbox.namesWaiting([name], now)).toEqual([]);
      expect(await read(name, 0)).toEqual([]);
      expect(await read(name, 2e6, 3)).toHaveLength(3);
    });
  });
}
