import { expect, test } from 'vitest';
import { ChangeWatch } from '../../../src/operations/changes.ts';
import type { Look } from '../../../src/operations/look.ts';
import { noOrdersView, type OrdersView } from '../../../src/operations/seenOrders.ts';
import type { LeaseEntry } from '../../../src/store/reader.ts';
import type { Lease, Member } from '../../../src/store/store.ts';

const at = new Date(0);
const base = { ack: 0, claim: 'c', ttl: 1000, identifier: null, count: 0, recent: [] };

function lease(fields: Partial<Lease> & Pick<Lease, 'term' | 'beat' | 'holder'>): LeaseEntry {
  const state = { done: 0, burial: null };
  return { name: 'x', lease: { ...base, ...fields }, state, at, problem: null };
}

function member(id: string, state: string): Member {
  return { id, name: 'x', host: 'here', pid: 1, state, at };
}

function look(now: number, entry: LeaseEntry | null, members: Member[] = [], orders: OrdersView = noOrdersView): Look {
  const leases = entry === null ? [] : [entry];
  return { now, names: ['x'], leases, members, orders: new Map([['x', orders]]) };
}

test('the first look tells who is master, and not who was there already', () => {
  const watch = new ChangeWatch();
  const first = look(0, lease({ term: 1, beat: 1, holder: 'a' }), [member('a', 'master')]);
  expect(watch.see(first)).toEqual([{ type: 'master', name: 'x', term: 1, holder: 'a' }]);
  expect(watch.see({ ...first, now: 100 })).toEqual([]);
});

test('a release, with or without a death, and the next master are told', () => {
  const watch = new ChangeWatch();
  watch.see(look(0, lease({ term: 1, beat: 1, holder: 'a' })));
  const released = lease({ term: 1, beat: 2, holder: null, died: true });
  expect(watch.see(look(1, released))).toEqual([{ type: 'released', name: 'x', term: 1, died: true }]);
  expect(watch.see(look(2, released))).toEqual([]);
  expect(watch.see(look(3, lease({ term: 2, beat: 0, holder: 'b' })))).toEqual([
    { type: 'master', name: 'x', term: 2, holder: 'b' },
  ]);
  expect(watch.see(look(4, null))).toEqual([{ type: 'gone', name: 'x' }]);
});

test('a lease is overdue once no beat has changed for its time to live, by the clock of the looks', () => {
  const watch = new ChangeWatch();
  const silent = lease({ term: 1, beat: 1, holder: 'a' });
  watch.see(look(0, silent));
  expect(watch.see(look(1000, silent))).toEqual([]);
  expect(watch.see(look(1001, silent))).toEqual([{ type: 'overdue', name: 'x', term: 1, silent: 1001 }]);
  expect(watch.see(look(1500, silent))).toEqual([]);
  expect(watch.see(look(1600, lease({ term: 1, beat: 2, holder: 'a' })))).toEqual([
    { type: 'beating', name: 'x', term: 1 },
  ]);
});

test('members that come, change and go are told', () => {
  const watch = new ChangeWatch();
  watch.see(look(0, null, [member('a', 'slave')]));
  expect(watch.see(look(1, null, [member('a', 'master'), member('b', 'slave')]))).toEqual([
    { type: 'state', name: 'x', member: 'a', from: 'slave', to: 'master' },
    { type: 'joined', name: 'x', member: 'b', state: 'slave' },
  ]);
  expect(watch.see(look(2, null, [member('b', 'slave')]))).toEqual([{ type: 'left', name: 'x', member: 'a' }]);
});

test('what operators ask is told once', () => {
  const watch = new ChangeWatch();
  const pause = { by: 'me', reason: 'why', at, until: null, standby: false };
  const handOver = { ...{ id: '1', term: 1, to: 'b', by: 'me', reason: null, at }, state: 'asked' as const, why: null };
  watch.see(look(0, null));
  expect(watch.see(look(1, null, [], { pause, handOver, problem: null }))).toEqual([
    { type: 'paused', name: 'x', by: 'me', reason: 'why' },
    { type: 'handOver', name: 'x', state: 'asked', to: 'b', why: null },
  ]);
  expect(watch.see(look(2, null, [], { pause, handOver, problem: null }))).toEqual([]);
  const refused = { ...handOver, state: 'refused' as const, why: 'a task runs' };
  expect(watch.see(look(3, null, [], { pause: null, handOver: refused, problem: null }))).toEqual([
    { type: 'resumed', name: 'x' },
    { type: 'handOver', name: 'x', state: 'refused', to: 'b', why: 'a task runs' },
  ]);
});
