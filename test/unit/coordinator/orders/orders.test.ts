/** What operators ask for, and what members make of it: hand-over, pause, drain and priority, around real electors. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Asking } from '../../../../src/coordinator/orders/asking.ts';
import { Turns } from '../../../../src/coordinator/orders/turns.ts';
import { StoreError } from '../../../../src/errors.ts';
import type { HandOver } from '../../../../src/store/orders.ts';
import { swift } from '../../../support/memoryStore.ts';
import { intervals, ttl } from '../../election/bench.ts';
import { NAME, OrderedMember, OrdersWorld, STOP_TIMEOUT } from './ordersWorld.ts';

const { POLL, MASTER } = intervals;
/** Until a master has read an order, and another member has followed. */
const SOON = MASTER + 2 * POLL + 100;

let world: OrdersWorld;
let a: OrderedMember;
let b: OrderedMember;
let c: OrderedMember;

beforeEach(async () => {
  world = new OrdersWorld();
  a = await world.add('a:1');
  b = await world.add('b:1');
  c = await world.add('c:1');
  await world.clock.advance(1000);
  expect(world.masters).toEqual(['a:1']);
});

const order = (fields: Partial<HandOver>): HandOver => ({
  ...{ id: 'x', term: 1, by: 'operator', at: new Date(0), state: 'asked' },
  ...fields,
});

describe('a hand-over', () => {
  test.each(['b:1', 'c:1'])('goes to the member that is named, %s, within MASTER and some POLL', async (to) => {
    expect(await world.after(SOON, b.handOver({ to }))).toEqual({ value: { term: 2, holder: to } });
    expect(world.masters).toEqual([to]);
    expect(a.held).toBe(false);
    expect(world.store.orders?.handOver).toMatchObject({ state: 'done', by: 'b:1', to });
  });

  test('goes to any other member if none is named, and the old master may ask', async () => {
    expect(await world.after(SOON, a.handOver())).toMatchObject({ value: { term: 2 } });
    expect(world.masters).toHaveLength(1);
    expect(world.masters).not.toContain('a:1');
  });

  test('is obeyed at once after a hint', async () => {
    const handedOver = a.handOver({ to: 'c:1' });
    await world.clock.advance(10);
    for (const { member } of world.members) member.hinted();
    await world.clock.advance(100);
    for (const { member, asking } of world.members) {
      member.hinted();
      asking.hinted();
    }
    expect(await world.after(300, handedOver)).toEqual({ value: { term: 2, holder: 'c:1' } });
  });

  describe('with a POLL that is longer than the time for it', () => {
    const request = { to: 'c:1', ifTerm: null, reason: null, timeout: 9000 };
    const asker = () => {
      const connection = world.store.connect({ fate: () => swift, timeLimit: 900 });
      const parts = { name: NAME, by: 'x', store: connection, clock: world.clock, newId: () => 'x/1' };
      return { connection, asking: new Asking({ ...parts, poll: 600_000 }) };
    };

    test('misses no hint that comes while the asker looks', async () => {
      const { connection, asking } = asker();
      const { observe } = connection;
      const handedOver = asking.handOver(request);
      await world.clock.advance(100);
      let answer = (): void => {};
      connection.observe = async (asked) => {
        connection.observe = (again) => observe.call(connection, again);
        const seen = await observe.call(connection, asked);
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return seen;
      };
      asking.hinted();
      await world.clock.advance(SOON);
      expect(world.masters).toEqual(['c:1']);
      asking.hinted();
      answer();
      expect(await world.after(10, handedOver)).toEqual({ value: { term: 2, holder: 'c:1' } });
    });

    test('is taken back when that is over', async () => {
      a.isOld = true;
      const outcome = await world.after(9100, asker().asking.handOver(request));
      expect(outcome).toMatchObject({ code: 'ERR_HAND_OVER_TIMEOUT' });
      expect(world.store.orders?.handOver).toBeUndefined();
    });
  });

  test.each([
    ['another term', { ifTerm: 7 }, /of 'ordered' is refused: its term is 1, and not 7/],
    ['an unknown member', { to: 'zzz' }, /no member zzz/],
    ['the master itself', { to: 'a' }, /a:1 is the master/],
  ])('for %s is refused at the call', async (_, request, message) => {
    expect(await world.after(10, b.handOver(request))).toEqual({
      code: 'ERR_HAND_OVER_REFUSED',
      message: expect.stringMatching(message),
    });
    expect(world.store.orders).toBe(null);
  });

  test('names a member by a beginning that no other has', async () => {
    await world.add('b:2');
    expect(await world.after(10, b.handOver({ to: 'b:' }))).toMatchObject({ message: /may be b:\d or b:\d: name one/ });
    expect(await world.after(SOON, b.handOver({ to: 'c' }))).toEqual({ value: { term: 2, holder: 'c:1' } });
  });

  test('to a member that is never master, or drained, is refused', async () => {
    await world.add('d:1', { priority: 0 });
    await c.connection.putDrain({ key: 'process/c:1', by: 'operator', at: new Date(0) });
    // It says so in its line at once.
    await world.clock.advance(POLL + 100);
    expect(await world.after(10, b.handOver({ to: 'd' }))).toMatchObject({ message: /its priority is 0/ });
    expect(await world.after(10, b.handOver({ to: 'c' }))).toMatchObject({ message: /it is drained/ });
  });

  test('without another member is refused', async () => {
    b.member.stop();
    c.member.stop();
    await world.clock.advance(100);
    expect(await world.after(10, a.handOver())).toMatchObject({ message: /no other member/ });
  });

  test('waits for the running task, and nothing new begins', async () => {
    a.runs = true;
    const handedOver = b.handOver({ to: 'b:1' });
    await world.clock.advance(MASTER + 100);
    expect(a.held).toBe(true);
    expect(world.masters).toEqual(['a:1']);
    a.finish();
    expect(await world.after(2 * POLL, handedOver)).toEqual({ value: { term: 2, holder: 'b:1' } });
  });

  test('is refused if the running task does not end in time, and the mastership goes on', async () => {
    a.runs = true;
    const outcome = await world.after(MASTER + STOP_TIMEOUT + POLL + 100, b.handOver({ to: 'b:1' }));
    expect(outcome).toEqual({ code: 'ERR_HAND_OVER_REFUSED', message: expect.stringContaining('stopTimeout') });
    await world.clock.advance(3 * ttl);
    expect(world.masters).toEqual(['a:1']);
    expect(a.held).toBe(false);
    expect(world.store.orders?.handOver).toMatchObject({ state: 'refused' });
    a.finish();
    expect(await world.after(SOON, b.handOver({ to: 'b:1' }))).toEqual({ value: { term: 2, holder: 'b:1' } });
  });

  test('that the master does not see is taken back', async () => {
    a.isOld = true;
    const outcome = await world.after(10_000, b.handOver({ timeout: 9000 }));
    expect(outcome).toEqual({
      code: 'ERR_HAND_OVER_TIMEOUT',
      message: expect.stringContaining('the master has not seen it'),
    });
    expect(world.store.orders?.handOver).toBeUndefined();
    a.isOld = false;
    await world.clock.advance(SOON);
    expect(world.masters).toEqual(['a:1']);
  });

  test('that is taken back while a task runs lets the mastership go on', async () => {
    a.runs = true;
    const outcome = await world.after(MASTER + 600, b.handOver({ timeout: MASTER + 100 }));
    expect(outcome).toMatchObject({ code: 'ERR_HAND_OVER_TIMEOUT', message: /the master had accepted/ });
    expect(a.held).toBe(true);
    a.member.hinted();
    await world.clock.advance(50);
    expect(a.held).toBe(false);
    a.finish();
    await world.clock.advance(ttl);
    expect(world.masters).toEqual(['a:1']);
  });

  test.each([0, 2, 99])('of term %i is not obeyed in term 1', async (term) => {
    await b.connection.writeOrders(NAME, null, { handOver: order({ term }) });
    await world.clock.advance(3 * ttl);
    expect(world.masters).toEqual(['a:1']);
    expect(world.store.orders?.handOver?.state).toBe('asked');
  });

  test('of a term that has passed is not obeyed by the next master', async () => {
    await b.connection.writeOrders(NAME, null, { handOver: order({ to: 'c:1' }) });
    a.die();
    await world.clock.advance(2 * ttl);
    expect(world.masters).toHaveLength(1);
    const [master] = world.masters;
    await world.clock.advance(3 * ttl);
    expect(world.masters).toEqual([master]);
  });

  test('to a member that dies goes to another one', async () => {
    const handedOver = b.handOver({ to: 'c:1' });
    c.die();
    expect(await world.after(SOON + 2 * POLL, handedOver)).toEqual({ value: { term: 2, holder: 'b:1' } });
  });

  test('lets the old master rest, and claim after half of that if no other does', async () => {
    const handedOver = a.handOver({ to: 'b:1', timeout: 60_000 });
    handedOver.catch(() => {});
    b.die();
    c.die();
    while (world.masters.length > 0) await world.clock.advance(10);
    await world.clock.advance(ttl - 2 * POLL);
    expect(world.masters).toEqual([]);
    await world.clock.advance(5 * POLL);
    expect(world.masters).toEqual(['a:1']);
    expect(await world.after(POLL, handedOver)).toMatchObject({
      message: /no other member took over, so a:1 is master again/,
    });
  });

  test('may go back at once to the member that it came from', async () => {
    expect(await world.after(SOON, b.handOver({ to: 'b:1' }))).toEqual({ value: { term: 2, holder: 'b:1' } });
    expect(await world.after(SOON, b.handOver({ to: 'a:1' }))).toEqual({ value: { term: 3, holder: 'a:1' } });
    expect(await world.after(SOON, b.handOver({ to: 'b:1' }))).toEqual({ value: { term: 4, holder: 'b:1' } });
  });

  test('that meets a pause to standby is refused', async () => {
    a.runs = true;
    const handedOver = b.handOver({ to: 'b:1' });
    await world.clock.advance(MASTER + 100);
    await c.pause({ standby: true });
    a.finish();
    expect(await world.after(2 * POLL, handedOver)).toMatchObject({ message: /was paused to standby/ });
    expect(world.masters).toEqual([]);
  });

  test.each([
    ['that the master has not seen', false],
    ['that the master has accepted', true],
  ])('is refused while there is one %s, with who asked and when', async (_, isSeen) => {
    a.isOld = !isSeen;
    a.runs = true;
    const first = b.handOver({ to: 'b:1' });
    await world.clock.advance(MASTER + 100);
    expect(world.store.orders?.handOver?.state).toBe(isSeen ? 'accepted' : 'asked');
    expect(await world.after(10, c.handOver({ to: 'c:1' }))).toMatchObject({
      code: 'ERR_HAND_OVER_REFUSED',
      message: /b:1 has asked for a hand-over already, at \d{4}-.*Z/,
    });
    a.isOld = false;
    a.finish();
    expect(await world.after(SOON, first)).toMatchObject({ value: { holder: 'b:1' } });
  });

  test('is asked for again in the next term, whatever was left behind', async () => {
    await b.connection.writeOrders(NAME, null, { handOver: order({ term: 7 }) });
    expect(await world.after(SOON, b.handOver({ to: 'b:1' }))).toEqual({ value: { term: 2, holder: 'b:1' } });
  });

  test('to a member of which nothing was heard for long is refused, and is not waited for without a name', async () => {
    for (const { member } of [b, c]) member.stop();
    await world.clock.advance(100);
    const at = new Date(world.clock.wall() - 91_000);
    await a.connection.putMember({ id: 'd:1', name: NAME, host: 'there', pid: 9, state: 'slave', at });
    const gone = /d:1.*not been heard of for 91 s/;
    expect(await world.after(10, a.handOver({ to: 'd:1' }))).toMatchObject({ message: gone });
    expect(await world.after(10, a.handOver())).toMatchObject({ message: gone });
  });

  test('while it is paused to standby is refused', async () => {
    await c.pause({ standby: true });
    expect(await world.after(10, b.handOver())).toMatchObject({ message: /paused to standby, so no member/ });
  });

  test('over orders that cannot be read fails, and leaves them', async () => {
    world.store.ordersFor = () => ({
      ...{ orders: null, drained: false, preferred: null },
      unreadable: { name: 'StoreError', message: 'alien', code: 'ERR_STORE_DATA' } as never,
    });
    let written = 0;
    b.connection.writeOrders = async () => {
      written += 1;
      return true;
    };
    expect(await world.after(10, b.handOver())).toMatchObject({ code: 'ERR_STORE_DATA' });
    expect(await world.after(10, b.pause())).toMatchObject({ code: 'ERR_STORE_DATA' });
    expect(written).toBe(0);
  });

  test('whose acceptance was written, and the answer lost, goes on', async () => {
    const { writeOrders } = a.connection;
    a.connection.writeOrders = async (...args) => {
      a.connection.writeOrders = writeOrders;
      await writeOrders.apply(a.connection, args);
      throw new StoreError('ERR_STORE_UNAVAILABLE', 'the answer is lost');
    };
    expect(await world.after(SOON + MASTER, b.handOver({ to: 'b:1' }))).toEqual({ value: { term: 2, holder: 'b:1' } });
  });

  test('that was refused is not begun again by an old answer of the store', async () => {
    a.runs = true;
    const { readOrders } = a.connection;
    const handedOver = b.handOver({ to: 'b:1' });
    handedOver.catch(() => {});
    while (world.store.orders?.handOver?.state !== 'accepted') await world.clock.advance(10);
    const accepted = world.store.ordersFor({ name: NAME });
    expect(await world.after(STOP_TIMEOUT + POLL + 100, handedOver)).toMatchObject({ code: 'ERR_HAND_OVER_REFUSED' });
    a.connection.readOrders = async () => [accepted];
    a.member.hinted();
    await world.clock.advance(50);
    a.connection.readOrders = readOrders;
    expect(a.held).toBe(false);
  });

  test('answers no newer request', async () => {
    a.runs = true;
    await b.connection.writeOrders(NAME, null, { handOver: order({ id: 'first', to: 'b:1' }) });
    await world.clock.advance(MASTER + 100);
    expect(world.store.orders?.handOver?.state).toBe('accepted');
    const newer = order({ id: 'newer', term: 5 });
    // It comes between the read and the write of the answer.
    const { writeOrders } = a.connection;
    a.connection.writeOrders = async (...args) => {
      const { orders } = world.store;
      if (orders?.handOver?.id === 'first') await b.connection.writeOrders(NAME, orders.version, { handOver: newer });
      return writeOrders.apply(a.connection, args);
    };
    await world.clock.advance(STOP_TIMEOUT + 3 * MASTER);
    expect(world.store.orders?.handOver).toEqual(newer);
    expect(world.masters).toEqual(['a:1']);
    expect(a.held).toBe(false);
  });

  test('is answered later if the store fails meanwhile', async () => {
    a.runs = true;
    const handedOver = b.handOver({ to: 'b:1' });
    handedOver.catch(() => {});
    await world.clock.advance(MASTER + STOP_TIMEOUT - 500);
    const { writeOrders } = a.connection;
    a.connection.writeOrders = () => Promise.reject(new Error('away'));
    await world.clock.advance(1000);
    a.connection.writeOrders = writeOrders;
    expect(await world.after(3 * MASTER, handedOver)).toMatchObject({ code: 'ERR_HAND_OVER_REFUSED' });
  });

  test('of work whose thread does not end gives the mastership up', async () => {
    a.drains = 'stuck';
    b.handOver({ to: 'b:1' }).catch(() => {});
    await world.clock.advance(SOON);
    expect(a.stuckReasons).toHaveLength(1);
  });

  test('ends with a stop of the master, which drains as ever', async () => {
    a.runs = true;
    const handedOver = b.handOver({ to: 'b:1' });
    await world.clock.advance(MASTER + 100);
    a.member.stop();
    expect(await world.after(3 * POLL, handedOver)).toEqual({ value: { term: 2, holder: 'b:1' } });
  });

  test('of an asker that stops ends', async () => {
    a.isOld = true;
    const handedOver = b.handOver();
    await world.clock.advance(100);
    b.asking.stop();
    expect(await world.after(10, handedOver)).toMatchObject({ code: 'ERR_STOPPED' });
  });
});

describe('a pause', () => {
  test('holds the queue of every member, and says so, until it is over', async () => {
    await a.pause();
    await world.clock.advance(MASTER + 100);
    expect(world.members.map(({ held }) => held)).toEqual([true, true, true]);
    expect(world.members.map((member) => member.news())).toEqual([['paused'], ['paused'], ['paused']]);
    expect(world.masters).toEqual(['a:1']);
    expect((await b.member.status()).paused).toMatchObject({ by: 'a:1', reason: null, until: null, standby: false });
    await c.asking.resume();
    await world.clock.advance(MASTER + 100);
    expect(world.members.map(({ held }) => held)).toEqual([false, false, false]);
    expect(world.members.map((member) => member.news())).toEqual([['resumed'], ['resumed'], ['resumed']]);
    await c.asking.resume();
  });

  test('survives a failover', async () => {
    await a.pause();
    await world.clock.advance(POLL + 100);
    a.die();
    await world.clock.advance(2 * ttl);
    expect(world.masters).toHaveLength(1);
    expect(world.members.filter(({ works, held }) => works && held)).toHaveLength(1);
    const d = await world.add('d:1');
    expect(d.held).toBe(true);
  });

  test('holds one that is elected with its first look', async () => {
    const alone = new OrdersWorld();
    alone.store.orders = { name: NAME, version: 1, pause: { by: 'x', at: new Date(0), standby: false } };
    const member = await alone.add('a');
    expect([member.works, member.held]).toEqual([true, true]);
  });

  test('holds one that is elected by a claim during which it came', async () => {
    const alone = new OrdersWorld();
    const member = new OrderedMember(alone, 'a', {});
    const { connection } = member;
    const { insertTerm } = connection;
    connection.insertTerm = (record) => {
      alone.store.orders = { name: NAME, version: 1, pause: { by: 'x', at: new Date(0), standby: false } };
      member.member.hinted();
      return insertTerm.call(connection, record);
    };
    member.member.run();
    await alone.clock.advance(20);
    expect([member.works, member.held]).toEqual([true, true]);
  });

  test('ends by itself when its time is over', async () => {
    await c.pause({ for: 10_000 });
    await world.clock.advance(9000);
    expect(a.held).toBe(true);
    await world.clock.advance(1000 + 2 * MASTER);
    expect(world.store.orders?.pause).toBeUndefined();
    expect(world.members.map(({ held }) => held)).toEqual([false, false, false]);
  });

  test('to standby leaves no master, until it is resumed', async () => {
    a.runs = true;
    await c.pause({ standby: true });
    await world.clock.advance(MASTER + STOP_TIMEOUT + 3 * ttl);
    expect([world.masters, a.held]).toEqual([['a:1'], true]);
    a.finish();
    await world.clock.advance(3 * ttl);
    expect(world.masters).toEqual([]);
    expect(world.store.lease).toMatchObject({ term: 1, holder: null });
    expect(await world.after(10, b.handOver())).toMatchObject({ message: /is paused to standby/ });
    await c.asking.resume();
    await world.clock.advance(2 * POLL);
    expect(world.masters).toHaveLength(1);
    expect(world.members.some(({ held }) => held)).toBe(false);
  });

  test('to standby with a time is ended by any member', async () => {
    await c.pause({ standby: true, for: 20_000 });
    await world.clock.advance(19_000);
    expect(world.masters).toEqual([]);
    await world.clock.advance(1000 + 4 * POLL);
    expect(world.masters).toHaveLength(1);
    expect(world.store.orders?.pause).toBeUndefined();
  });

  test('that replaces another is told again', async () => {
    await a.pause();
    await world.clock.advance(MASTER);
    b.news();
    await a.pause({ for: 60_000 });
    await world.clock.advance(MASTER);
    expect(b.news()).toEqual(['paused']);
  });

  test('that cannot be read is told once, and changes nothing', async () => {
    const error = { name: 'StoreError', message: 'newer', code: 'ERR_NEWER_FORMAT', stack: undefined, ours: undefined };
    const { readOrders } = a.connection;
    a.connection.readOrders = async (asked) =>
      (await readOrders.call(a.connection, asked)).map((seen) => ({ ...seen, unreadable: error }));
    await world.clock.advance(5 * MASTER);
    expect(a.news()).toEqual(['error']);
    await expect(a.pause()).rejects.toMatchObject({ message: 'newer' });
    expect(a.held).toBe(false);
  });
});

describe('a drain', () => {
  const drain = (member: OrderedMember) =>
    b.connection.putDrain({ key: `process/${member.id}`, by: 'operator', at: new Date(0) });

  test('has a master hand over, however long its task takes, and claim no more until it ends', async () => {
    a.runs = true;
    await drain(a);
    await world.clock.advance(MASTER + 3 * STOP_TIMEOUT);
    expect([world.masters, a.held]).toEqual([['a:1'], true]);
    a.finish();
    await world.clock.advance(2 * POLL);
    expect(world.masters).toHaveLength(1);
    expect(world.masters).not.toContain('a:1');
    b.die();
    c.die();
    await world.clock.advance(5 * ttl);
    expect(world.masters).toEqual([]);
    expect((await a.member.status()).drained).toBe(true);
    await a.connection.removeDrain('process/a:1');
    await world.clock.advance(2 * POLL);
    expect(world.masters).toEqual(['a:1']);
  });

  test('that ends while the task runs lets the mastership go on', async () => {
    a.runs = true;
    await drain(a);
    await world.clock.advance(MASTER + 100);
    await b.connection.removeDrain('process/a:1');
    await world.clock.advance(MASTER + 100);
    expect([world.masters, a.held]).toEqual([['a:1'], false]);
  });

  test('keeps a standby from claiming', async () => {
    await drain(b);
    await drain(c);
    await world.clock.advance(POLL + 100);
    a.die();
    await world.clock.advance(5 * ttl);
    expect([world.masters, world.store.tip]).toEqual([[], 1]);
    await a.connection.removeDrain('process/c:1');
    await world.clock.advance(2 * ttl);
    expect(world.masters).toEqual(['c:1']);
  });

  test('hands over one after another', async () => {
    const turns = new Turns();
    const worlds = [new OrdersWorld(), new OrdersWorld(), new OrdersWorld()];
    const masters: OrderedMember[] = [];
    for (const each of worlds) {
      masters.push(await each.add('m', { turns }));
      await each.add('other');
    }
    const advance = async (ms: number) => {
      for (const each of worlds) await each.clock.advance(ms);
    };
    for (const master of masters) {
      master.runs = true;
      await master.connection.putDrain({ key: 'process/m', by: 'x', at: new Date(0) });
    }
    await advance(MASTER + 100);
    expect(masters.map(({ held }) => held)).toEqual([true, false, false]);
    masters[0]?.finish();
    await advance(2 * POLL);
    expect(masters.map(({ held }) => held)).toEqual([false, true, false]);
    // One that waits for its turn is drained no more.
    await masters[2]?.connection.removeDrain('process/m');
    await advance(MASTER + 100);
    masters[1]?.finish();
    await advance(2 * POLL);
    expect(worlds.map(({ masters: [id] }) => id)).toEqual(['other', 'other', 'm']);
  });
});

describe('priority', () => {
  test('of two standbys the higher one goes first after a death, and after a release', async () => {
    for (const end of ['die', 'stop'] as const) {
      const own = new OrdersWorld();
      const master = await own.add('m');
      await own.add('low', { priority: 40 });
      await own.add('high', { priority: 60 });
      await own.add('default');
      await own.clock.advance(6 * MASTER);
      if (end === 'die') master.die();
      else master.member.stop();
      await own.clock.advance(end === 'die' ? 2 * ttl : 3 * POLL);
      expect(own.masters).toEqual(['high']);
    }
  });

  test('of members below the default the higher one goes first, too', async () => {
    const own = new OrdersWorld();
    const master = await own.add('m', { priority: 20 });
    await own.add('low', { priority: 20 });
    await own.add('default');
    await own.clock.advance(10 * MASTER);
    master.die();
    await own.clock.advance(2 * ttl);
    expect(own.masters).toEqual(['default']);
  });

  test('a lower one claims all the same where the higher one has died', async () => {
    const own = new OrdersWorld();
    const master = await own.add('m');
    await own.add('low', { priority: 40 });
    const high = await own.add('high', { priority: 60 });
    await own.clock.advance(6 * MASTER);
    high.die();
    master.die();
    await own.clock.advance(ttl + 5 * POLL);
    expect(own.masters).toEqual(['low']);
  });

  test('a lower one waits no longer than any other once the higher one has been gone for 3 MASTER', async () => {
    const own = new OrdersWorld();
    const master = await own.add('m');
    const low = await own.add('low', { priority: 40 });
    const high = await own.add('high', { priority: 60 });
    await own.clock.advance(6 * MASTER);
    const lease = { lease: own.store.lease };
    expect(low.member.deference({ ...lease, newer: false, settled: true, epoch: '1' })).toBe(2 * POLL);
    high.die();
    await own.clock.advance(5 * MASTER);
    expect(low.member.deference({ ...lease, newer: false, settled: true, epoch: '1' })).toBe(0);
    master.die();
    await own.clock.advance(2 * ttl);
    expect(own.masters).toEqual(['low']);
  });

  test('0 is never master, and asks for hand-overs', async () => {
    const own = new OrdersWorld();
    const witness = await own.add('w', { priority: 0 });
    await own.clock.advance(5 * ttl);
    expect(own.masters).toEqual([]);
    await own.add('m');
    await own.add('n');
    await own.clock.advance(100);
    expect(own.masters).toEqual(['m']);
    expect(await own.after(SOON, witness.handOver({ to: 'n' }))).toEqual({ value: { term: 2, holder: 'n' } });
    expect((await witness.member.status()).priority).toBe(0);
  });

  test('nothing is signed while all have the default', async () => {
    await world.clock.advance(20 * MASTER);
    expect(world.store.preferred).toBe(null);
  });

  test('the one that a hand-over names goes before a higher one', async () => {
    const own = new OrdersWorld();
    const master = await own.add('m');
    await own.add('low', { priority: 40 });
    await own.add('high', { priority: 60 });
    await own.clock.advance(6 * MASTER);
    expect(await own.after(SOON, master.handOver({ to: 'low' }))).toEqual({ value: { term: 2, holder: 'low' } });
  });
});
