/** What every store promises of its epochs: when it vouches for what it does not hold, and that it forgets this with the rest. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoreOptions } from '../../src/options/options.ts';
import type { Observation, Store } from '../../src/store/store.ts';
import { createStore } from '../support/builtStore.ts';

/** A store of its own, which has never been used. */
export interface NewStore {
  readonly options: StoreOptions;
  /** Takes everything out of it, past the store and under its users. */
  lose(): Promise<void>;
  /** Writes fields into what names the epoch, past the store. */
  tamper(fields: Record<string, unknown>): Promise<void>;
}

const limits = { commandTimeout: 10_000 };

export function settledContract(title: string, setup: () => Promise<NewStore>): void {
  describe(title, () => {
    let under: NewStore;
    let store: Store;
    const opened: Store[] = [];
    const open = async (): Promise<Store> => {
      const one = createStore(under.options, limits);
      opened.push(one);
      await one.open();
      return one;
    };
    beforeEach(async () => {
      under = await setup();
      store = await open();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((one) => one.close()));
    });

    const look = async (wait?: number, from = store): Promise<Observation> => {
      const [seen] = await from.observe([{ name: 'any', tip: 0, ...(wait === undefined ? {} : { wait }) }]);
      if (seen === undefined) throw new Error('the store answered a look with nothing');
      return seen;
    };

    test('a new store is not settled, and has one epoch for all who look', async () => {
      const { settled, epoch } = await look();
      expect(settled).toBe(false);
      expect(epoch).not.toBe('');
      expect(await look()).toMatchObject({ lease: null, newer: false, settled: false, epoch });
      expect(await look(1, await open())).toMatchObject({ settled: false, epoch });
      expect(await store.highestTerm('any')).toEqual({ term: 0, ttl: 0, epoch });
    });

    test('several who look first at the same time see one epoch', async () => {
      const stores = await Promise.all([open(), open(), open(), open()]);
      const looks = [...stores, ...stores].map(async (one, index) =>
        index % 2 === 0 ? (await look(0, one)).epoch : (await one.highestTerm('any')).epoch,
      );
      expect(new Set(await Promise.all(looks)).size).toBe(1);
    });

    test('it is settled for waits up to the longest that it was settled for', async () => {
      const { epoch } = await look();
      await store.settle(epoch, 1000);
      await store.settle(epoch, 400);
      const settled = async (wait?: number) => (await look(wait, await open())).settled;
      expect([await settled(), await settled(1000), await settled(1000.5)]).toEqual([true, true, false]);
      await store.settle(epoch, 60_000);
      expect(await settled(60_000)).toBe(true);
      expect((await look()).epoch).toBe(epoch);
    });

    test('one look answers for each subsystem by the wait that it asks about', async () => {
      const { epoch } = await look();
      await store.settle(epoch, 1000);
      const asked = [10, 5000].map((wait) => ({ name: randomUUID(), tip: 0, wait }));
      expect((await store.observe(asked)).map(({ settled }) => settled)).toEqual([true, false]);
    });

    test('when it has lost everything it is in another epoch, and not settled, and no one who waited in the one before settles it', async () => {
      const { epoch } = await look();
      await store.settle(epoch, 1000);
      await store.insertTerm({ name: 'any', term: 1, holder: 'h', claim: 'c', ttl: 1000 });
      await under.lose();
      // Before anyone has looked, and after.
      await store.settle(epoch, 1000);
      const seen = await look();
      expect(seen).toMatchObject({ settled: false, newer: false });
      expect(seen.epoch).not.toBe(epoch);
      await store.settle(epoch, 1000);
      expect(await look()).toEqual(seen);
      expect(await store.highestTerm('any')).toEqual({ term: 0, ttl: 0, epoch: seen.epoch });
      await store.settle(seen.epoch, 1000);
      expect(await look()).toEqual({ ...seen, settled: true });
    });

    test.each([
      ['epoch', 7],
      ['wait', 'long'],
      ['wait', -1],
    ])('an epoch whose %s is %j is refused by name', async (field, value) => {
      await look();
      await under.tamper({ [field]: value });
      const refused = { code: 'ERR_STORE_DATA', message: expect.stringContaining(field) };
      await expect(look()).rejects.toMatchObject(refused);
      await expect(store.highestTerm('any')).rejects.toMatchObject(refused);
    });

    test('an epoch that a newer version wrote is neither read nor settled', async () => {
      const { epoch } = await look();
      await under.tamper({ format: 2 });
      await store.settle(epoch, 1000);
      await expect(look()).rejects.toMatchObject({ code: 'ERR_NEWER_FORMAT' });
      await under.tamper({ format: null });
      expect((await look()).settled).toBe(false);
    });
  });
}
