import { describe, expect, test } from 'vitest';
import {
  askHandOver,
  askPause,
  askResume,
  followHandOver,
  heldUnder,
  membersBy,
} from '../../../src/operations/requests.ts';
import type { HandOver, Orders, OrdersChange } from '../../../src/store/orders.ts';
import type { StoreReader } from '../../../src/store/reader.ts';
import type { Lease, Member } from '../../../src/store/store.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const who = { by: 'me@here', reason: undefined };
const base = { beat: 1, ack: 0, claim: 'c', ttl: 1000, identifier: null, count: 0, recent: [] };

/** A store of one subsystem, whose master the test plays. */
class PlayedStore {
  lease: Lease | null = { ...base, term: 3, holder: 'a' };
  orders: Orders | null = null;
  members: Member[] = [];
  /** Is run before a write, as another operator might. */
  before: () => void = () => {};
  readonly reader = {
    leasesOf: async () => {
      const state = { done: 0, burial: null };
      return this.lease === null ? [] : [{ name: 'x', lease: this.lease, state, at: new Date(0), problem: null }];
    },
    orders: async () => [{ orders: this.orders, drained: false, preferred: null }],
    members: async () => this.members,
  } as unknown as StoreReader;

  async writeOrders(name: string, expected: number | null, { handOver, pause }: OrdersChange): Promise<boolean> {
    this.before();
    this.before = () => {};
    if ((this.orders?.version ?? null) !== expected) return false;
    const { handOver: oldHandOver, pause: oldPause } = this.orders ?? {};
    const next = {
      handOver: handOver === undefined ? oldHandOver : handOver,
      pause: pause === undefined ? oldPause : pause,
    };
    this.orders = {
      ...{ name, version: (expected ?? 0) + 1 },
      ...(next.handOver == null ? {} : { handOver: next.handOver }),
      ...(next.pause == null ? {} : { pause: next.pause }),
    };
    return true;
  }

  answer(state: HandOver['state'], why?: string): void {
    const { orders } = this;
    if (orders?.handOver === undefined) throw new Error('nothing was asked');
    const handOver = { ...orders.handOver, state, ...(why === undefined ? {} : { why }) };
    this.orders = { ...orders, version: orders.version + 1, handOver };
  }
}

function asked(store: PlayedStore, fields: { to?: string; ifTerm?: number } = {}) {
  const { to, ifTerm } = fields;
  return askHandOver(store.reader, store, { name: 'x', to, ifTerm, ...who }, new VirtualClock());
}

async function request(store: PlayedStore): Promise<HandOver> {
  const result = await asked(store);
  if (result.type !== 'asked') throw new Error(result.why);
  return result.request;
}

describe('asking for a hand-over', () => {
  test('writes a request for the present term', async () => {
    const store = new PlayedStore();
    expect(await asked(store, { to: 'b' })).toMatchObject({
      type: 'asked',
      request: { term: 3, to: 'b', state: 'asked' },
    });
    expect(store.orders).toMatchObject({ version: 1, handOver: { by: 'me@here', term: 3 } });
  });

  test('is refused at once where it makes no sense', async () => {
    const store = new PlayedStore();
    expect(await asked(store, { ifTerm: 2 })).toEqual({ type: 'refused', why: 'its term is 3, not 2' });
    expect(await asked(store, { to: 'a' })).toEqual({ type: 'refused', why: 'a is the master already' });
    await asked(store);
    expect(await asked(store)).toMatchObject({ type: 'refused', why: expect.stringContaining('me@here has asked') });
    store.lease = { ...base, term: 3, holder: null };
    expect(await asked(store)).toEqual({ type: 'refused', why: 'it has no master' });
  });

  test('goes on if another write comes first, and overwrites what was answered', async () => {
    const store = new PlayedStore();
    await asked(store);
    store.answer('refused', 'a task runs');
    store.before = () => {
      store.orders = { name: 'x', version: 9 };
    };
    expect(await asked(store)).toMatchObject({ type: 'asked' });
    expect(store.orders).toMatchObject({ version: 10, handOver: { state: 'asked' } });
  });
});

describe('following a hand-over', () => {
  async function followed(play: (store: PlayedStore) => void) {
    const [store, clock] = [new PlayedStore(), new VirtualClock()];
    const following = followHandOver(store.reader, store, 'x', await request(store), { timeout: 5000, clock });
    await clock.advance(1000);
    play(store);
    await clock.advance(5000);
    return { store, outcome: await following };
  }

  test('ends with the next mastership', async () => {
    const { outcome } = await followed((store) => {
      store.lease = { ...base, term: 4, holder: 'b' };
    });
    expect(outcome).toEqual({ type: 'done', term: 4, holder: 'b' });
  });

  test('ends with a refusal, and its reason', async () => {
    const { outcome } = await followed((store) => store.answer('refused', 'a task runs'));
    expect(outcome).toEqual({ type: 'refused', why: 'a task runs' });
  });

  test('ends if another one asks, or it is taken back', async () => {
    const { outcome } = await followed((store) => {
      store.orders = { name: 'x', version: 9 };
    });
    expect(outcome).toEqual({ type: 'refused', why: 'it was taken back' });
  });

  test('takes the request back when there was no answer in time', async () => {
    const { store, outcome } = await followed(() => {});
    expect(outcome).toEqual({ type: 'late', wasAccepted: false });
    expect(store.orders?.handOver).toBeUndefined();
  });

  test('tells whether the master had accepted', async () => {
    const { outcome } = await followed((store) => store.answer('accepted'));
    expect(outcome).toEqual({ type: 'late', wasAccepted: true });
  });
});

describe('pausing', () => {
  const pause = (store: PlayedStore, clock: VirtualClock, duration?: number) =>
    askPause(store.reader, store, { name: 'x', duration, standby: false, ...who }, clock);

  test('pauses once, and keeps what else was asked', async () => {
    const [store, clock] = [new PlayedStore(), new VirtualClock()];
    await request(store);
    expect(await pause(store, clock)).toMatchObject({ type: 'asked', request: { standby: false } });
    expect(store.orders).toMatchObject({ handOver: { state: 'asked' }, pause: { by: 'me@here' } });
    expect(await pause(store, clock)).toMatchObject({
      type: 'refused',
      why: expect.stringContaining('paused already'),
    });
  });

  test('takes a pause that is over for none', async () => {
    const [store, clock] = [new PlayedStore(), new VirtualClock()];
    await pause(store, clock, 1000);
    expect(store.orders?.pause?.until).toBe(clock.wall() + 1000);
    await clock.advance(1001);
    expect(await pause(store, clock)).toMatchObject({ type: 'asked' });
  });

  test('resumes what is paused, and nothing else', async () => {
    const [store, clock] = [new PlayedStore(), new VirtualClock()];
    expect(await askResume(store.reader, store, 'x')).toEqual({ type: 'refused', why: 'it is not paused' });
    await pause(store, clock);
    expect(await askResume(store.reader, store, 'x')).toMatchObject({ type: 'asked' });
    expect(store.orders?.pause).toBeUndefined();
  });
});

describe('members', () => {
  const member = (id: string): Member => ({ id, name: 'x', host: 'h', pid: 1, state: 'slave', at: new Date(0) });
  const members = ['h:1:ab', 'h:12:cd', 'h:12:ce'].map(member);

  test.each([
    ['h:1:', ['h:1:ab']],
    ['h:1', ['h:1:ab', 'h:12:cd', 'h:12:ce']],
    ['h:12:cd', ['h:12:cd']],
    ['nobody', []],
  ])('%s is the beginning of %j', (prefix, ids) => {
    expect(membersBy(prefix, members).map(({ id }) => id)).toEqual(ids);
  });

  test('the one of exactly this id goes before those that it is the beginning of', () => {
    expect(membersBy('h', [...members, member('h')]).map(({ id }) => id)).toEqual(['h']);
  });

  test('what a drained member holds is told, unless it is dead', async () => {
    const [store, clock] = [new PlayedStore(), new VirtualClock()];
    store.members = [member('a')];
    const held = (now: number) => heldUnder(store.reader, ({ host }) => host === 'h', { wall: () => now });
    expect(await held(1000)).toEqual([{ name: 'x', holder: 'a' }]);
    expect(await held(10_000)).toEqual([]);
    store.lease = { ...base, term: 3, holder: null };
    expect(await held(clock.wall())).toEqual([]);
  });
});
