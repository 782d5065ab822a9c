import { AsyncResource } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { InsideWork } from '../../../src/facade/insideWork.ts';

test('a call of the run is told, also after it has waited, and no other', async () => {
  const inside = new InsideWork();
  const seen: boolean[] = [];
  const running = inside.run(async () => {
    seen.push(inside.isCaller);
    await turn();
    seen.push(inside.isCaller);
  });
  expect(inside.isCaller).toBe(false);
  await running;
  expect([...seen, inside.isCaller]).toEqual([true, true, false]);
});

test('what a run leaves behind is none of it, nor of the next run', async () => {
  const inside = new InsideWork();
  let leftBehind: () => Promise<boolean> = async () => true;
  await inside.run(async () => {
    leftBehind = bound(async () => inside.isCaller);
  });
  expect(await leftBehind()).toBe(false);
  await inside.run(async () => {
    expect([await leftBehind(), inside.isCaller]).toEqual([false, true]);
  });
});

test('a run that throws is over as well', async () => {
  const inside = new InsideWork();
  const failing = async () => {
    throw new RangeError('no');
  };
  await expect(inside.run(failing)).rejects.toThrow('no');
  expect(inside.isCaller).toBe(false);
});

test('works of two clusters do not know each other', async () => {
  const [one, other] = [new InsideWork(), new InsideWork()];
  await one.run(async () => {
    expect([one.isCaller, other.isCaller]).toEqual([true, false]);
    await other.run(async () => expect([one.isCaller, other.isCaller]).toEqual([true, true]));
  });
});

/** Calls it later in the asynchronous context of now. */
function bound<T>(call: () => Promise<T>): () => Promise<T> {
  return AsyncResource.bind(call);
}
