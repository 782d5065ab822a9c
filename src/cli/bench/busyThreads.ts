/** Threads at normal priority that do slices without a pause, until they are told to end through shared memory. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { slice } from './cpuWork.js';

const OVER = 0;
const SLICES = 1;

interface BusyThreads {
  /** Slices so far, of all threads. */
  readonly slices: () => number;
  end(): Promise<void>;
}

/** Resolves when all of them are at work. */
export async function startBusyThreads(count: number): Promise<BusyThreads> {
  const cells = new Int32Array(new SharedArrayBuffer(8));
  const threads = Array.from({ length: count }, () => new Worker(new URL(import.meta.url), { workerData: cells }));
  const ended = threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve)));
  await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('message', resolve))));
  return {
    slices: () => Atomics.load(cells, SLICES),
    end: async () => {
      Atomics.store(cells, OVER, 1);
      await Promise.all(ended);
    },
  };
}

function beBusy(cells: Int32Array): void {
  slice(0);
  parentPort?.postMessage('busy');
  for (let seed = 1; Atomics.load(cells, OVER) === 0; seed++) {
    slice(seed);
    Atomics.add(cells, SLICES, 1);
  }
}

if (!isMainThread && workerData instanceof Int32Array) beBusy(workerData);
