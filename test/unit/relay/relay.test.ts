import { expect, test } from 'vitest';
import { ReadLimit } from '../../../src/queue/readLimit.ts';
import { shownKey } from '../../../src/relay/entryNames.ts';
import { Relay } from '../../../src/relay/relay.ts';
import type { TaskStore } from '../../../src/store/taskStore.ts';
import { bson } from '../../../src/task/bson.ts';
import { MemoryOutbox } from '../../support/memoryOutbox.ts';
import { MemoryTasks, type TaskFate } from '../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const tenure = { name: 'x', term: 1, holder: 'me' };
/** Of the calls of the queue. */
let fate: TaskFate = { there: 0, back: 0 };
const bytes = new Uint8Array([5, 0, 0, 0, 0]);

function world(reads = new ReadLimit()) {
  const clock = new VirtualClock();
  const [tasks, outbox] = [new MemoryTasks(clock), new MemoryOutbox()];
  fate = { there: 0, back: 0 };
  tasks.holder = tenure;
  const told: string[] = [];
  const relay = new Relay({
    ...{ name: 'x', store: tasks.connect(() => fate), outbox: outbox.connect(), clock, poll: 100, reads },
    through: () => tasks.done,
    stored: (stored) => told.push(...stored.map(({ id }) => `stored ${id}`)),
    duplicate: (id) => told.push(`duplicate ${id}`),
    trouble: (error) => told.push(`${'code' in error ? error.code : ''}: ${error.message}`),
  });
  return { clock, tasks, outbox, relay, told };
}

test('an entry that cannot become a task is told once, stays, and does not hold up the others', async () => {
  const { clock, tasks, outbox, relay, told } = world();
  outbox.commit({ id: 'bad', bytes, origin: 'bad', problem: 'its payload is no BSON document' });
  outbox.commit({ id: 'good', bytes });
  relay.start(tenure);
  await clock.advance(1000);
  relay.look();
  await clock.advance(1000);
  expect(tasks.queued).toEqual(['good']);
  expect(told).toHaveLength(2);
  expect(told[0]).toMatch(
    /^ERR_OUTBOX_ENTRY: an entry of the outbox of 'x' .* its payload is no BSON document\. .* _id "bad":/,
  );
  expect([...outbox.lines.keys()]).toEqual(['bad']);
});

test('a task whose id is queued is dropped and told, and the master goes on', async () => {
  const { clock, tasks, outbox, relay, told } = world();
  tasks.add({ id: 'a', bytes });
  outbox.commit({ id: 'a', bytes });
  outbox.commit({ id: 'b', bytes });
  relay.start(tenure);
  await clock.advance(1000);
  expect(told).toEqual(['stored b', 'duplicate a']);
  expect([tasks.queued, outbox.lines.size]).toEqual([['a', 'b'], 0]);
});

/** Whatever is said of them, these stay as they are: their `_id` cannot be asked for. */
function makeDeaf(outbox: MemoryOutbox, isDeaf: (origin: string) => boolean): void {
  const { refuse, remove } = outbox;
  outbox.refuse = (entries) =>
    refuse.call(
      outbox,
      entries.filter(({ origin }) => !isDeaf(origin)),
    );
  outbox.remove = (entries) =>
    remove.call(
      outbox,
      entries.filter(({ origin }) => !isDeaf(origin)),
    );
}

test.each([1, 128, 300])(
  '%i entries that cannot be refused are told once each, and hold up no other',
  async (count) => {
    const { clock, tasks, outbox, relay, told } = world();
    makeDeaf(outbox, (origin) => origin.startsWith('a '));
    for (let index = 0; index < count; index++) {
      outbox.commit({ id: 'bad', bytes, origin: `a ${index}`, problem: 'it is bad' });
    }
    outbox.commit({ id: 'good', bytes, origin: 'b' });
    relay.start(tenure);
    for (let look = 0; look < 10; look++) {
      await clock.advance(100);
      relay.look();
    }
    expect(tasks.queued).toEqual(['good']);
    expect(told).toHaveLength(count + 1);
    // They become no tasks, so what is done may be trimmed.
    tasks.done = 1;
    relay.look();
    await clock.advance(100);
    expect(relay.trimLimit()).toBe(Number.POSITIVE_INFINITY);
  },
);

test('entries that cannot be removed hold up no other, and what has become of them is not trimmed', async () => {
  const { clock, tasks, outbox, relay } = world();
  makeDeaf(outbox, (origin) => origin.startsWith('a '));
  for (let index = 0; index < 200; index++) outbox.commit({ id: `id ${index}`, bytes, origin: `a ${index}` });
  relay.start(tenure);
  await clock.advance(1000);
  outbox.commit({ id: 'good', bytes, origin: 'b' });
  relay.look();
  await clock.advance(1000);
  expect(tasks.queued).toContain('good');
  expect(tasks.queued).toHaveLength(201);
  expect(relay.trimLimit()).toBe(0);
});

test('entries that cannot be refused are not read on and on', async () => {
  const { clock, outbox, relay } = world();
  let reads = 0;
  makeDeaf(outbox, () => true);
  const { read } = outbox;
  outbox.read = (...asked) => {
    reads += 1;
    return read.apply(outbox, asked);
  };
  outbox.commit({ id: 'bad', bytes, problem: 'it is bad' });
  relay.start(tenure);
  await clock.advance(10_000);
  expect(reads).toBeLessThanOrEqual(3);
});

test('a member that may not refuse tells it, and moves the others', async () => {
  const { clock, tasks, outbox, relay, told } = world();
  outbox.refuse = () => {
    throw new Error('not allowed');
  };
  outbox.commit({ id: 'bad', bytes, origin: 'a', problem: 'it is bad' });
  outbox.commit({ id: 'good', bytes, origin: 'b' });
  relay.start(tenure);
  await clock.advance(10_000);
  expect(tasks.queued).toEqual(['good']);
  expect(told).toHaveLength(3);
});

test.each([
  [new bson.ObjectId('0123456789abcdef01234567'), "ObjectId('0123456789abcdef01234567')"],
  [{ toString: 1 }, '{"toString":1}'],
  [{ order: 17, line: 2 }, '{"order":17,"line":2}'],
  [new bson.UUID('5888a978-c2f7-4d3e-beba-570a89046292'), 'WIipeML3TT6+ulcKiQRikg=='],
])('an entry that cannot become a task is named so that it can be found: %j', (key, shown) => {
  expect(shownKey(key)).toContain(shown);
});

test('a member that is no master any more moves nothing', async () => {
  const { clock, tasks, outbox, relay } = world();
  relay.start(tenure);
  await clock.advance(0);
  relay.end();
  outbox.commit({ id: 'a', bytes });
  relay.look();
  await clock.advance(1000);
  expect([tasks.queued, outbox.lines.size]).toEqual([[], 1]);
});

test('a mastership that ends while tasks are stored removes no entry, and asks for nothing more', async () => {
  const { clock, tasks, outbox, relay, told } = world();
  outbox.commit({ id: 'a', bytes });
  fate = { there: 50, back: 0 };
  relay.start(tenure);
  await clock.advance(10);
  relay.end();
  await clock.advance(1000);
  expect([tasks.queued, outbox.lines.size, told]).toEqual([['a'], 1, []]);
});

test('a call that fails after the mastership has ended is told to no one', async () => {
  const { clock, tasks, outbox, relay, told } = world();
  outbox.commit({ id: 'a', bytes });
  fate = { there: 50, back: 0, lost: 'answer' };
  relay.start(tenure);
  await clock.advance(10);
  relay.end();
  await clock.advance(1000);
  expect([tasks.queued, outbox.lines.size, told]).toEqual([['a'], 1, []]);
});

test('masters that all look at once read their entries a few at a time, and each is as fresh as its read', async () => {
  const reads = new ReadLimit();
  const clock = new VirtualClock();
  let [under, most] = [0, 0];
  const outbox = new MemoryOutbox();
  const slow = outbox.connect(async (_, carryOut) => {
    under += 1;
    most = Math.max(most, under);
    await new Promise<void>((resolve) => clock.at(clock.now() + 1000, resolve));
    under -= 1;
    return carryOut();
  });
  const ages: number[] = [];
  for (let index = 0; index < 100; index++) {
    const store = {
      relayTasks: async (...[, , { now }]: Parameters<TaskStore['relayTasks']>) => {
        ages.push(clock.now() - now);
        return null;
      },
    };
    const relay = new Relay({
      ...{ name: 'x', store, outbox: slow, clock, poll: 100, reads },
      ...{ through: () => 0, stored: () => {}, duplicate: () => {}, trouble: () => {} },
    });
    outbox.commit({ id: 'a', bytes, origin: 'a' });
    relay.start(tenure);
  }
  await clock.advance(20_000);
  expect(most).toBe(16);
  expect(ages).toHaveLength(100);
  expect(Math.max(...ages)).toBeLessThan(1500);
});
