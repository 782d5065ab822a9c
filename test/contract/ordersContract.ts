/** What every store promises of what operators ask for: written by compare-and-set, read with each look, and never in its way. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HandOver, Pause } from '../../src/store/orders.ts';
import type { Store } from '../../src/store/store.ts';
import { createStore } from '../support/builtStore.ts';
import type { StoreUnderTest } from './storeContract.ts';

export interface OrdersUnderTest extends StoreUnderTest {
  /** Writes fields into the stored orders of this subsystem, past the store. */
  tamperOrders(name: string, fields: Record<string, unknown>): Promise<void>;
  /** The stored orders as they are. */
  peekOrders(name: string): Promise<Record<string, unknown>>;
}

const at = new Date(1_700_000_000_000);
const handOver: HandOver = { id: 'h1', term: 3, to: 'b', by: 'me@here', reason: 'deploy', at, state: 'asked' };
const pause: Pause = { by: 'me@here', at, until: 1_700_000_100_000, standby: false };

export function ordersContract(title: string, setup: () => Promise<OrdersUnderTest>): void {
  describe(title, () => {
    let under: OrdersUnderTest;
    let store: Store;
    beforeAll(async () => {
      under = await setup();
      store = createStore(under.options, { commandTimeout: 10_000 });
      await store.open();
    });
    afterAll(() => store?.close());

    const read = async (name: string, drains: readonly string[] = []) => {
      const [seen] = await store.readOrders([{ name, drains }]);
      if (seen === undefined) throw new Error('the store answered with nothing');
      return seen;
    };

    test('where no one has asked for anything there is nothing, and writing an expected version fails', async () => {
      const name = randomUUID();
      expect(await read(name)).toEqual({ orders: null, drained: false, preferred: null });
      expect(await store.writeOrders(name, 1, { pause })).toBe(false);
      expect(await read(name)).toMatchObject({ orders: null });
    });

    test('orders are written in the expected version only, and count it up', async () => {
      const name = randomUUID();
      expect(await store.writeOrders(name, null, { handOver })).toBe(true);
      expect(await store.writeOrders(name, null, { pause })).toBe(false);
      expect((await read(name)).orders).toEqual({ name, version: 1, handOver });
      expect(await store.writeOrders(name, 2, { pause })).toBe(false);
      expect(await store.writeOrders(name, 1, { pause })).toBe(true);
      expect(await store.writeOrders(name, 1, { handOver: null })).toBe(false);
      expect((await read(name)).orders).toEqual({ name, version: 2, handOver, pause });
    });

    test('a write changes what it names, and takes away what it says is null', async () => {
      const name = randomUUID();
      await store.writeOrders(name, null, { handOver, pause });
      const refused: HandOver = { id: 'h2', term: 4, by: 'x', at, state: 'refused', why: 'a task runs' };
      expect(await store.writeOrders(name, 1, { handOver: refused })).toBe(true);
      expect((await read(name)).orders).toEqual({ name, version: 2, handOver: refused, pause });
      expect(await store.writeOrders(name, 2, { pause: null })).toBe(true);
      expect((await read(name)).orders).toEqual({ name, version: 3, handOver: refused });
      expect(await store.writeOrders(name, 3, { pause: { ...pause, standby: true }, handOver: null })).toBe(true);
      expect((await read(name)).orders).toEqual({ name, version: 4, pause: { ...pause, standby: true } });
    });

    test('of several who write one version, one wins', async () => {
      const name = randomUUID();
      for (const expected of [null, 1]) {
        const writers = Array.from({ length: 8 }, () => store.writeOrders(name, expected, { pause }));
        const won = (await Promise.all(writers)).filter((written) => written);
        if (under.atomic || expected === null) expect(won).toHaveLength(1);
        else expect(won.length).toBeGreaterThan(0);
      }
      expect((await read(name)).orders?.version).toBe(2);
    });

    test('fields that this version does not know stay in the orders', async () => {
      const name = randomUUID();
      await store.writeOrders(name, null, { handOver });
      await under.tamperOrders(name, { later: 'kept' });
      await store.writeOrders(name, 1, { pause, handOver: null });
      expect(await under.peekOrders(name)).toMatchObject({ later: 'kept', version: 2 });
      expect((await read(name)).orders).toEqual({ name, version: 2, pause });
    });

    test('orders are neither lease nor term record, and a look brings them', async () => {
      const name = randomUUID();
      await store.writeOrders(name, null, { pause });
      await store.putPreferred({ name, holder: 'a', priority: 60, count: 1 });
      expect(await store.highestTerm(name)).toMatchObject({ term: 0 });
      await store.trimTerms(name, 1000);
      const key = `host/${name}`;
      await store.putDrain({ key, by: 'me', at });
      const none = randomUUID();
      const looks = await store.observe([
        { name: none, tip: 0 },
        { name, tip: 0, drains: ['host/other', key] },
      ]);
      const preferred = { name, holder: 'a', priority: 60, count: 1 };
      expect(looks).toMatchObject([
        { lease: null, orders: null, drained: false, preferred: null },
        { lease: null, newer: false, orders: { name, version: 1, pause }, drained: true, preferred },
      ]);
    });

    test('orders of many subsystems are read in one call, in order', async () => {
      const names = Array.from({ length: 250 }, () => randomUUID());
      const last = names[240] ?? '';
      await store.writeOrders(last, null, { pause });
      const seen = await store.readOrders(names.map((name) => ({ name, drains: ['host/none'] })));
      expect(seen).toHaveLength(250);
      expect(seen.flatMap(({ orders }) => orders ?? [])).toEqual([{ name: last, version: 1, pause }]);
      expect(await store.readOrders([])).toEqual([]);
    });

    test('a drain is there until it is removed, for those whose key it has', async () => {
      const name = randomUUID();
      const host = { key: `host/${name}`, by: 'me', reason: 'new kernel', at };
      const process = { key: `process/${name}/7/70`, by: 'me', at };
      await store.putDrain({ ...host, reason: 'old' });
      await store.putDrain(host);
      await store.putDrain(process);
      const ours = (await store.listDrains()).filter(({ key }) => key.includes(name));
      expect(ours.sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual([host, process]);
      expect((await read(name, [process.key])).drained).toBe(true);
      expect((await read(name, [`process/${name}/8/70`])).drained).toBe(false);
      await store.removeDrain(process.key);
      await store.removeDrain('none');
      expect((await read(name, [process.key])).drained).toBe(false);
      expect((await read(name, [process.key, host.key])).drained).toBe(true);
    });

    test('of those who go first the last one that wrote is there', async () => {
      const name = randomUUID();
      await store.putPreferred({ name, holder: 'a', priority: 60, count: 1 });
      await store.putPreferred({ name, holder: 'b', priority: 70, count: 9 });
      expect((await read(name)).preferred).toEqual({ name, holder: 'b', priority: 70, count: 9 });
    });

    test.each([
      ['a newer format', { format: 2 }, 'ERR_NEWER_FORMAT'],
      ['no version', { version: 'two' }, 'ERR_STORE_DATA'],
      ['a pause that is none', { pause: 'yes' }, 'ERR_STORE_DATA'],
      ['an unknown state', { handOver: { id: 'x', term: 1, by: 'y', at, state: 'later' } }, 'ERR_STORE_DATA'],
    ])('orders of %s are told, not obeyed, not overwritten, and fail no look', async (_, fields, code) => {
      const name = randomUUID();
      await store.writeOrders(name, null, { pause });
      await under.tamperOrders(name, fields);
      const [look] = await store.observe([{ name, tip: 0 }]);
      expect(look).toMatchObject({ lease: null, orders: null, unreadable: { code } });
      expect(look?.unreadable?.message).toContain(name);
      expect(await read(name)).toMatchObject({ orders: null, unreadable: { code } });
      if ('format' in fields) expect(await store.writeOrders(name, 1, { pause: null })).toBe(false);
    });
  });
}
