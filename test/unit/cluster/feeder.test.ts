/** Tasks cross in bounded batches, in their order, and are all there again for a coordinator that takes over. */
import { expect, test } from 'vitest';
import { type EncodedTask, Feeder } from '../../../src/cluster/feeder.ts';
import type { SubmitResult, TaskBatch } from '../../../src/coordinator/messages.ts';
import { FailoverError } from '../../../src/errors.ts';

const task = (id: number, size = 1): EncodedTask => ({ id, bytes: new Uint8Array(size).fill(id) });
const many = (count: number, size = 1): EncodedTask[] => Array.from({ length: count }, (_, id) => task(id, size));

/** A coordinator whose answers the test gives. */
class Coordinator {
  readonly batches: TaskBatch[] = [];
  private answers: ((how: SubmitResult | Error) => void)[] = [];

  readonly send = (batch: TaskBatch): Promise<SubmitResult[]> => {
    this.batches.push(batch);
    return new Promise((resolve, reject) => {
      this.answers.push((how) => (how instanceof Error ? reject(how) : resolve(batch.ids.map(() => how))));
    });
  };

  get ids(): (string | number)[] {
    return this.batches.flatMap(({ ids }) => ids);
  }

  /** Answers the batch under way, and lets the next one come. */
  async answer(how: SubmitResult | Error = 'queued'): Promise<void> {
    this.answers.shift()?.(how);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('all of one turn cross together, and their bytes end to end', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send);
  const submitted = [task(1, 2), task(2, 3)].map((each) => feeder.submit(each));
  await Promise.resolve();
  expect(coordinator.batches).toMatchObject([{ ids: [1, 2], lengths: [2, 3] }]);
  expect([...new Uint8Array(coordinator.batches[0]?.block ?? new SharedArrayBuffer(0))]).toEqual([1, 1, 2, 2, 2]);
  await coordinator.answer('known');
  expect(await Promise.all(submitted)).toEqual(['known', 'known']);
});

test('a batch is bounded, and the next one waits for its answer', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send);
  const submitted = many(2500).map((each) => feeder.submit(each));
  await Promise.resolve();
  expect(coordinator.batches.map(({ ids }) => ids.length)).toEqual([1000]);
  await coordinator.answer();
  submitted.push(feeder.submit(task(2500)));
  await coordinator.answer();
  await coordinator.answer();
  expect(coordinator.batches.map(({ ids }) => ids.length)).toEqual([1000, 1000, 501]);
  expect(coordinator.ids).toEqual(Array.from({ length: 2501 }, (_, id) => id));
  expect(new Set(await Promise.all(submitted))).toEqual(new Set(['queued']));
});

test('large tasks make small batches, and one larger than a batch crosses alone', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send);
  for (const each of [task(0, 600_000), task(1, 600_000), task(2, 3_000_000), task(3)]) void feeder.submit(each);
  await Promise.resolve();
  for (let batches = 0; batches < 4; batches++) await coordinator.answer();
  expect(coordinator.batches.map(({ ids }) => ids)).toEqual([[0], [1], [2], [3]]);
});

test('what a coordinator refuses fails, and what dies with it is fed again before what comes later', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send);
  const refused = expect(feeder.submit(task(1))).rejects.toThrow('no');
  await Promise.resolve();
  await coordinator.answer(new Error('no'));
  await refused;

  const lost = feeder.submit(task(2));
  await Promise.resolve();
  const waits = feeder.submit(task(3));
  const fed = feeder.refeed([task(2), task(3)]);
  const later = feeder.submit(task(4));
  await coordinator.answer(new FailoverError('ERR_COORDINATOR_LOST', 'it died'));
  expect(await lost).toBe('queued');
  await coordinator.answer();
  expect(coordinator.ids).toEqual([1, 2, 2, 3, 4]);
  expect(await Promise.all([waits, later, fed])).toEqual(['queued', 'queued', undefined]);
});
