import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { Gate } from '../../../../src/store/embedded/gate.ts';

/** A thread that is inside, and leaves only when another one shuts the gate and waits: then it has woken one. */
const inside = `
const { parentPort, workerData } = require('node:worker_threads');
const words = new Int32Array(workerData.gate);
const left = new Int32Array(workerData.left);
parentPort.postMessage('inside');
while (Atomics.load(words, 0) === 0);
Atomics.store(left, 0, 1);
while (Atomics.notify(words, 1) === 0);
Atomics.store(words, 1, 0);
`;

test('the thread that shuts the gate waits until the other one is outside', async () => {
  const gate = new Gate();
  gate.begin();
  const left = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(inside, { eval: true, workerData: { gate: gate.shared.buffer, left: left.buffer } });
  onTestFinished(() => void worker.terminate());
  await once(worker, 'message');
  expect(left[0]).toBe(0);
  expect(gate.shut()).toBe(true);
  expect(left[0]).toBe(1);
});

test('nothing enters once the gate is shut', () => {
  const gate = new Gate();
  expect(gate.enter()).toBe(true);
  gate.leave();
  expect(gate.shut()).toBe(true);
  expect(new Gate(gate.shared).enter()).toBe(false);
  // A refused thread does not count as inside.
  expect(gate.shut()).toBe(true);
});

test('a thread that must not be blocked looks whether the other one is outside', async () => {
  const gate = new Gate();
  gate.begin();
  expect(await gate.shutSoon(0)).toBe(false);
  const outside = gate.shutSoon(Number.POSITIVE_INFINITY);
  gate.leave();
  expect(await outside).toBe(true);
});
