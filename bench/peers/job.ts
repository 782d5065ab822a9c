/** The job of every system: so and so much work, noted every 20 ms. */
import { setTimeout as sleep } from 'node:timers/promises';
import { noteTaker } from './notes.js';

export interface PeerTask {
  readonly id: number;
  /** Never returns to the event loop until it is done, nor looks whether it was told to stop. */
  readonly blocking: boolean;
  /** How much work, in ms. The time in which its process is frozen is no work. */
  readonly length: number;
}

interface Hooks {
  /** Whether the system told the job to stop. */
  isStopped?(): boolean;
  /** Called once a second; the work goes on when it has resolved. */
  beat?(): Promise<unknown>;
}

const STEP = 20;
const BEAT_STEPS = 50;
const cell = new Int32Array(new SharedArrayBuffer(4));

/** Rejects if it was told to stop: such a task is not done. */
export async function job(task: PeerTask, { isStopped, beat }: Hooks = {}): Promise<void> {
  const note = noteTaker(task.id);
  note('start');
  for (let step = 1; step <= task.length / STEP; step++) {
    if (task.blocking) block();
    else await sleep(STEP);
    if (!task.blocking && isStopped?.()) {
      note('stop');
      throw new Error('told to stop');
    }
    note('work');
    if (!task.blocking && step % BEAT_STEPS === 0) await beat?.();
  }
  note('end');
}

/** Spins for 1 ms and sleeps for the rest, and several lanes fit on two cores. The thread does not return. */
export function block(): void {
  const until = performance.now() + 1;
  while (performance.now() < until);
  Atomics.wait(cell, 0, 0, STEP - 1);
}
