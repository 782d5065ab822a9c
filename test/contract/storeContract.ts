/**
 * What every store promises, as tests that each store runs. Races are between processes. Where a server does not write
 * one document atomically, the tests ask for what must hold there too: the insert of a term is won once.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Configuration } from '../../src/options/configuration.ts';
import type { StoreOptions } from '../../src/options/options.ts';
import type { Presence } from '../../src/store/presence.ts';
import { presenceId } from '../../src/store/presenceDocuments.ts';
import type { Lease, Member, Notice, Progress, Store } from '../../src/store/store.ts';
import { SUCCESS_KEY_BYTES_MAX } from '../../src/store/successes.ts';
import { JOB_BYTES_MAX, type SlotTake } from '../../src/store/takenSlots.ts';
import { createStore } from '../support/builtStore.ts';
import { race } from './contenders.ts';
import { ids } from './ids.ts';

export interface StoreUnderTest {
  readonly options: StoreOptions;
  /** Whether of several who replace the same version only one can win. */
  readonly atomic: boolean;
  /** Writes fields into the stored lease of this subsystem, past the store. */
  tamper(name: string, fields: Record<string, unknown>): Promise<void>;
  /** The stored lease as it is. */
  peek(name: string): Promise<Record<string, unknown>>;
}

const CONTENDERS = 4;
const limits = { commandTimeout: 10_000 };
const nothing: Progress = { identifier: null, count: 0, recent: [] };

export function storeContract(title: string, setup: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeAll(async () => {
      under = await setup();
      store = createStore(under.options, limits);
      await store.open();
    });
    afterAll(() => store?.close());

    const read = async (name: string): Promise<Lease | null> => {
      const [observation] = await store.observe([{ name, tip: 0 }]);
      return observation?.lease ?? null;
    };
    /** A subsystem with a lease held by `holder`, and its record. */
    const held = async (holder = 'holder'): Promise<{ name: string; lease: Lease }> => {
      const name = randomUUID();
      const lease = aLease({ holder });
      await store.compareAndSetLease(name, null, lease);
      await store.insertTerm({ name, term: lease.term, holder, claim: lease.claim, ttl: lease.ttl });
      return { name, lease };
    };

    test('a subsystem that no member has claimed has no lease and no term', async () => {
      const name = randomUUID();
      expect((await store.highestTerm(name)).term).toBe(0);
      expect(await store.observe([{ name, tip: 0 }])).toMatchObject([{ lease: null, newer: false }]);
    });

    test('a first lease is put only where there is none', async () => {
      const name = randomUUID();
      const lease = aLease({ claim: 'first' });
      expect(await store.compareAndSetLease(name, lease, aLease({ claim: 'second' }))).toBe(false);
      expect(await store.compareAndSetLease(name, null, lease)).toBe(true);
      expect(await store.compareAndSetLease(name, null, aLease({ claim: 'second' }))).toBe(false);
      expect(await read(name)).toEqual(lease);
    });

    test('a lease is replaced only in the very version that was expected', async () => {
      const { name, lease } = await held();
      const next = aLease({ term: 2, claim: 'next' });
      const others: Partial<Lease>[] = [
        { term: 2 },
        { beat: 1 },
        { holder: 'other' },
        { holder: null },
        { claim: 'x' },
      ];
      for (const other of others) {
        expect(await store.compareAndSetLease(name, { ...lease, ...other }, next), JSON.stringify(other)).toBe(false);
      }
      expect(await read(name)).toEqual(lease);
      // Progress is no part of the version.
      expect(await store.compareAndSetLease(name, { ...lease, count: 99 }, next)).toBe(true);
      expect(await read(name)).toEqual(next);
    });

    test('fields that this version does not know stay in the lease', async () => {
      const { name, lease } = await held();
      await under.tamper(name, { later: 'kept' });
      const next = aLease({ term: 2, claim: 'next' });
      expect(await store.compareAndSetLease(name, lease, next)).toBe(true);
      expect(await store.beat({ name, term: 2, holder: 'holder' }, 1, nothing)).toBe(true);
      expect(await under.peek(name)).toMatchObject({ later: 'kept', term: 2, beat: 1 });
      expect(await read(name)).toEqual({ ...next, beat: 1 });
    });

    test('of several who replace one version, one wins', async () => {
      const name = randomUUID();
      const last = 100;
      const won = await race(CONTENDERS, under.options, { job: 'compareAndSet', name, last });
      const winners = won.flatMap((beats) => (Array.isArray(beats) ? beats : []));
      if (under.atomic) {
        expect(winners.sort((a, b) => a - b)).toEqual(Array.from({ length: last }, (_, index) => index + 1));
      } else {
        // Some may be won twice there; none may be lost, and the lease is whole.
        expect(new Set(winners).size).toBe(last);
      }
      expect(await read(name)).toMatchObject({ beat: last, holder: expect.stringContaining('holder') });
    });

    test('of several who insert the record of one term, one wins, and the others hear who', async () => {
      const name = randomUUID();
      const last = 100;
      const results = await race(CONTENDERS, under.options, { job: 'insert', name, last });
      const rows = results.flatMap((list): { term: number; claim: string; inserted: boolean }[] =>
        Array.isArray(list) ? list : [],
      );
      expect(rows).toHaveLength(CONTENDERS * last);
      for (let term = 1; term <= last; term++) {
        const ofTerm = rows.filter((row) => row.term === term);
        expect(ofTerm.filter(({ inserted }) => inserted)).toHaveLength(1);
        expect(new Set(ofTerm.map(({ claim }) => claim)).size).toBe(1);
      }
      expect((await store.highestTerm(name)).term).toBe(last);
    });

    test('a member that inserts its own record a second time hears that it is its own', async () => {
      const name = randomUUID();
      const record = { name, term: 7, holder: 'holder', claim: 'mine', ttl: 1000 };
      expect(await store.insertTerm(record)).toEqual({ inserted: true });
      expect(await store.insertTerm(record)).toEqual({ inserted: false, claim: 'mine' });
    });

    test('the highest term counts as a number, and for its own subsystem alone', async () => {
      const name = randomUUID();
      const longer = `${name}/more`;
      for (const term of [9, 10, 2]) await store.insertTerm({ name, term, holder: 'h', claim: 'c', ttl: 1000 });
      await store.insertTerm({ name: longer, term: 300, holder: 'h', claim: 'c', ttl: 1000 });
      expect(await store.highestTerm(name)).toMatchObject({ term: 10, ttl: 1000 });
      expect((await store.highestTerm(longer)).term).toBe(300);
    });

    test('one look answers for several subsystems in order, and sees the record above each tip', async () => {
      const a = await held('a');
      const b = await held('b');
      await store.insertTerm({ name: b.name, term: 2, holder: 'c', claim: 'c2', ttl: 1000 });
      const none = randomUUID();
      const asked = [
        { name: b.name, tip: 1 },
        { name: none, tip: 4 },
        { name: a.name, tip: 1 },
        { name: a.name, tip: 0 },
        { name: b.name, tip: 2 },
      ];
      expect(await store.observe(asked)).toMatchObject([
        { lease: b.lease, newer: true },
        { lease: null, newer: false },
        { lease: a.lease, newer: false },
        { lease: a.lease, newer: true },
        { lease: b.lease, newer: false },
      ]);
      expect(await store.observe([])).toEqual([]);
    });

    test('one look answers for more subsystems than a server puts into one answer by itself', async () => {
      const { name, lease } = await held();
      const asked = Array.from({ length: 250 }, (_, index) => ({ name: index === 240 ? name : randomUUID(), tip: 0 }));
      const observations = await store.observe(asked);
      expect(observations).toHaveLength(250);
      expect(observations[240]).toMatchObject({ lease, newer: true });
      expect(observations.filter((observation) => observation.lease !== null)).toHaveLength(1);
    });

    test('a beat and a release change the lease of their own tenure only', async () => {
      const { name, lease } = await held();
      const progress: Progress = { identifier: 'b', count: 2, recent: ['a', 'b'] };
      expect(await store.beat({ name, term: 1, holder: 'other' }, 1, progress)).toBe(false);
      expect(await store.beat({ name, term: 2, holder: 'holder' }, 1, progress)).toBe(false);
      expect(await store.release({ name, term: 2, holder: 'holder' }, 1, progress)).toBe(false);
      expect(await store.beat({ name: randomUUID(), term: 1, holder: 'holder' }, 1, progress)).toBe(false);
      expect(await read(name)).toEqual(lease);
      expect(await store.beat({ name, term: 1, holder: 'holder' }, 1, progress)).toBe(true);
      expect(await read(name)).toEqual({ ...lease, beat: 1, ...progress });
      expect(await store.release({ name, term: 1, holder: 'holder' }, 2, nothing)).toBe(true);
      expect(await read(name)).toEqual({ ...lease, beat: 2, holder: null });
      expect(await store.beat({ name, term: 1, holder: 'holder' }, 3, progress)).toBe(false);
    });

    test('a released lease can be claimed, and its former holder then changes nothing', async () => {
      const { name, lease } = await held();
      await store.release({ name, term: 1, holder: 'holder' }, 1, nothing);
      const next = aLease({ term: 2, holder: 'next', claim: 'next' });
      expect(await store.compareAndSetLease(name, { ...lease, beat: 1, holder: null }, next)).toBe(true);
      expect(await store.beat({ name, term: 1, holder: 'holder' }, 5, nothing)).toBe(false);
      expect(await store.release({ name, term: 1, holder: 'holder' }, 6, nothing)).toBe(false);
      expect(await read(name)).toEqual(next);
    });

    test('beats of one holder that are under way together are all written', async () => {
      const { name } = await held();
      const beats = [1, 2, 3, 4].map((beat) => store.beat({ name, term: 1, holder: 'holder' }, beat, nothing));
      expect(await Promise.all(beats)).toEqual([true, true, true, true]);
    });

    test.each(ids)('the id %o comes back as the same value', async (id) => {
      const { name, lease } = await held();
      const progress = { identifier: id, count: 1, recent: [id, 'x', id] };
      expect(await store.beat({ name, term: 1, holder: 'holder' }, 1, progress)).toBe(true);
      // `toEqual` tells 0 from -0.
      expect(await read(name)).toEqual({ ...lease, beat: 1, ...progress });
    });

    test('progress with as many recent ids as there may be comes back whole', async () => {
      const { name, lease } = await held();
      const recent = Array.from({ length: 256 }, (_, index) => (index % 2 ? `id ${index}` : 2 ** 31 + index));
      const progress = { identifier: recent[255] ?? null, count: Number.MAX_SAFE_INTEGER, recent };
      expect(await store.beat({ name, term: 1, holder: 'holder' }, 1, progress)).toBe(true);
      expect(await read(name)).toEqual({ ...lease, beat: 1, ...progress });
    });

    test('trimming deletes the records below, of this subsystem, and never the tip', async () => {
      const name = randomUUID();
      const other = randomUUID();
      for (const term of [1, 2, 3, 4]) await store.insertTerm({ name, term, holder: 'h', claim: 'c', ttl: 1000 });
      await store.insertTerm({ name: other, term: 1, holder: 'h', claim: 'c', ttl: 1000 });
      const there = async () => {
        const seen = await store.observe([0, 1, 2, 3].map((tip) => ({ name, tip })));
        return seen.map(({ newer }) => newer);
      };
      await store.trimTerms(name, 3);
      expect(await there()).toEqual([false, false, true, true]);
      await store.trimTerms(name, 1000);
      expect(await there()).toEqual([false, false, false, true]);
      expect((await store.highestTerm(name)).term).toBe(4);
      expect((await store.highestTerm(other)).term).toBe(1);
      await store.trimTerms(randomUUID(), 1000);
    });

    test('a lease says how its holder is configured, through beats and a release, until another member claims', async () => {
      const name = randomUUID();
      const configuration: Configuration = { kind: 'memory', settings: { key: '"a.b"', attempts: 'Infinity' } };
      const lease = { ...aLease({ holder: 'holder' }), configuration };
      await store.compareAndSetLease(name, null, lease);
      expect(await read(name)).toEqual(lease);
      const tenure = { name, term: lease.term, holder: 'holder' };
      await store.beat(tenure, 1, nothing);
      await store.release(tenure, 2, nothing);
      const released = await read(name);
      expect(released).toMatchObject({ holder: null, beat: 2, configuration });
      // As an older version does, which leaves what it does not know.
      const older = aLease({ holder: 'older', term: 2, claim: 'older' });
      expect(await store.compareAndSetLease(name, released, older)).toBe(true);
      expect((await read(name))?.configuration).toBeUndefined();
    });

    test('a lease says which process claimed it, until another member claims', async () => {
      const name = randomUUID();
      const process = { boot: 'b', namespace: 'pid:[1]', pid: 7, start: '70' };
      const lease = { ...aLease({ holder: 'holder' }), process };
      await store.compareAndSetLease(name, null, lease);
      await store.beat({ name, term: 1, holder: 'holder' }, 1, nothing);
      expect(await read(name)).toEqual({ ...lease, beat: 1 });
      const older = aLease({ holder: 'older', term: 2, claim: 'older' });
      expect(await store.compareAndSetLease(name, { ...lease, beat: 1 }, older)).toBe(true);
      expect(await read(name)).toEqual(older);
    });

    test('the highest term names its claim', async () => {
      const { name, lease } = await held();
      expect(await store.highestTerm(name)).toMatchObject({ term: 1, claim: lease.claim, ttl: lease.ttl });
      expect((await store.highestTerm(randomUUID())).claim).toBeUndefined();
    });

    test('the lease of a holder that died is released for its very claim alone', async () => {
      const { name, lease } = await held();
      const dead = { name, term: 1, holder: 'holder', claim: lease.claim };
      const others = [{ name: randomUUID() }, { term: 2 }, { holder: 'other' }, { claim: 'other' }];
      for (const other of others) {
        expect(await store.releaseDead({ ...dead, ...other }), JSON.stringify(other)).toBe(false);
      }
      expect(await read(name)).toEqual(lease);
      expect(await store.releaseDead(dead)).toBe(true);
      expect(await read(name)).toEqual({ ...lease, holder: null, died: true });
      expect(await store.releaseDead(dead)).toBe(false);
      expect(await store.beat({ name, term: 1, holder: 'holder' }, 1, nothing)).toBe(false);
    });

    test('a death counts for the claim that died, and for no later one', async () => {
      const { name, lease } = await held();
      expect(await store.release({ name, term: 1, holder: 'holder' }, 1, nothing, lease.claim)).toBe(true);
      const died = await read(name);
      expect(died).toEqual({ ...lease, beat: 1, holder: null, died: true });
      const next = aLease({ term: 2, holder: 'next', claim: 'next' });
      expect(await store.compareAndSetLease(name, died, next)).toBe(true);
      expect(await read(name)).toEqual(next);
      expect(await store.release({ name, term: 2, holder: 'next' }, 1, nothing)).toBe(true);
      expect(await read(name)).toEqual({ ...next, beat: 1, holder: null });
    });

    test('notices are one for each kind and wish, the last, and no lines of members', async () => {
      const name = randomUUID();
      const notice: Notice = {
        ...{ name, holder: 'a', ttl: 4500, count: 1, wants: false },
        configuration: { kind: 'memory', settings: { attempts: '3' } },
      };
      const durable: Notice = { ...notice, holder: 'b', wants: true, configuration: { kind: 'durable', settings: {} } };
      expect(await store.readNotices(name)).toEqual([]);
      await store.putNotice(notice);
      await store.putNotice(durable);
      await store.putNotice({ ...notice, name: randomUUID(), count: 9 });
      const last: Notice = {
        ...notice,
        holder: 'c',
        count: 2,
        configuration: { kind: 'memory', settings: { key: '"x"' } },
      };
      await store.putNotice(last);
      const byHolder = (a: Notice, b: Notice) => (a.holder < b.holder ? -1 : 1);
      const content = { ...durable, holder: 'd', wants: false };
      await store.putNotice(content);
      expect((await store.readNotices(name)).sort(byHolder)).toEqual([durable, last, content]);
      expect(await store.listMembers(name)).toEqual([]);
    });

    test('the line of a process is the last, is no line of a member, and leaves out candidacies that are known', async () => {
      const key = randomUUID();
      const names = Uint32Array.of(1, 0x80000000, 0xffffffff);
      const line: Presence = {
        ...{ key, process: `process/here/1/${key}`, holders: 'here:1:', count: 1, held: 3, set: `set ${key}` },
        candidacies: [
          { priority: 0, names: new Uint32Array(0) },
          { priority: 50, names },
        ],
      };
      const mine = async (known: string[]) => (await store.readPresences(known)).filter((found) => found.key === key);
      expect(await mine([])).toEqual([]);
      await store.putPresence(line);
      await store.putPresence({ ...line, count: 2, held: 0 });
      expect(await mine([])).toEqual([{ ...line, count: 2, held: 0 }]);
      const { candidacies: _, ...short } = line;
      expect(await mine([line.set, 'another'])).toEqual([{ ...short, count: 2, held: 0 }]);
      const others = await store.readPresences([]);
      expect(others.every(({ candidacies }) => candidacies !== undefined)).toBe(true);
      const many = {
        ...line,
        candidacies: [{ priority: 50, names: Uint32Array.from({ length: 10_000 }, (_, n) => n) }],
      };
      await store.putPresence({ ...many, set: 'many' });
      expect(await mine([line.set])).toEqual([{ ...many, set: 'many' }]);
      await store.removeMember(presenceId(key));
      expect(await mine([])).toEqual([]);
    });

    test('a success is on record once, under the first term, and is no record of a term', async () => {
      const name = randomUUID();
      const success = { name, key: 'schema/7', term: 3, holder: 'a' };
      expect(await store.findSuccess(name, success.key)).toBeNull();
      await store.putSuccess(success);
      await store.putSuccess({ ...success, term: 4, holder: 'b' });
      expect(await store.findSuccess(name, success.key)).toEqual({ ...success, at: expect.any(Date) });
      expect(await store.findSuccess(name, 'schema')).toBeNull();
      expect(await store.findSuccess(`${name}/schema`, '7')).toBeNull();
      expect((await store.highestTerm(name)).term).toBe(0);
      const longest = { ...success, name: 'n'.repeat(256), key: 'k'.repeat(SUCCESS_KEY_BYTES_MAX) };
      await store.putSuccess(longest);
      expect(await store.findSuccess(longest.name, longest.key)).toMatchObject({ holder: 'a' });
    });

    test('a slot of a job is taken once, by one of all that ask, and none is taken after a later one', async () => {
      const name = randomUUID();
      const take = (claim: string, slot: number, more: Partial<SlotTake> = {}) =>
        store.takeSlot({ name, job: 'clean', slot, claim, term: 1, holder: claim, ...more });
      const asked = await Promise.all(Array.from({ length: 8 }, (_, member) => take(`${member}`, 1000)));
      expect(asked.filter(({ taken }) => taken)).toHaveLength(1);
      expect(asked.filter(({ taken }) => !taken)).toEqual(Array(7).fill({ taken: false, last: 1000 }));
      expect(await take('a', 3000)).toEqual({ taken: true });
      // As after an answer that was lost.
      expect(await take('a', 3000)).toEqual({ taken: true });
      expect(await take('b', 3000)).toEqual({ taken: false, last: 3000 });
      expect(await take('b', 2000)).toEqual({ taken: false, last: 3000 });
      expect(await take('b', 2000)).toEqual({ taken: false, last: 3000 });
      expect(await take('b', 10_000)).toEqual({ taken: true });
      expect(await take('c', 4000, { replaces: 9000 })).toEqual({ taken: false, last: 10_000 });
      expect(await take('c', 4000, { replaces: 10_000 })).toEqual({ taken: true });
      expect(await take('d', 4000, { replaces: 10_000 })).toEqual({ taken: false, last: 4000 });
      expect(await take('d', 4001)).toEqual({ taken: true });
    });

    test('the slots of other jobs and names are others, also where they read alike', async () => {
      const name = randomUUID();
      const asked: [string, string][] = [
        ...([
          [name, 'a'],
          [name, 'b'],
          [name, 'a/1'],
          [`${name}/1`, 'a'],
          [name, 'a\0'],
          [name, 'ä'],
        ] as const),
        [name.padEnd(256, 'n'), 'j'.repeat(JOB_BYTES_MAX)],
      ].map(([name = '', job = '']) => [name, job]);
      for (const [name, job] of asked) {
        const take = { name, job, slot: Date.now(), claim: 'c', term: 1, holder: 'h' };
        expect(await store.takeSlot(take), job).toEqual({ taken: true });
      }
      expect((await store.highestTerm(name)).term).toBe(0);
      expect(await store.findSuccess(name, 'a')).toBeNull();
    });

    test('a member has one line, which goes when it is removed', async () => {
      const name = randomUUID();
      const member: Member = { id: `${name}/1`, name, host: 'host', pid: 1, state: 'slave', at: new Date() };
      const second = {
        ...member,
        id: `${name}/2`,
        pid: 2,
        priority: 60,
        drained: true,
        drain: 'process/host/2/20',
        version: '1.2.3',
      };
      await store.putMember({ ...member, state: 'init' });
      await store.putMember(member);
      await store.putMember(second);
      await store.putMember({ ...member, id: `${name}/3`, name: 'another' });
      const byId = (a: Member, b: Member) => (a.id < b.id ? -1 : 1);
      expect((await store.listMembers(name)).sort(byId)).toEqual([member, second]);
      await store.removeMember(member.id);
      await store.removeMember('nobody');
      expect(await store.listMembers(name)).toEqual([second]);
    });

    test.each([
      ['term', 'two'],
      ['term', 1.5],
      ['beat', null],
      ['holder', 5],
      ['claim', {}],
      ['ttl', 'long'],
      ['count', -1],
      ['identifier', [1]],
      ['recent', 'none'],
      ['recent', [1, null]],
    ])('a lease whose %s is %j is refused by name', async (field, value) => {
      const { name } = await held();
      await under.tamper(name, { [field]: value });
      await expect(store.observe([{ name, tip: 0 }])).rejects.toMatchObject({
        code: 'ERR_STORE_DATA',
        message: expect.stringMatching(new RegExp(`${name}.*${field}`)),
      });
    });

    test('a store that is not open, or is closed, refuses, and closes as often as asked', async () => {
      const other = createStore(under.options, limits);
      await expect(other.highestTerm('x')).rejects.toMatchObject({ code: 'ERR_STORE' });
      await Promise.all([other.open(), other.open()]);
      await other.open();
      expect((await other.highestTerm(randomUUID())).term).toBe(0);
      await other.close();
      await other.close();
      await expect(other.highestTerm('x')).rejects.toMatchObject({ code: 'ERR_STORE' });
      await expect(other.open()).rejects.toMatchObject({ code: 'ERR_STORE' });
      // The one beside it is none the worse.
      expect((await store.highestTerm(randomUUID())).term).toBe(0);
    });

    test('a store that is closed while it opens does not stay open', async () => {
      const other = createStore(under.options, limits);
      const opening = other.open();
      await Promise.all([expect(opening).rejects.toMatchObject({ code: 'ERR_STORE' }), other.close()]);
    });
  });
}

function aLease(fields: Partial<Lease>): Lease {
  return { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500.25, ...nothing, ...fields };
}
