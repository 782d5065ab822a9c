import { expect, test } from 'vitest';
import { TRUST_MS } from '../../../../../src/store/mongodb/tasks/taskAdder.ts';
import { KEPT_MS } from '../../../../../src/store/mongodb/tasks/taskTrimmer.ts';
import type { AddResult, NewTask } from '../../../../../src/store/taskStore.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { FakeTasks } from '../fakeTasks.ts';

const MANY = 1_000_000;
let lastId = 0;
const tasks = (count: number): NewTask[] =>
  Array.from({ length: count }, () => ({ id: `task ${++lastId}`, bytes: Buffer.from('payload') }));
const stored = (from: number, to: number): AddResult[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ type: 'stored', seq: from + index }));

/** A member that knows that 10 is next, and then hears nothing while others go on to 20 and all of that is trimmed. */
async function heldUp() {
  const server = new FakeTasks();
  const clock = new VirtualClock();
  const member = server.member(clock);
  const { adder } = member;
  expect(await adder.add('q', tasks(9), MANY)).toEqual(stored(1, 9));
  const meanwhile = async () => {
    const othersClock = new VirtualClock();
    const others = server.member(othersClock);
    expect(await others.adder.add('q', tasks(11), MANY)).toEqual(stored(10, 20));
    server.done = 20;
    await others.trimmer.trim('q', 20);
    await othersClock.advance(KEPT_MS);
    await others.trimmer.trim('q', 20);
    expect(server.seqs).toEqual([20]);
  };
  return { server, clock, ...member, meanwhile };
}

test('one call more takes one command, and a look at the indexes', async () => {
  const server = new FakeTasks();
  const { adder } = server.member(new VirtualClock());
  await adder.add('q', tasks(3), MANY);
  const before = server.sent.length;
  expect(await adder.add('q', tasks(3), MANY)).toEqual(stored(4, 6));
  expect(server.sent.slice(before).map((command) => Object.keys(command)[0])).toEqual([
    'listIndexes',
    'find',
    'insert',
  ]);
});

test('a member that was held up before it sent its insert looks again', async () => {
  const { server, clock, adder, meanwhile } = await heldUp();
  await meanwhile();
  await clock.advance(KEPT_MS);
  expect(await adder.add('q', tasks(2), MANY)).toEqual(stored(21, 22));
  expect(server.seqs).toEqual([20, 21, 22]);
});

test('a member whose machine slept looks again, though its own time stood still', async () => {
  const { clock, adder, meanwhile } = await heldUp();
  await meanwhile();
  clock.sleep(KEPT_MS);
  expect(await adder.add('q', tasks(2), MANY)).toEqual(stored(21, 22));
});

test('an insert that was held up on its way fails, and its task, below what is done, is stored when it comes again', async () => {
  const { server, clock, adder, meanwhile } = await heldUp();
  const late = tasks(1);
  server.hold = async () => {
    server.hold = async () => {};
    await meanwhile();
    clock.sleep(KEPT_MS);
  };
  await expect(adder.add('q', late, MANY)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(server.seqs).toEqual([10, 20]);
  expect(await adder.add('q', late, MANY)).toEqual(stored(21, 21));
  expect(server.tasks.filter(({ key }) => key === late[0]?.id).map(({ seq }) => seq)).toEqual([21]);
});

test('an insert that was held up while the others’ tasks are still there is stored behind them', async () => {
  const { server, clock, adder } = await heldUp();
  const others = server.member(new VirtualClock());
  await others.adder.add('q', tasks(3), MANY);
  await clock.advance(TRUST_MS / 2);
  server.done = 12;
  expect(await adder.add('q', tasks(2), MANY)).toEqual(stored(13, 14));
  expect(server.seqs).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
});

test('the next number does not depend on the lease alone', async () => {
  const { server, clock, adder, meanwhile } = await heldUp();
  await meanwhile();
  server.done = 0;
  await clock.advance(KEPT_MS);
  expect(await adder.add('q', tasks(1), MANY)).toEqual(stored(21, 21));
});

test('what is in the way but cannot be seen yet is waited for', async () => {
  const { server, clock, adder } = await heldUp();
  await server.member(new VirtualClock()).adder.add('q', tasks(1), MANY);
  server.hidden = server.tasks.splice(9);
  const adding = adder.add('q', tasks(1), MANY);
  await clock.advance(100);
  const inserts = server.sent.filter((command) => 'insert' in command).length;
  expect(inserts).toBeGreaterThan(4);
  expect(inserts).toBeLessThan(20);
  server.tasks.push(...server.hidden.splice(0));
  await clock.advance(100);
  expect(await adding).toEqual(stored(11, 11));
});

/** As `heldUp`, and the insert of these tasks lands when numbers up to 19 are free again. */
type Member = Pick<ReturnType<FakeTasks['member']>, 'adder' | 'trimmer' | 'indexes'>;
async function landsLate(send: (member: Member, clock: VirtualClock) => Promise<unknown>) {
  const { server, clock, adder, trimmer, indexes, meanwhile } = await heldUp();
  server.hold = async (command) => {
    if (!('documents' in command)) return;
    server.hold = async () => {};
    await meanwhile();
    clock.sleep(KEPT_MS);
  };
  await expect(send({ adder, trimmer, indexes }, clock)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(server.seqs).toEqual([10, 20]);
  return { server, clock };
}

const moment = (clock: VirtualClock) => ({ now: clock.now(), sinceBoot: clock.sinceBoot() });

test('a task that was moved too late, below what is done, is not taken for the task of its source', async () => {
  const [task = { id: 'none', bytes: Buffer.alloc(0) }] = tasks(1);
  const moved = { ...task, origin: 'slot' };
  const { server } = await landsLate(({ adder }, own) => adder.relay('q', [moved], moment(own)));
  const clock = new VirtualClock();
  const next = server.member(clock).adder;
  expect(await next.relay('q', [moved], moment(clock))).toEqual([{ type: 'stored', seq: 21 }]);
  expect(await next.relay('q', [moved], moment(clock))).toEqual([{ type: 'relayed', seq: 21 }]);
  server.done = 21;
  expect(await next.relay('q', [moved], moment(clock))).toEqual([{ type: 'relayed', seq: 21 }]);
});

test('a task that came too late, below what is done, does not keep its id taken', async () => {
  const late = tasks(1).map((task) => ({ ...task, idRule: 3_600_000 }));
  const { server } = await landsLate(({ adder }) => adder.add('q', late, MANY));
  const next = server.member(new VirtualClock());
  expect(await next.adder.add('q', late, MANY)).toEqual(stored(21, 21));
  expect(await next.adder.add('q', late, MANY)).toEqual([{ type: 'known' }]);
  server.done = 21;
  expect(await next.adder.add('q', late, MANY)).toEqual([{ type: 'known' }]);
});

test('an id stays taken that the trimmer marks between two reads of it', async () => {
  const server = new FakeTasks();
  const [clock, othersClock] = [new VirtualClock(), new VirtualClock()];
  const { adder } = server.member(clock);
  const { trimmer } = server.member(othersClock);
  const kept = tasks(1).map((task) => ({ ...task, idRule: 3_600_000 }));
  await adder.add('q', [...kept, ...tasks(9)], MANY);
  server.done = 10;
  await trimmer.trim('q', 10);
  await othersClock.advance(KEPT_MS);
  server.hold = async ({ filter }) => {
    if (!JSON.stringify(filter ?? '').includes('trimmed/')) return;
    server.hold = async () => {};
    await trimmer.trim('q', 10);
  };
  expect(await adder.add('q', kept, MANY)).toEqual([{ type: 'known' }]);
  expect(server.seqs).toEqual([1, 10]);
});

test('a trimmer that comes later takes away what came too late, and marks nothing of it as kept', async () => {
  const late = tasks(1).map((task) => ({ ...task, idRule: 3_600_000 }));
  const { server } = await landsLate(({ adder }) => adder.add('q', late, MANY));
  const clock = new VirtualClock();
  const { adder, trimmer } = server.member(clock);
  await adder.add('q', tasks(5), MANY);
  server.done = 25;
  await trimmer.trim('q', 25);
  await clock.advance(KEPT_MS);
  await trimmer.trim('q', 25);
  expect(server.seqs).toEqual([25]);
});
