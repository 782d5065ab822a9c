/** What every store promises a master that moves tasks into the queue from elsewhere: each once, by its origin. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lease, Tenure } from '../../src/store/store.ts';
import type { FullStore, Moment, RelayedTask } from '../../src/store/taskStore.ts';
import { systemClock } from '../../src/time/systemClock.ts';
import { acknowledgement } from '../support/acknowledgements.ts';
import { createStore } from '../support/builtStore.ts';
import type { StoreUnderTest } from './storeContract.ts';
import { aTask, MANY, many, seqs, stored } from './taskContract.ts';

const lease: Lease = {
  ...{ term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500 },
  ...{ identifier: null, count: 0, recent: [] },
};
const everything = { tasks: MANY, bytes: Number.MAX_SAFE_INTEGER };
const relayed = expect.objectContaining({ type: 'relayed', seq: expect.any(Number) });
const known = { type: 'known' };

const moment = (): Moment => ({ now: systemClock.now(), sinceBoot: systemClock.sinceBoot() });
const from = (origin: string, id: string = origin): RelayedTask => ({ ...aTask(id), origin });
const some = (count: number, prefix = 'o'): RelayedTask[] =>
  Array.from({ length: count }, (_, index) => from(`${prefix} ${index}`));

export function relayContract(title: string, setup: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let under: StoreUnderTest;
    let store: FullStore;
    beforeAll(async () => {
      under = await setup();
      store = createStore(under.options, { commandTimeout: 30_000 });
      await store.open();
    });
    afterAll(() => store?.close());

    const queue = async () => {
      const name = randomUUID();
      const tenure: Tenure = { name, term: lease.term, holder: 'holder' };
      await store.compareAndSetLease(name, null, lease);
      const relay = (...tasks: RelayedTask[]) => store.tasks.relayTasks(tenure, tasks, moment());
      const all = () => store.tasks.tasksAfter(name, 0, everything);
      return { name, tenure, relay, all };
    };

    test('tasks are stored in their order, at the end, with their origin and what else is told of them', async () => {
      const { name, relay, all } = await queue();
      await store.tasks.addTasks(name, many(2), MANY);
      const details = { text: 'a', number: 1.5, large: 2 ** 41, negative: -7, yes: true, no: false, nothing: null };
      expect(await relay({ ...from('x'), details }, from('y'))).toEqual(stored(3, 4));
      await store.tasks.addTasks(name, many(1, 'later'), MANY);
      const found = await all();
      expect(seqs(found)).toEqual([1, 2, 3, 4, 5]);
      expect(found.map(({ origin }) => origin)).toEqual([undefined, undefined, 'x', 'y', undefined]);
      expect(found.map((task) => task.details)).toEqual([undefined, undefined, details, undefined, undefined]);
      expect(Object.keys(found[0] ?? {})).not.toContain('origin');
      expect(Buffer.from(found[2]?.bytes ?? []).toString()).toBe('payload of x');
    });

    test('an origin is stored once, queued or done, also in one call and beside new ones', async () => {
      const { tenure, relay, all } = await queue();
      expect(await relay()).toEqual([]);
      expect(await relay(...some(3))).toEqual(stored(1, 3));
      expect(await relay(...some(3))).toEqual([1, 2, 3].map((seq) => ({ type: 'relayed', seq })));
      expect(await relay(from('n 0'), from('o 1', 'another id'), from('n 1'))).toEqual([
        { type: 'stored', seq: 4 },
        relayed,
        { type: 'stored', seq: 5 },
      ]);
      await store.tasks.acknowledge(tenure, acknowledgement(5, null));
      expect(await relay(...some(4))).toEqual([relayed, relayed, relayed, { type: 'stored', seq: 6 }]);
      expect(seqs(await all()).at(-1)).toBe(6);
    });

    test('an id that is queued by another task is known, and one that is done comes again', async () => {
      const { name, tenure, relay, all } = await queue();
      await store.tasks.addTasks(name, many(2), MANY);
      expect(await relay(from('a', 'task 0'), from('b', 'b'), from('c', 'task 1'))).toEqual([
        known,
        { type: 'stored', seq: 3 },
        known,
      ]);
      expect(await relay(from('d', 'twice'), from('e', 'twice'))).toEqual([{ type: 'stored', seq: 4 }, known]);
      await store.tasks.acknowledge(tenure, acknowledgement(4, null));
      expect(await relay(from('a', 'task 0'), from('b', 'b'))).toEqual([{ type: 'stored', seq: 5 }, relayed]);
      expect((await all()).map(({ id }) => id).at(-1)).toBe('task 0');
    });

    test('an id that came again after its task was done hides no origin', async () => {
      const { name, tenure, relay } = await queue();
      await relay(from('first', 'id'));
      await store.tasks.acknowledge(tenure, acknowledgement(1, null));
      await store.tasks.addTasks(name, [aTask('id')], MANY);
      expect(await relay(from('first', 'id'))).toEqual([relayed]);
    });

    test('origins of one queue are nothing to another, and two that differ by their case are two', async () => {
      const [one, other] = await Promise.all([queue(), queue()]);
      expect(await one.relay(from('o', 'x'), from('O', 'y'))).toEqual(stored(1, 2));
      expect(await other.relay(from('o', 'x'), from('O', 'y'))).toEqual(stored(1, 2));
    });

    test('two that relay the same at once, and others that submit, double nothing and leave no gap', async () => {
      const { name, relay, all } = await queue();
      const submit = (prefix: string) => store.tasks.addTasks(name, many(4, prefix), MANY);
      const batches = [some(6), some(6).reverse(), some(3, 'other'), some(6)];
      await Promise.all([...batches.map((tasks) => relay(...tasks)), submit('p'), submit('q')]);
      const found = await all();
      expect(seqs(found)).toEqual(Array.from({ length: 17 }, (_, index) => index + 1));
      const origins = found.flatMap(({ origin }) => origin ?? []);
      expect(new Set(origins).size).toBe(9);
      expect(origins).toHaveLength(9);
    });

    test('a trimmed task gives up its origin, and the others keep theirs', async () => {
      const { name, tenure, relay, all } = await queue();
      await relay(...some(4));
      await store.tasks.acknowledge(tenure, acknowledgement(3, null));
      await store.tasks.trimTasks(name, 2);
      const left = (await all()).map(({ origin }) => origin);
      const again = await relay(...some(4));
      // One store trims at once, the other one in a minute.
      expect(again?.map(({ type }) => type === 'relayed')).toEqual(some(4).map(({ origin }) => left.includes(origin)));
    });

    test('a large batch is stored', async () => {
      const { relay } = await queue();
      const results = await relay(...some(1500));
      expect(results?.every(({ type }) => type === 'stored')).toBe(true);
    });
  });
}
