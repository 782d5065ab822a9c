/** Members of one name that are configured differently: who works, who is told, and that no two work at once. */
import { expect, test } from 'vitest';
import { ttl } from '../election/bench.ts';
import { World } from './kindsWorld.ts';

/** Until a member that can do what waits has done it: notices, the lease that runs out, a claim; twice if another wins it. */
const SOON = 12 * ttl;

test.each(['memory', 'unmanaged'] as const)('a master of kind %s resigns for stored tasks that wait', async (kind) => {
  const world = new World();
  const old = await world.start(kind);
  const durable = await world.start('durable');
  world.stored.tasks = 2;
  await world.pass(SOON);
  expect([world.master?.id, world.stored]).toEqual([durable.id, { tasks: 0, done: 2 }]);
  expect(durable.told).toEqual([expect.stringContaining(`kind: durable here, ${kind} there; there is ${old.id}`)]);
  expect(old.told).toEqual([
    expect.stringContaining(`kind: ${kind} here, durable there; there is ${durable.id}`),
    expect.stringContaining(`stands back for ${durable.id}, of kind durable`),
  ]);
});

test('started the other way round, the durable master stays, and both are told', async () => {
  const world = new World();
  const durable = await world.start('durable');
  const memory = await world.start('memory');
  memory.queue.tasks = 2;
  await world.pass(SOON);
  expect([world.master?.id, durable.masterships]).toEqual([durable.id, 1]);
  expect([durable.told.length, memory.told.length]).toEqual([1, 1]);
  expect(memory.queue.tasks).toBe(2);
});

test('a master of another kind stays while nothing waits that it cannot do', async () => {
  const world = new World();
  const memory = await world.start('memory');
  const durable = await world.start('durable');
  await world.pass(SOON);
  expect([world.master?.id, durable.masterships]).toEqual([memory.id, 0]);
  const { configuration } = await memory.member.status();
  expect(configuration).toMatchObject({ kind: 'memory', differing: [{ holder: durable.id, kind: 'durable' }] });
});

test('of three, a second standby in memory does not win the lease that was left for the durable one', async () => {
  for (let delay = 0; delay < 10; delay += 1) {
    const world = new World();
    const [first, second] = [await world.start('memory'), await world.start('memory')];
    await world.pass(delay * 450);
    await world.start('durable');
    world.stored.tasks = 5;
    await world.pass(SOON);
    expect(world.master?.kind).toBe('durable');
    expect([first.masterships, second.masterships, world.stored.tasks]).toEqual([1, 0, 0]);
  }
});

test.each([0, 1])(
  'standby %d of two of one kind wants the lease, and the other does not hide that',
  async (wanting) => {
    const world = new World();
    const old = await world.start('unmanaged');
    const standbys = [await world.start('memory'), await world.start('memory')];
    const queue = standbys[wanting]?.queue ?? expect.fail();
    await world.pass(2 * ttl);
    queue.tasks = 1;
    await world.pass(SOON);
    expect([world.master?.kind, old.masterships]).toEqual(['memory', 1]);
  },
);

test('who stood back works again when the durable member has gone', async () => {
  const world = new World();
  const memory = await world.start('memory');
  const durable = await world.start('durable');
  world.stored.tasks = 1;
  await world.pass(SOON);
  durable.member.stop();
  await world.pass(2 * ttl);
  expect([world.master?.id, memory.masterships]).toEqual([memory.id, 2]);
});

test('a member that wants the lease and dies holds the others back for a short time', async () => {
  const world = new World();
  const memory = await world.start('memory');
  const durable = await world.start('durable');
  world.stored.tasks = 1;
  while (memory.isMaster) await world.pass(50);
  durable.die();
  await world.pass(6 * ttl);
  expect(world.master?.id).toBe(memory.id);
});

test('a notice that never changes counts for nothing', async () => {
  const world = new World();
  const settings = {};
  const notice = { name: 'mixed', holder: 'gone', ttl, count: 7, wants: true };
  world.store.notices.set('durable true', { ...notice, configuration: { kind: 'durable', settings } });
  const memory = await world.start('memory');
  await world.pass(SOON);
  expect([memory.isMaster, memory.told]).toEqual([true, []]);
});

test('one that wants the lease and cannot take it is waited for once, and then for long not', async () => {
  const world = new World();
  const memory = await world.start('memory');
  let count = 0;
  const want = (): void => {
    const notice = { name: 'mixed', holder: 'loud', ttl, count: ++count, wants: true };
    world.store.notices.set('durable true', { ...notice, configuration: { kind: 'durable', settings: {} } });
    world.clock.at(world.clock.now() + ttl / 3, want);
  };
  want();
  await world.pass(10 * ttl);
  expect([memory.isMaster, memory.masterships]).toEqual([true, 2]);
  await world.pass(10 * ttl);
  expect([memory.isMaster, memory.masterships]).toEqual([true, 2]);
});

test.each([
  ['key', '"id"', '"number"'],
  ['attempts', '3', 'Infinity'],
])('two durable members with another %s are told once each, and go on', async (name, here, there) => {
  const world = new World();
  const first = await world.start('durable', { [name]: here });
  const second = await world.start('durable', { [name]: there });
  world.stored.tasks = 3;
  await world.pass(SOON);
  const texts = [...first.told, ...second.told];
  expect(texts).toEqual([
    expect.stringContaining(`${name}: ${here} here, ${there} there`),
    expect.stringContaining(`${name}: ${there} here, ${here} there`),
  ]);
  expect([world.master?.id, first.masterships, second.masterships]).toEqual([first.id, 1, 0]);
});

test('members that agree, or of which one does not say, tell nothing and write nothing', async () => {
  const world = new World();
  const same = await world.start('durable', { key: '"id"', attempts: '3' });
  const also = await world.start('durable', { attempts: '3' });
  await world.pass(SOON);
  expect([...same.told, ...also.told, ...world.store.notices.keys()]).toEqual([]);
});

test('an older version is not told from what it says, but only that it does not say', async () => {
  const world = new World();
  const old = await world.start('memory');
  const durable = await world.start('durable');
  expect(old.isMaster && durable.told.length === 1).toBe(true);
  // As a claim of an older version leaves the document.
  const { configuration: _, ...lease } = world.store.lease ?? expect.fail();
  world.store.lease = { ...lease, holder: 'older', claim: 'older/1' };
  world.stored.tasks = 1;
  for (let beat = 1; beat < 20; beat += 1) {
    world.store.lease = { ...lease, holder: 'older', claim: 'older/1', beat };
    await world.clock.advance(500);
  }
  const infos = durable.events.filter((event) => event.type === 'info' && event.text.includes('older version'));
  expect(infos).toHaveLength(1);
  expect(durable.told).toHaveLength(1);
});

test('a standby follows the progress of its own kind alone', async () => {
  const world = new World();
  await world.start('durable');
  const [same, other] = [await world.start('durable'), await world.start('memory')];
  await world.pass(2 * ttl);
  expect(new Set(same.followed)).toEqual(new Set(['durable 0']));
  expect(new Set(other.followed)).toEqual(new Set(['another kind']));
});
