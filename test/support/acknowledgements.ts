/** Acknowledgements as a holder sends them: each with a higher number than the one before. */
import type { Acknowledgement, Burial } from '../../src/store/taskStore.ts';

let sent = 0;

export function acknowledgement(done: number, burial: Burial | null): Acknowledgement {
  sent += 1;
  return { number: sent, done, burial };
}
