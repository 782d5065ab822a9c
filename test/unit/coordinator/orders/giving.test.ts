/** A master that gives its mastership to another member by itself, around real electors. */
import { beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../../../src/errors.ts';
import { intervals, ttl } from '../../election/bench.ts';
import { NAME, type OrderedMember, OrdersWorld, STOP_TIMEOUT } from './ordersWorld.ts';

const { POLL, MASTER } = intervals;
/** Until another member has followed. */
const SOON = 2 * POLL;
const PATIENCE = 5 * STOP_TIMEOUT;
const REST = 600_000;

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

const give = (member: OrderedMember, to: string): Promise<boolean> => member.member.giving.give(to, PATIENCE);
const movable = (): string[] => world.members.filter(({ member }) => member.giving.isMovable(REST)).map(({ id }) => id);

describe('a master gives its mastership away', () => {
  test('to the member that is named, at once', async () => {
    expect(await world.after(SOON, give(a, 'c:1'))).toEqual({ value: true });
    expect(world.masters).toEqual(['c:1']);
    expect(world.store.orders?.handOver).toMatchObject({
      state: 'done',
      term: 1,
      to: 'c:1',
      by: 'a:1',
      reason: 'rebalance',
    });
  });

  test('never amid a task: the task comes to its end, and no other begins', async () => {
    a.runs = true;
    const given = give(a, 'b:1');
    expect(await world.after(PATIENCE - 1000, given)).toBeNull();
    expect([world.masters, a.held]).toEqual([['a:1'], true]);
    a.finish();
    expect(await world.after(SOON, given)).toEqual({ value: true });
    expect(world.masters).toEqual(['b:1']);
  });

  test('or keeps it if the task does not end in time, and says so', async () => {
    a.runs = true;
    expect(await world.after(PATIENCE + 1000, give(a, 'b:1'))).toEqual({ value: false });
    expect([world.masters, a.held]).toEqual([['a:1'], false]);
    expect(world.store.orders?.handOver).toMatchObject({
      state: 'refused',
      why: expect.stringContaining(`${PATIENCE} ms`),
    });
    a.finish();
    await world.clock.advance(2 * ttl);
    expect(world.masters).toEqual(['a:1']);
    expect(movable()).toEqual(['a:1']);
  });

  test('though a read of the orders is under way that does not know of it yet', async () => {
    const { readOrders } = a.connection;
    const before = await readOrders.call(a.connection, [{ name: NAME }]);
    let answer = (): void => {};
    a.connection.readOrders = () =>
      new Promise((resolve) => {
        answer = () => resolve(before);
      });
    a.member.ordered();
    a.connection.readOrders = readOrders;
    a.runs = true;
    const given = give(a, 'b:1');
    await world.clock.advance(50);
    answer();
    await world.clock.advance(50);
    expect(a.held).toBe(true);
    a.finish();
    expect(await world.after(SOON, given)).toEqual({ value: true });
  });

  test('to one that has died: another one follows 2 POLL later', async () => {
    b.die();
    expect(await world.after(3 * POLL + 100, give(a, 'b:1'))).toEqual({ value: true });
    await world.clock.advance(POLL);
    expect(world.masters).toEqual(['c:1']);
  });

  test('not if it stops, or loses it, in the meantime', async () => {
    for (const end of ['stop', 'resign'] as const) {
      const [master] = world.members.filter(({ works }) => works);
      const to = world.members.find((one) => one !== master && !one.isDead)?.id ?? '';
      if (master === undefined) throw new Error('no master');
      master.runs = true;
      const given = give(master, to);
      await world.clock.advance(100);
      if (end === 'stop') master.member.stop();
      else master.member.resign('its work hangs', 'ERR_TASK_TIMEOUT', false);
      expect(await world.after(10, given)).toEqual({ value: false });
      master.finish();
      await world.clock.advance(3 * ttl);
    }
  });

  test('not while the store fails, and the next time it may', async () => {
    const { writeOrders } = a.connection;
    a.connection.writeOrders = async () => {
      throw new StoreError('ERR_STORE_UNAVAILABLE', 'lost');
    };
    expect(await world.after(100, give(a, 'b:1'))).toEqual({ value: false });
    a.connection.writeOrders = writeOrders;
    await world.clock.advance(2 * MASTER);
    expect(await world.after(SOON, give(a, 'b:1'))).toEqual({ value: true });
  });

  test('not if the answer to its request was lost, which is on record as refused then', async () => {
    const { writeOrders } = a.connection;
    a.connection.writeOrders = async (...args) => {
      await writeOrders.apply(a.connection, args);
      a.connection.writeOrders = writeOrders;
      throw new StoreError('ERR_STORE_UNAVAILABLE', 'lost');
    };
    expect(await world.after(100, give(a, 'b:1'))).toEqual({ value: false });
    await world.clock.advance(2 * MASTER);
    expect(world.store.orders?.handOver).toMatchObject({ state: 'refused' });
    expect(
      await world.after(
        SOON,
        b.handOver({ to: 'c:1', timeout: 20_000 }).then(() => true),
      ),
    ).toBeNull();
    await world.clock.advance(2 * MASTER);
    expect(world.masters).toEqual(['c:1']);
  });

  test('not if its request came to the store late, which is on record as refused then', async () => {
    const { writeOrders } = a.connection;
    let land = (): void => {};
    a.connection.writeOrders = async (...args) => {
      a.connection.writeOrders = writeOrders;
      land = () => void writeOrders.apply(a.connection, args);
      throw new StoreError('ERR_STORE_UNAVAILABLE', 'lost');
    };
    expect(await world.after(100, give(a, 'b:1'))).toEqual({ value: false });
    land();
    await world.clock.advance(3 * MASTER);
    expect(world.store.orders?.handOver).toMatchObject({ state: 'refused', reason: 'rebalance' });
    expect([world.masters, movable()]).toEqual([['a:1'], ['a:1']]);
  });

  test('until an operator asks for another one, while it waits for a task', async () => {
    a.runs = true;
    const given = give(a, 'b:1');
    await world.clock.advance(100);
    const asked = b.handOver({ to: 'c:1', timeout: PATIENCE });
    await world.clock.advance(2 * MASTER);
    expect(await world.after(10, given)).toEqual({ value: false });
    a.finish();
    expect(await world.after(2 * MASTER, asked)).toMatchObject({ value: { holder: 'c:1' } });
  });

  // Its work ends already, so there is no way back. A request before the release is obeyed, a later one is refused.
  test.each([1, 100, 190, 197, 198, 199, 200, 230])(
    'and to whom an operator says who asks %d ms after it began',
    async (ms) => {
      a.drainTakes = 200;
      void give(a, 'b:1');
      await world.clock.advance(ms);
      const asked = b.handOver({ to: 'c:1', timeout: PATIENCE });
      const outcome = await world.after(6 * POLL, asked);
      if (outcome !== null && 'value' in outcome) expect(outcome.value).toMatchObject({ holder: 'c:1' });
      else expect(outcome).toMatchObject({ code: 'ERR_HAND_OVER_REFUSED' });
    },
  );

  test('not to itself, and not as a standby', async () => {
    expect(await give(a, 'a:1')).toBe(false);
    expect(await give(b, 'c:1')).toBe(false);
    expect(world.masters).toEqual(['a:1']);
  });
});

describe('a mastership may be given away', () => {
  test('by its master alone', () => {
    expect(movable()).toEqual(['a:1']);
  });

  test('not while the subsystem is paused, its member is drained, or another request is open', async () => {
    await a.pause();
    await world.clock.advance(MASTER + 100);
    expect(movable()).toEqual([]);
    await a.asking.resume();
    await world.clock.advance(MASTER + 100);
    expect(movable()).toEqual(['a:1']);
    a.runs = true;
    const handedOver = b.handOver({ to: 'c:1' }).catch(() => {});
    await world.clock.advance(MASTER + 100);
    expect(movable()).toEqual([]);
    expect(await give(a, 'b:1')).toBe(false);
    a.finish();
    await world.after(SOON, handedOver);
    expect(world.masters).toEqual(['c:1']);
  });

  test('not before a rest after the last hand-over, whoever asked for that', async () => {
    await world.after(SOON, give(a, 'b:1'));
    expect(world.masters).toEqual(['b:1']);
    expect(movable()).toEqual([]);
    await world.clock.advance(REST - 10_000);
    expect(movable()).toEqual([]);
    await world.clock.advance(10_000);
    expect(movable()).toEqual(['b:1']);
    await world.after(SOON, c.handOver({ to: 'c:1' }));
    await world.clock.advance(SOON + MASTER);
    expect(world.masters).toEqual(['c:1']);
    expect(movable()).toEqual([]);
  });

  test('not after it was lost twice within the time of a rest', async () => {
    const d = await world.add('d:1');
    await world.clock.advance(1000);
    a.die();
    await world.clock.advance(3 * ttl);
    expect(movable()).toHaveLength(1);
    world.members.find(({ works }) => works)?.die();
    await world.clock.advance(3 * ttl);
    expect([world.masters.length, movable()]).toEqual([1, []]);
    await world.clock.advance(REST);
    expect(movable()).toEqual(world.masters);
    expect(d.isDead && c.isDead).toBe(false);
  });
});
