/** `requeue` that is cut off at any of its calls: the task is queued, or its letter is there, and a second call queues what is not. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CoordinatorHandle } from '../../../src/cluster/coordinatorHandle.ts';
import { ManagedCluster } from '../../../src/cluster/managed.ts';
import type { SubmitResult, WireApi } from '../../../src/coordinator/messages.ts';
import { FailoverError } from '../../../src/errors.ts';
import { resolveManagedOptions } from '../../../src/resolveManagedOptions.ts';
import { resolveOptions } from '../../../src/resolveOptions.ts';
import { runs } from './runs.ts';

type Remote = Pick<WireApi, 'findDeadLetter' | 'removeDeadLetter' | 'submit' | 'unblock'>;

/** A store with one dead letter, behind calls of which one is lost, or its answer. */
class Letters {
  queued = 0;
  letters = 1;
  blocked = false;
  calls = 0;

  constructor(
    private readonly lost: number,
    private readonly carriedOut: boolean,
  ) {}

  readonly remote: Remote = {
    findDeadLetter: () => this.answer(() => (this.letters === 0 ? null : { seq: 1, bytes: new Uint8Array(5) })),
    removeDeadLetter: () =>
      this.answer(() => {
        this.letters = 0;
      }),
    submit: () =>
      this.answer((): SubmitResult[] => {
        const result = this.queued === 0 ? 'queued' : 'known';
        this.queued = 1;
        return [result];
      }),
    unblock: () =>
      this.answer(() => {
        const { blocked } = this;
        this.blocked = false;
        return blocked;
      }),
  };

  private async answer<T>(carryOut: () => T): Promise<{ ok: true; value: T }> {
    this.calls += 1;
    const isLost = this.calls === this.lost;
    if (isLost && !this.carriedOut) throw new FailoverError('ERR_COORDINATOR_LOST', 'it died');
    const value = carryOut();
    if (isLost) throw new FailoverError('ERR_COORDINATOR_LOST', 'it died');
    return { ok: true, value };
  }
}

const resolved = resolveOptions({ nodb: true });

class TestCluster extends ManagedCluster {
  constructor(private readonly store: Letters) {
    const options = resolveManagedOptions({ durable: true }, resolved.intervals);
    super(
      new CoordinatorHandle(resolved),
      'test',
      () => 'a',
      { kind: 'module', href: 'file:///work.js' },
      options,
      null,
    );
  }

  protected override added(): number {
    return 1;
  }

  protected override async call<R>(send: Parameters<ManagedCluster['call']>[0]): Promise<R> {
    // The proxy of a thread that is not there: only the calls above are made.
    const reply = await send(this.store.remote as never, 1);
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value as R;
  }
}

test('a task is never neither queued nor a dead letter', async () => {
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.boolean(), async (lost, carriedOut) => {
    const store = new Letters(lost, carriedOut);
    const cluster = new TestCluster(store);
    await cluster.requeue('a').catch(() => {});
    expect(store.queued + store.letters, 'lost').toBeGreaterThan(0);
    const left = store.letters;
    const isThere = store.queued === 1;
    // What is queued may be another task of this id, which must not take the letter's place.
    expect(await cluster.requeue('a')).toBe(!isThere && left === 1);
    expect([store.queued, store.letters]).toEqual([1, isThere ? left : 0]);
  });
  await fc.assert(property, runs(50));
});

test('a queue that stands still at a task goes on, although there is an old letter of its id, which stays', async () => {
  const store = new Letters(0, true);
  store.queued = 1;
  store.blocked = true;
  const cluster = new TestCluster(store);
  expect([await cluster.requeue('a'), store.blocked, store.letters]).toEqual([true, false, 1]);
  expect(await cluster.requeue('a')).toBe(false);
});
