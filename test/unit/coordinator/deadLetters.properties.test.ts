/** `requeue` that is cut off at any of its calls: the task is queued, or its letter is there, and a second call queues what is not. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeadLetters } from '../../../src/coordinator/deadLetters.ts';
import { DurableDuty } from '../../../src/coordinator/duties/durableDuty.ts';
import { CoordinatorHandle } from '../../../src/facade/coordinatorHandle.ts';
import { ManagedCluster } from '../../../src/facade/managedCluster.ts';
import { resolveManagedOptions } from '../../../src/options/managed.ts';
import { resolveOptions } from '../../../src/options/resolve.ts';
import { ReadLimit } from '../../../src/queue/readLimit.ts';
import type { Caller, CallsByName, ClusterCalls } from '../../../src/wire/messages.ts';
import type { TakenLetter } from '../../../src/wire/takenLetter.ts';
import { emptyOutbox } from '../../support/emptyOutbox.ts';
import { MemoryScheduleStore } from '../../support/memoryScheduleStore.ts';
import { atOnce, MemoryTasks } from '../../support/memoryTaskStore.ts';
import { runs } from '../../support/propertyRuns.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { NAME, POLL, Told } from './duties/duties.ts';

const letter = { queue: NAME, seq: 1, id: 'a', bytes: new Uint8Array(5), attempts: 1, at: new Date(0) };
const verdict = { name: 'Error', message: 'no', code: undefined };

/** A stored queue with a dead letter, and a member of which one call is lost, or its answer. */
function member(lost: number, how: 'call' | 'answer') {
  const clock = new VirtualClock();
  const store = new MemoryTasks(clock);
  store.next = 2;
  store.done = 1;
  store.letters.push({ ...letter, ...verdict });
  let calls = 0;
  const fate = () => {
    calls += 1;
    return calls === lost ? { ...atOnce, lost: how } : atOnce;
  };
  const connected = store.connect(fate);
  const letters = new DeadLetters({ store: connected, name: NAME, holder: 'me', clock, poll: POLL });
  const work = new DurableDuty({
    ...new Told().parts(clock),
    ...emptyOutbox(clock, POLL),
    store: connected,
    holder: 'me',
    reads: new ReadLimit(),
    schedules: new MemoryScheduleStore(),
    clockAhead: async () => 'none',
    key: 'id',
    stored: () => {},
  });
  return { store, requeue: () => work.requeue('a', letters) };
}

test('a task is never neither queued nor a dead letter', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom('call' as const, 'answer' as const),
    async (lost, how) => {
      const { store, requeue } = member(lost, how);
      await requeue().catch(() => {});
      expect(store.queued.length + store.letters.length, 'lost').toBeGreaterThan(0);
      const left = store.letters.length;
      const isThere = store.queued.length === 1;
      // What is queued may be another task of this id, which must not take the letter's place.
      expect(await requeue()).toBe(!isThere && left === 1);
      expect([store.queued.length, store.letters.length]).toEqual([1, isThere ? left : 0]);
    },
  );
  await fc.assert(property, runs(50));
});

type Remote = Pick<ClusterCalls, 'takeDeadLetter' | 'finishDeadLetter' | 'unblock'>;

const resolved = resolveOptions({ nodb: true });
const taken: TakenLetter = { seq: 1, bytes: new Uint8Array(5), claim: 'me/1', began: Number.POSITIVE_INFINITY };

/** A queue in memory that holds a task of the letter's id already. */
class TestCluster extends ManagedCluster<{ id: string }> {
  blocked = true;
  readonly finished: string[] = [];

  constructor(private readonly found: TakenLetter | 'none' | 'elsewhere') {
    const options = resolveManagedOptions({}, resolved.intervals);
    const place = { kind: 'module', href: 'file:///work.js' } as const;
    super(new CoordinatorHandle(resolved), 'test', () => 'a', place, options, null, 50);
    void this.submitWork({ id: 'a' });
  }

  readonly remote: Remote = {
    takeDeadLetter: async () => this.found,
    finishDeadLetter: async (_letter, how) => {
      this.finished.push(how);
    },
    unblock: async () => {
      const { blocked } = this;
      this.blocked = false;
      return blocked;
    },
  };

  protected override ensureAdded(): number {
    return 1;
  }

  protected override caller(): Caller {
    // Only the calls above are made.
    const calls = this.remote as CallsByName;
    return (name, ...args) => calls[name](...args);
  }

  /** Tasks on their way to the coordinator stay there. */
  protected override call<R>(): Promise<R> {
    return new Promise(() => {});
  }
}

test.each([
  { name: 'an old letter of its id stays', found: taken, answers: [true, false], finished: ['stays', 'stays'] },
  { name: 'there is no letter', found: 'none' as const, answers: [true, false], finished: [] },
  { name: 'another member has put it back', found: 'elsewhere' as const, answers: [false, false], finished: [] },
])('a queue in memory that is blocked at a task: $name', async ({ found, answers, finished }) => {
  const cluster = new TestCluster(found);
  expect([await cluster.requeue('a'), await cluster.requeue('a'), cluster.finished]).toEqual([...answers, finished]);
});
