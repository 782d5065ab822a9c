/** How long from a submission to the start of the task, in an idle queue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { msBetween } from '../support/spread.js';
import type { Lane } from './lane.js';

/** Between the start of a task and the submission of the next, in ms: at least, and by chance on top, past most polls. */
const IDLE = 300;
const PHASE = 2000;
const LIMIT = 20_000;
/** The first tasks load modules and start threads. */
const WARM_UP = 1;

/** Returns ms, one for each task. */
export async function latencies(lane: Lane, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let id = 1; id <= count + WARM_UP; id++) {
    await sleep(IDLE + Math.random() * PHASE);
    const from = process.hrtime.bigint();
    await lane.submitter.submit({ id, blocking: false, length: 0 });
    const start = await lane.noted(({ kind, task }) => kind === 'start' && task === id, LIMIT);
    if (start === undefined) throw new Error(`a task did not begin within ${LIMIT} ms: ${lane.lastWords()}`);
    if (id > WARM_UP) found.push(msBetween(from, start.at));
  }
  return found;
}
