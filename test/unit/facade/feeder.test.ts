/** Tasks cross in bounded batches, in their order, and are all there again for a coordinator that takes over. */
import { expect, test } from 'vitest';
import { FailoverError } from '../../../src/errors.ts';
import { type EncodedTask, Feeder } from '../../../src/facade/feeder.ts';
import { TaskBlocks } from '../../../src/facade/taskBlocks.ts';
import type { SubmitResult, TaskBatch } from '../../../src/wire/messages.ts';

const blocks = new TaskBlocks();
const task = (id: number, size = 1): EncodedTask => ({ id, slot: blocks.copy(new Uint8Array(size).fill(id)) });
const many = (count: number, size = 1): EncodedTask[] => Array.from({ length: count }, (_, id) => task(id, size));

const feed = (feeder: Feeder, each: EncodedTask): Promise<SubmitResult | 'unsent'> =>
  new Promise((resolve, reject) => feeder.submit(each, { over: false, settle: resolve, fail: reject }));

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

  /** Answers the oldest batch under way, and lets the next one come. */
  async answer(how: SubmitResult | Error = 'queued'): Promise<void> {
    this.answers.shift()?.(how);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('all of one turn cross together, in the block that they stand in', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send);
  const submitted = [task(1, 2), task(2, 3)].map((each) => feed(feeder, each));
  await Promise.resolve();
  expect(coordinator.batches).toMatchObject([{ ids: [1, 2], lengths: [2, 3] }]);
  const bytes = coordinator.batches.flatMap(({ block, offsets, lengths }) =>
    offsets.map((offset, index) => [...block.subarray(offset, offset + (lengths[index] ?? 0))]),
  );
  expect(bytes).toEqual([
    [1, 1],
    [2, 2, 2],
  ]);
  await coordinator.answer('known');
  expect(await Promise.all(submitted)).toEqual(['known', 'known']);
});

test('few bounded batches are under way at once, and the next one waits for an answer', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send);
  const submitted = many(1500).map((each) => feed(feeder, each));
  await Promise.resolve();
  expect(coordinator.batches.map(({ ids }) => ids.length)).toEqual([256, 256, 256, 256]);
  await coordinator.answer();
  submitted.push(feed(feeder, task(1500)));
  for (let answers = 0; answers < 6; answers++) await coordinator.answer();
  expect(coordinator.batches.map(({ ids }) => ids.length)).toEqual([256, 256, 256, 256, 256, 221]);
  expect(coordinator.ids).toEqual(Array.from({ length: 1501 }, (_, id) => id));
  expect(new Set(await Promise.all(submitted))).toEqual(new Set(['queued']));
});

test('of tasks that are to be stored one batch is under way, for two could be stored in either order', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send, true);
  const submitted = many(1500).map((each) => feed(feeder, each));
  await Promise.resolve();
  expect(coordinator.batches.map(({ ids }) => ids.length)).toEqual([1024]);
  await coordinator.answer();
  expect(coordinator.batches.map(({ ids }) => ids.length)).toEqual([1024, 476]);
  await coordinator.answer();
  expect(new Set(await Promise.all(submitted))).toEqual(new Set(['queued']));
});

test('large tasks make small batches, and one larger than a batch crosses alone', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send);
  for (const each of [task(0, 6000), task(1, 6000), task(2, 3_000_000), task(3)]) void feed(feeder, each);
  await Promise.resolve();
  for (let batches = 0; batches < 4; batches++) await coordinator.answer();
  expect(coordinator.batches.map(({ ids }) => ids)).toEqual([[0, 1], [2], [3]]);
});

test('what a coordinator refuses fails, and what dies with it is fed again before what comes later', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send);
  const refused = expect(feed(feeder, task(1))).rejects.toThrow('no');
  await Promise.resolve();
  await coordinator.answer(new Error('no'));
  await refused;

  const lost = feed(feeder, task(2));
  await Promise.resolve();
  await coordinator.answer(new FailoverError('ERR_COORDINATOR_LOST', 'it died'));
  expect(await lost).toBe('queued');
  const waits = feed(feeder, task(3));
  const fed = feeder.refeed([task(2), task(3)]);
  const later = feed(feeder, task(4));
  await Promise.resolve();
  await coordinator.answer();
  expect(coordinator.ids).toEqual([1, 2, 2, 3, 4]);
  expect(await Promise.all([waits, later, fed])).toEqual(['queued', 'queued', undefined]);
});

test('to be fed again is over when those tasks have crossed, however many are submitted in between', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send);
  const refed = many(1500);
  let fed = false;
  const feeding = feeder.refeed(refed).then(() => {
    fed = true;
  });
  await Promise.resolve();
  for (let answers = 0; answers < 6; answers++) {
    expect(fed).toBe(false);
    void feed(feeder, task(2000 + answers));
    await coordinator.answer();
  }
  await feeding;
  expect(coordinator.batches.length).toBeGreaterThan(6);
});

test('tasks in the store are not fed again, so there is nothing to wait for', async () => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send, true);
  const submitted = feed(feeder, task(1));
  await Promise.resolve();
  await feeder.refeed([]);
  await coordinator.answer();
  expect(await submitted).toBe('queued');
  expect(coordinator.ids).toEqual([1]);
});

test.each([true, false])('what was sent is let go although some caller always waits (stored: %s)', async (stored) => {
  const coordinator = new Coordinator();
  const feeder = new Feeder(coordinator.send, stored);
  const held = (): number => Object(Reflect.get(feeder, 'waiting')).length;
  let most = 0;
  // More than two batches are left each time, so none ever takes the last one.
  for (let submitted = 1500; submitted <= 30_000; submitted += 1500) {
    for (const each of many(1500)) feed(feeder, each).catch(() => {});
    while (coordinator.ids.length < submitted - 2500) {
      await coordinator.answer();
      most = Math.max(most, held());
    }
  }
  expect(most).toBeGreaterThan(2000);
  expect(most).toBeLessThan(10_000);
});
