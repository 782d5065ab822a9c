/** What the runner makes happen on the main thread of a process, by signals: whichever process runs the job, it has its pid. */
import { block } from './job.js';

const signals = { throw: 'SIGUSR2', exit: 'SIGHUP', block: 'SIGWINCH' } as const;

/** For `block`, in ms: in the environment, as a process may be the child of a worker. */
export const BLOCK_VARIABLE = 'PEERS_BLOCK';

/** Obeys with an uncaught exception, with `process.exit(1)`, or with a main thread that does not return for so long. */
export function obeySignals(): void {
  process.on(signals.throw, () => {
    throw new Error('crashed on purpose');
  });
  process.on(signals.exit, () => process.exit(1));
  process.on(signals.block, () => {
    const until = performance.now() + Number(process.env[BLOCK_VARIABLE]);
    while (performance.now() < until) block();
  });
}

export function order(pid: number, what: keyof typeof signals): void {
  process.kill(pid, signals[what]);
}
