/** Orders of many members of one process: what they share is looked for once, and told as one object. */
import { expect, test } from 'vitest';
import type { Entries } from '../../../../src/store/embedded/environment.ts';
import { drainKey, ordersKey } from '../../../../src/store/embedded/keys.ts';
import { EmbeddedOrders } from '../../../../src/store/embedded/orders.ts';
import { noOrders } from '../../../../src/store/orders.ts';

function world(stored: ReadonlyMap<string, object> = new Map()) {
  const gets: string[] = [];
  const entries = {
    get: (key: Buffer) => {
      gets.push(key.toString('hex'));
      const value = stored.get(key.toString('hex'));
      return value === undefined ? undefined : { value, version: 1 };
    },
  };
  // Only `get` is called by what is tried here.
  const orders = new EmbeddedOrders(entries as unknown as Entries, { path: 'PATH', wall: () => 0 });
  return { orders, gets };
}

const drains = ['host/here', 'process/here/1'];
const keyOf = (key: string): string => drainKey(key).toString('hex');
const asked = Array.from({ length: 100 }, (_, index) => ({ name: `name-${index}`, drains }));

test('drains that all ask about are looked for once in a call, and again in the next one', () => {
  const { orders, gets } = world();
  const seen = orders.readOrders(asked);
  expect(seen).toEqual(asked.map(() => noOrders));
  expect(new Set(seen).size).toBe(1);
  for (const drain of drains) expect(gets.filter((key) => key === keyOf(drain))).toHaveLength(1);
  orders.readOrders(asked);
  for (const drain of drains) expect(gets.filter((key) => key === keyOf(drain))).toHaveLength(2);
});

test('a drain is told to all that ask about it, and to no other', () => {
  const stored = new Map([
    [keyOf('process/here/1'), {}],
    [ordersKey('name-1').toString('hex'), { subsystem: 'name-1', version: 3 }],
  ]);
  const { orders } = world(stored);
  const [first, second, third, ...last] = orders.readOrders([
    ...asked.slice(0, 2),
    { name: 'name-2', drains: ['host/elsewhere'] },
    { name: 'name-3' },
  ]);
  expect(first).toEqual({ ...noOrders, drained: true });
  expect(second).toMatchObject({ drained: true, orders: { name: 'name-1', version: 3 } });
  expect([third, ...last]).toEqual([noOrders, noOrders]);
});
