/** How the runner makes the main thread of a process crash, whichever process runs the job. */
export const crashSignals = { throw: 'SIGUSR2', exit: 'SIGHUP' } as const;

/** Makes one signal an uncaught exception, and another a `process.exit(1)`, both on the main thread. */
export function crashOnSignal(): void {
  process.on(crashSignals.throw, () => {
    throw new Error('crashed on purpose');
  });
  process.on(crashSignals.exit, () => process.exit(1));
}
