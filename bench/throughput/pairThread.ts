/** A thread that does what a message brings and answers with its number: the other half of `pair.ts`. */
import { parentPort } from 'node:worker_threads';
import type { PairAnswer, PairRequest } from './pair.js';
import work from './work.js';

parentPort?.on('message', ({ call, tasks }: PairRequest) => {
  for (const task of tasks) if (!work(task)) throw new Error('the work failed');
  const answer: PairAnswer = { call };
  parentPort?.postMessage(answer);
});
