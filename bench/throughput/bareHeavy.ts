/** A thread that does the heavy work in a bare loop: as fast as one thread can. Asked by a message, answers with the time. */
import { parentPort } from 'node:worker_threads';
import type { HeavyTask } from './heavyWork.js';
import work from './heavyWork.js';

export interface BareRequest {
  readonly tasks: number;
  readonly turns: number;
}

parentPort?.on('message', ({ tasks, turns }: BareRequest) => {
  const from = performance.now();
  for (let id = 0; id < tasks; id++) {
    const task: HeavyTask = { id, turns };
    if (!work(task)) throw new Error('the work failed');
  }
  parentPort?.postMessage(performance.now() - from);
});
