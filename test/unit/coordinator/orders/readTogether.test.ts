/** Many members ask for their orders, and the store is asked once. */
import { expect, test } from 'vitest';
import { ReadTogether } from '../../../../src/coordinator/orders/readTogether.ts';
import { noOrders, type OrdersAsked, type SeenOrders } from '../../../../src/store/orders.ts';

function played(answer: (asked: readonly OrdersAsked[]) => SeenOrders[]) {
  const asked: string[][] = [];
  const later: (() => void)[] = [];
  const store = {
    readOrders: async (names: readonly OrdersAsked[]) => {
      asked.push(names.map(({ name }) => name));
      return answer(names);
    },
  };
  const reads = new ReadTogether(store, (callback) => later.push(callback));
  const run = (): void => {
    for (const callback of later.splice(0)) callback();
  };
  return { asked, reads, run };
}

test('what is asked in one turn is one call, and each has its own answer', async () => {
  const { asked, reads, run } = played((names) => names.map(({ name }) => ({ ...noOrders, drained: name === 'b' })));
  const both = Promise.all([reads.read({ name: 'a' }), reads.read({ name: 'b' })]);
  expect(asked).toEqual([]);
  run();
  expect((await both).map(({ drained }) => drained)).toEqual([false, true]);
  const third = reads.read({ name: 'c' });
  run();
  await third;
  expect(asked).toEqual([['a', 'b'], ['c']]);
});

test('a store that fails, or answers too little, fails those who asked, and no later one', async () => {
  let answers: () => SeenOrders[] = () => {
    throw new Error('away');
  };
  const { reads, run } = played(() => answers());
  const first = reads.read({ name: 'a' });
  run();
  await expect(first).rejects.toThrow('away');
  answers = () => [noOrders];
  const second = Promise.allSettled([reads.read({ name: 'a' }), reads.read({ name: 'b' })]);
  run();
  expect((await second).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});

test('what waits for the beats of a turn comes after all that was asked for in it, and reads together', async () => {
  const { asked, reads, run } = played((names) => names.map(() => noOrders));
  const order: string[] = [];
  const read = (name: string) => (): void => {
    order.push(name);
    void reads.read({ name });
  };
  reads.afterBeats(read('a'));
  reads.afterBeats(read('b'));
  run();
  // The beats have gone out by now.
  expect(order).toEqual([]);
  run();
  expect([order, asked]).toEqual([['a', 'b'], []]);
  run();
  expect(asked).toEqual([['a', 'b']]);
  reads.afterBeats(read('c'));
  run();
  run();
  run();
  expect(asked).toEqual([['a', 'b'], ['c']]);
});
