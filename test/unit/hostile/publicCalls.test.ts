/**
 * Every public call, with whatever a caller hands in: it is accepted, or refused with a coded error, and what reaches the
 * coordinator thread can be sent there. The thread is played: it takes everything.
 */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { FailoverErrorCode } from '../../../src/errors.ts';
import { failover } from '../../../src/failover.ts';
import { runs } from '../../support/propertyRuns.ts';
import { acceptedOrCoded, acceptedOrRejected } from './accepted.ts';
import { Given, given, hostile, mutated } from './hostileValues.ts';

vi.mock('../../../src/facade/coordinatorThread.ts', () => ({
  CoordinatorThread: class {
    readonly lost = new Promise<Error>(() => {});
    readonly ended = new Promise<void>(() => {});
    readonly answers: Record<string, (cluster: number, ...args: never[]) => unknown>;
    constructor({ onEvent }: { onEvent(cluster: number, event: object): void }) {
      this.answers = {
        stop: (cluster: number) => void onEvent(cluster, { type: 'stopped' }),
        submit: (_cluster: number, { ids }: { ids: unknown[] }) => ids.map(() => 'queued'),
        takeDeadLetter: () => 'none',
        unblock: () => false,
        synchronize: () => true,
        status: () => ({}),
      };
    }
    hold() {}
    release() {}
    // As a message port would, both throw for what cannot cross.
    async open(spec: object) {
      structuredClone(spec);
    }
    async call(cluster: number, name: string, ...args: never[]) {
      structuredClone(args);
      return this.answers[name]?.(cluster, ...args);
    }
    async close() {}
  },
}));

const INVALID: readonly FailoverErrorCode[] = ['ERR_INVALID_OPTION', 'ERR_WORK_MODULE'];
const SUBMIT: readonly FailoverErrorCode[] = [
  ...([
    'ERR_INVALID_KEY',
    'ERR_INVALID_OPTION',
    'ERR_TASK_NOT_CLONEABLE',
    'ERR_TASK_TOO_LARGE',
    'ERR_QUEUE_FULL',
  ] as const),
];
const ORDER: readonly FailoverErrorCode[] = ['ERR_ALREADY_RUNNING', 'ERR_STOPPED'];
const work = () => true;

/** A caller without types may pass anything. */
function untyped<T>(value: unknown): T {
  return value as T;
}

const args = fc.tuple(
  fc.oneof({ weight: 3, arbitrary: given(fc.constant('billing')) }, { weight: 1, arbitrary: hostile }),
  fc.oneof({ weight: 3, arbitrary: given(fc.constant('id')) }, { weight: 1, arbitrary: hostile }),
  fc.oneof({ weight: 3, arbitrary: given(fc.constant(work)) }, { weight: 1, arbitrary: hostile }),
  mutated(fc.constant({ durable: true, retry: { attempts: 3 }, maxQueue: 10, fencing: 'thread' })),
);
const task = fc.oneof(
  hostile,
  mutated(fc.record({ id: fc.oneof(fc.integer(), fc.string()), amount: fc.nat(), lines: fc.array(fc.string()) })),
  hostile.map(
    ({ text, make }) =>
      new Given(
        () => `{ id: ${text()} }`,
        () => ({ id: make() }),
      ),
  ),
  hostile.map(
    ({ text, make }) =>
      new Given(
        () => `{ id: 1, part: ${text()} }`,
        () => ({ id: 1, part: make() }),
      ),
  ),
);
const wait = fc.oneof(
  given(fc.constantFrom(undefined, {}, { wait: false })),
  hostile,
  mutated(fc.constant({ wait: true })),
);

test('failover(), and what it makes', async () => {
  const options = fc.oneof(hostile, mutated(fc.constant({ nodb: true, intervals: { MASTER: 100, SLAVE: 300 } })));
  const property = fc.asyncProperty(options, args, async ({ make }, [name, key, module, managed]) => {
    const made = acceptedOrCoded(INVALID, () => failover(untyped(make())));
    const { managed: Managed, unmanaged: Unmanaged, close } = made ?? failover({ nodb: true });
    acceptedOrCoded(INVALID, () =>
      Reflect.construct(
        Managed,
        [name, key, module, managed].map((each) => each.make()),
      ),
    );
    acceptedOrCoded(INVALID, () => Reflect.construct(Unmanaged, [name.make(), key.make()]));
    await close();
  });
  await fc.assert(property, runs(500));
});

test('submitWork and requeue', async () => {
  const { managed: Managed, close } = failover({ nodb: true });
  const property = fc.asyncProperty(task, wait, hostile, async (given, options, id) => {
    const cluster = new Managed('billing', 'id', work, { maxTaskBytes: 10_000 });
    await acceptedOrRejected(SUBMIT, () => cluster.submitWork(untyped(given.make()), untyped(options.make())));
    await acceptedOrRejected(['ERR_INVALID_KEY'], () => cluster.requeue(untyped(id.make())));
    expect(await cluster.submitWork({ id: 'another one' }), 'what follows is taken').toEqual({ stored: true });
  });
  await fc.assert(property, runs(800));
  await close();
});

test('submitMany, all or none', async () => {
  const { managed: Managed, close } = failover({ nodb: true });
  const list = fc.oneof(
    hostile,
    fc.array(task, { maxLength: 5 }).map(
      (tasks) =>
        new Given(
          () => `[${tasks.map(({ text }) => text()).join(', ')}]`,
          () => tasks.map(({ make }) => make()),
        ),
    ),
    mutated(fc.constant([{ id: 1 }, { id: 2 }])),
  );
  const property = fc.asyncProperty(list, wait, async (given, options) => {
    const cluster = new Managed('billing', 'id', work, { maxTaskBytes: 10_000 });
    await acceptedOrRejected(SUBMIT, () => cluster.submitMany(untyped(given.make()), untyped(options.make())));
    expect(await cluster.submitMany([{ id: 'another one' }]), 'what follows is taken').toMatchObject({ stored: 1 });
  });
  await fc.assert(property, runs(800));
  await close();
});

test('run, synchronize, status and stop, in any order', async () => {
  const call = fc.constantFrom('run', 'stop', 'status', 'synchronize');
  const property = fc.asyncProperty(fc.array(fc.tuple(call, hostile), { maxLength: 8 }), async (calls) => {
    const { unmanaged: Unmanaged, close } = failover({ nodb: true });
    const cluster = new Unmanaged('billing');
    for (const [name, { make }] of calls) {
      const each: (...args: unknown[]) => Promise<unknown> = untyped(cluster[name]);
      await acceptedOrRejected([...ORDER, 'ERR_INVALID_OPTION'], () => Reflect.apply(each, cluster, [make()]));
    }
    await close();
  });
  await fc.assert(property, runs(300));
});
