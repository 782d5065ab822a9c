/** What every store promises of its calls for many subsystems: of each the same as the call for that one alone. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Beat } from '../../src/store/manyStore.ts';
import type { Lease, Notice, Progress, TermRecord } from '../../src/store/store.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { createStore } from '../support/builtStore.ts';
import type { StoreUnderTest } from './storeContract.ts';

const limits = { commandTimeout: 10_000 };
const nothing: Progress = { identifier: null, count: 0, recent: [] };
const HOLDER = 'holder';

export function manyContract(title: string, setup: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let under: StoreUnderTest;
    let store: FullStore;
    beforeAll(async () => {
      under = await setup();
      store = createStore(under.options, limits);
      await store.open();
    });
    afterAll(() => store?.close());

    const held = async (count: number): Promise<string[]> => {
      const names = Array.from({ length: count }, () => randomUUID());
      await Promise.all(names.map((name) => store.compareAndSetLease(name, null, leaseOf(name))));
      return names;
    };
    const read = async (names: readonly string[]): Promise<(Lease | null)[]> => {
      const seen = await store.observe(names.map((name) => ({ name, tip: 0 })));
      return seen.map(({ lease }) => lease);
    };

    test('beats of many leases change each by itself, and nothing is an answer to nothing', async () => {
      const names = await held(3);
      const beats = names.map((name, index) =>
        beatOf(name, index + 1, { identifier: index, count: index, recent: [index] }),
      );
      expect(await store.many.beatAll(beats)).toEqual([true, true, true]);
      const leases = await read(names);
      expect(leases).toEqual(
        names.map((name, index) => ({
          ...leaseOf(name),
          ...{ beat: index + 1, identifier: index, count: index, recent: [index] },
        })),
      );
      expect(await store.many.beatAll([])).toEqual([]);
    });

    test('one that has another holder, and one that is gone, are told from those that are held', async () => {
      const [first = '', taken = '', last = ''] = await held(3);
      const gone = randomUUID();
      await store.compareAndSetLease(taken, leaseOf(taken), {
        ...leaseOf(taken),
        term: 2,
        holder: 'other',
        claim: 'c2',
      });
      const beats = [first, taken, gone, last].map((name) => beatOf(name, 7));
      expect(await store.many.beatAll(beats)).toEqual([true, false, false, true]);
      expect(await read([first, taken, gone, last])).toMatchObject([
        { beat: 7 },
        { beat: 0, holder: 'other' },
        null,
        { beat: 7 },
      ]);
    });

    test('if all are gone, all are told so, and nothing is made', async () => {
      const names = [randomUUID(), randomUUID()];
      expect(await store.many.beatAll(names.map((name) => beatOf(name, 1)))).toEqual([false, false]);
      expect(await read(names)).toEqual([null, null]);
    });

    test('a lease of a newer version is not beaten, and costs the others nothing', async () => {
      const [ours = '', newer = ''] = await held(2);
      await under.tamper(newer, { format: 2 });
      expect(await store.many.beatAll([beatOf(newer, 1), beatOf(ours, 1)])).toEqual([false, true]);
      expect((await under.peek(newer)).beat).toBe(0);
    });

    test('one lease that cannot be read is the error of its own look alone', async () => {
      const [fine = '', damaged = ''] = await held(2);
      await under.tamper(damaged, { beat: 'many' });
      const asked = [damaged, fine].map((name) => ({ name, tip: 0 }));
      const [error, look] = await store.many.observeAll(asked);
      expect(error).toMatchObject({
        name: 'StoreError',
        code: 'ERR_STORE_DATA',
        message: expect.stringContaining('beat'),
      });
      expect(look).toMatchObject({ lease: leaseOf(fine), newer: false });
      await expect(store.observe(asked)).rejects.toMatchObject({ code: 'ERR_STORE_DATA' });
    });

    test('more beats and looks than one command takes are answered in order', async () => {
      const names = await held(3);
      const all = Array.from({ length: 2300 }, (_, index) => names[index / 1000] ?? randomUUID());
      const beaten = await store.many.beatAll(all.map((name) => beatOf(name, 3)));
      expect(beaten.flatMap((matched, index) => (matched === true ? [index] : []))).toEqual([0, 1000, 2000]);
      expect(beaten.every((matched) => typeof matched === 'boolean')).toBe(true);
      const looks = await store.many.observeAll(all.map((name) => ({ name, tip: 0 })));
      expect(looks.flatMap((look, index) => ('lease' in look && look.lease !== null ? [index] : []))).toEqual([
        0, 1000, 2000,
      ]);
    });

    test('beats that carry as much progress as there may be are all written', async () => {
      const names = await held(60);
      const recent = Array.from({ length: 256 }, (_, index) => `${index}`.padStart(60, '.'));
      const progress = { identifier: 'x', count: 256, recent };
      expect(await store.many.beatAll(names.map((name) => beatOf(name, 1, progress)))).toEqual(names.map(() => true));
      const looks = await store.many.observeAll(names.map((name) => ({ name, tip: 0 })));
      expect(looks).toMatchObject(names.map((name) => ({ lease: { ...leaseOf(name), beat: 1, ...progress } })));
    });

    test('the highest terms of many are those of each', async () => {
      const [first = '', second = ''] = [randomUUID(), randomUUID()];
      const fresh = await store.many.highestTerms([first, second]);
      expect(fresh).toMatchObject([{ term: 0 }, { term: 0 }]);
      for (const term of [1, 2, 7]) await store.insertTerm(recordOf(second, term));
      const [none, tip] = await store.many.highestTerms([first, second]);
      expect(none).toEqual(await store.highestTerm(first));
      expect(tip).toEqual(await store.highestTerm(second));
      expect(tip).toMatchObject({ term: 7, claim: `claim of ${second}` });
    });

    test('the highest terms of many are right where one of them has more records than all others', async () => {
      const [long, short, none] = [randomUUID(), randomUUID(), randomUUID()];
      await store.many.insertTerms(Array.from({ length: 20 }, (_, index) => recordOf(long, index + 5)));
      // A gap: no record between these was ever there.
      await store.many.insertTerms([recordOf(short, 1), recordOf(short, 3)]);
      expect(await store.many.highestTerms([none, short, long])).toMatchObject([
        { term: 0 },
        { term: 3 },
        { term: 24 },
      ]);
    });

    test('claims of many are won and lost each by itself', async () => {
      const [held1 = '', held2 = '', changed = ''] = await held(3);
      await store.beat({ name: changed, term: 1, holder: HOLDER }, 1, nothing);
      const fresh = randomUUID();
      const claim = (name: string, expected: Lease | null) => ({
        name,
        expected,
        next: { ...leaseOf(name), term: 2, holder: 'next', claim: `next of ${name}` },
      });
      const claims = [
        claim(held1, leaseOf(held1)),
        claim(fresh, null),
        claim(changed, leaseOf(changed)),
        claim(held2, null),
      ];
      expect(await store.many.claimAll(claims)).toEqual([true, true, false, false]);
      const leases = await read([held1, fresh, changed, held2]);
      expect(leases.map((lease) => lease?.holder)).toEqual(['next', 'next', HOLDER, HOLDER]);
      expect(leases[1]).toEqual(claims[1]?.next);
    });

    test('records of many are inserted, and those that are there name their claim', async () => {
      const [taken, free] = [randomUUID(), randomUUID()];
      await store.insertTerm({ ...recordOf(taken, 1), claim: 'of another' });
      const last = randomUUID();
      // One that is taken keeps none behind it out.
      const told = await store.many.insertTerms([free, taken, last].map((name) => recordOf(name, 1)));
      expect(told).toEqual([{ inserted: true }, { inserted: false, claim: 'of another' }, { inserted: true }]);
      expect(await store.many.highestTerms([free, last])).toMatchObject([{ term: 1 }, { term: 1 }]);
    });

    test('releases of many free each lease of their own tenure only, and say of which a holder died', async () => {
      const [first = '', taken = '', died = ''] = await held(3);
      await store.compareAndSetLease(taken, leaseOf(taken), {
        ...leaseOf(taken),
        term: 2,
        holder: 'other',
        claim: 'c2',
      });
      const releases = [first, taken, died].map((name) => beatOf(name, 4));
      const [last] = releases.slice(-1);
      const told = await store.many.releaseAll([
        ...releases.slice(0, 2),
        ...(last === undefined ? [] : [{ ...last, died: `claim of ${died}` }]),
      ]);
      expect(told).toEqual([true, false, true]);
      expect(await read([first, taken, died])).toEqual([
        { ...leaseOf(first), beat: 4, holder: null },
        expect.objectContaining({ holder: 'other', beat: 0 }),
        { ...leaseOf(died), beat: 4, holder: null, died: true },
      ]);
    });

    test('orders come with the looks of many', async () => {
      const [paused = '', other = ''] = await held(2);
      await store.writeOrders(paused, null, { pause: { by: 'an operator', standby: false, at: new Date(5) } });
      const looks = await store.many.observeAll([other, paused].map((name) => ({ name, tip: 0 })));
      expect(looks).toMatchObject([{ orders: null }, { orders: { pause: { by: 'an operator' } } }]);
    });

    test('notices of many are read for each, and members are written and removed together', async () => {
      const names = [randomUUID(), randomUUID(), randomUUID()];
      const [first = '', , last = ''] = names;
      const configuration = { kind: 'durable', settings: { a: '1' } } as const;
      const notice = { holder: HOLDER, configuration, ttl: 1000, count: 1, wants: true };
      await store.putNotice({ ...notice, name: last });
      await store.putNotice({ ...notice, name: last, wants: false });
      await store.putNotice({ ...notice, name: first });
      const found = await store.many.readNoticesOf(names);
      expect(found.map((each) => each.length)).toEqual([1, 0, 2]);
      const byWish = (one: Notice, other: Notice): number => Number(one.wants) - Number(other.wants);
      expect(found[2]?.sort(byWish)).toEqual((await store.readNotices(last)).sort(byWish));

      const line = { host: 'h', pid: 1, state: 'slave', at: new Date(5) };
      const members = names.map((name) => ({ ...line, id: `member of ${name}`, name }));
      await store.many.putMembers(members);
      await store.many.putMembers(members.map((member) => ({ ...member, state: 'master' })));
      expect(await store.listMembers(first)).toEqual([
        { ...line, id: `member of ${first}`, name: first, state: 'master' },
      ]);
      const listed = await store.many.listMembersOf([last, randomUUID(), ...names]);
      expect(listed.map((each) => each.map(({ id }) => id))).toEqual([
        [`member of ${last}`],
        [],
        ...names.map((name) => [`member of ${name}`]),
      ]);
      expect(listed[0]).toEqual(await store.listMembers(last));
      await store.many.removeMembers(members.slice(1).map(({ id }) => id));
      expect(await store.listMembers(first)).toHaveLength(1);
      expect(await store.listMembers(last)).toEqual([]);
    });
  });
}

function leaseOf(name: string): Lease {
  return { term: 1, beat: 0, ack: 0, holder: HOLDER, claim: `claim of ${name}`, ttl: 4500, ...nothing };
}

function recordOf(name: string, term: number): TermRecord {
  return { name, term, holder: HOLDER, claim: `claim of ${name}`, ttl: 4500 };
}

function beatOf(name: string, beat: number, progress = nothing): Beat {
  return { tenure: { name, term: 1, holder: HOLDER }, beat, progress };
}
