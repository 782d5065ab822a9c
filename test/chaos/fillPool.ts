/** Keeps the thread pool of this process from everyone else for a while, without a core: its threads read a FIFO. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFile } from 'node:fs';

/** As many as libuv has by default. */
const THREADS = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
/** Between two tries to let the readers go, in ms. */
const AGAIN = 20;

/** Makes the FIFO, which must not be there yet. */
export function fillPool(fifo: string, ms: number): void {
  execFileSync('mkfifo', [fifo]);
  let reading = THREADS;
  for (let thread = 0; thread < THREADS; thread += 1) {
    readFile(fifo, () => {
      reading -= 1;
    });
  }
  // One that had to wait for a thread begins to read after the first writer has gone.
  const release = (): void => {
    letReadersGo(fifo);
    if (reading > 0) setTimeout(release, AGAIN);
  };
  setTimeout(release, ms);
}

/** Readers end when a writer has come and gone. */
function letReadersGo(fifo: string): void {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (error) {
    // ENXIO: there is no reader at this moment.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENXIO')) throw error;
  }
}
