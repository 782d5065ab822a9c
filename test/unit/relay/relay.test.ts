import { expect, test } from 'vitest';
import { ReadLimit } from '../../../src/queue/readLimit.ts';
import { Relay } from '../../../src/relay/relay.ts';
import type { TaskStore } from '../../../src/store/taskStore.ts';
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
    /^ERR_OUTBOX_ENTRY: an entry of the outbox of 'x' .* its payload is no BSON document\. .* _id bad:/,
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
