/**
 * One life of a task thread: a Piscina pool of exactly one. The pool replaces a thread that died at once and by itself,
 * and without the user's module; so when its first thread is gone, the whole pool is, and the next run makes a new one.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { toWire, WorkError } from '../errors.js';
import { ownThreadData, preloadHint } from '../surroundings/ownThreads.js';
import { CoordinatorAnswers } from './answerPort.js';
import { failureOf } from './callWork.js';
import type { Packed } from './chunk.js';
import type { ChunkAnswer } from './runChunk.js';
import { HAS_STOP, type TaskThreadAnswer, type TaskThreadCall, type TaskThreadData } from './taskThread.js';

export interface TaskPoolParts {
  /** Called when the thread ended although nothing ran and it was not terminated. */
  idleExit(error: WorkError): void;
  /** Puts down the checkpoint of a task of the run under way. */
  checkpoint(index: number, bytes: Uint8Array): Promise<void>;
  /** The file of the thread's entry. */
  readonly filename: string;
  readonly data: TaskThreadData;
  readonly resourceLimits: {
    maxOldGenerationSizeMb?: number;
    maxYoungGenerationSizeMb?: number;
    codeRangeSizeMb?: number;
    stackSizeMb?: number;
  };
}

/** `exited`: the thread died of it, so `failure` says why, and how far it came is in the shared progress. */
interface PoolAnswer extends ChunkAnswer {
  readonly exited: boolean;
}

export class TaskPool {
  private readonly own = ownThreadData('task');
  private readonly pool: Piscina;
  /** Resolves when the thread has exited, whatever ended it. */
  readonly exited: Promise<void>;
  private ending: Promise<void> | undefined;
  /** What comes from the thread while a run goes on. */
  readonly answers: CoordinatorAnswers;
  private gone = false;
  private calls = 0;
  /** Whether a call has failed with the thread, and so told of its end. */
  private told = false;
  private isLoaded = false;
  /** Whether the module exports a function `stop`. */
  hasStop = false;
  /** Whether the user's module loads, or the failure. */
  readonly loaded: Promise<PoolAnswer>;

  /** Throws what Node throws when the thread cannot be made. */
  constructor({ filename, data, resourceLimits, idleExit, checkpoint }: TaskPoolParts) {
    this.pool = new Piscina({
      filename,
      workerData: { ...data, ...this.own },
      resourceLimits,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Piscina's default freezes an idle worker, so timers of the user's module would not run.
      atomics: 'disabled',
      recordTiming: false,
    });
    let why = 'it called process.exit, or Node ended it';
    // An error while nothing runs, such as a throw from a timer that was left behind; the thread's exit follows.
    this.pool.on('error', (error) => {
      why = toWire(error).message;
    });
    const [thread] = this.pool.threads;
    this.exited = new Promise((resolve) => {
      if (thread === undefined) resolve();
      else thread.once('exit', () => resolve());
    });
    const channel = new MessageChannel();
    this.answers = new CoordinatorAnswers({ port: channel.port1, checkpoint });
    void this.exited.then(() => {
      this.gone = true;
      this.answers.close();
      if (this.calls === 0 && !this.told && this.ending === undefined) {
        idleExit(new WorkError('ERR_TASK_THREAD_EXITED', `the task thread ended while nothing ran: ${why}`));
      }
      return this.terminate();
    });
    const load: TaskThreadCall = { term: 0, chunk: 'load', answers: channel.port2 };
    this.loaded = this.call(load, [channel.port2], 'loaded the work module').then((answer) => {
      this.isLoaded = answer.failure === null;
      this.hasStop = this.isLoaded && answer.took === HAS_STOP;
      return answer;
    });
  }

  /** Returns whether it can still run anything. */
  get usable(): boolean {
    return !this.gone && this.ending === undefined;
  }

  run(term: number, { chunk, transfer }: Packed): Promise<PoolAnswer> {
    this.answers.begins();
    return this.call({ term, chunk }, transfer, 'ran the work');
  }

  /** Returns whether there is a module that has run, which may have something to close, or has written something. */
  get stops(): boolean {
    return this.usable && this.isLoaded;
  }

  /** Has the module close what it has opened, and the thread pass on what it has written. No run may follow. */
  stopWork(): Promise<PoolAnswer> {
    return this.call({ term: 0, chunk: 'stop' }, [], 'stopped its work');
  }

  private async call(
    call: TaskThreadCall,
    transferList: (ArrayBuffer | MessagePort)[],
    what: string,
  ): Promise<PoolAnswer> {
    this.calls += 1;
    try {
      const answer: TaskThreadAnswer = await this.pool.run(call, { transferList });
      return typeof answer === 'number'
        ? { failure: null, took: answer, exited: false }
        : { failure: answer.failure, took: answer.took, exited: false };
    } catch (thrown) {
      this.told = true;
      // Only the thread itself can fail here, for what the work throws comes back as data.
      const { name, message } = toWire(thrown);
      const text = `the task thread ended while it ${what}: ${name}: ${message}${preloadHint(this.own, thrown)}`;
      const error = new WorkError('ERR_TASK_THREAD_EXITED', text, { cause: thrown });
      return { failure: failureOf(error), took: 0, exited: true };
    } finally {
      this.calls -= 1;
    }
  }

  /** Terminates the thread. Resolves when it has exited, which a native call can hold up. */
  terminate(): Promise<void> {
    this.ending ??= Promise.all([this.pool.destroy(), this.exited]).then(() => {});
    return this.ending;
  }
}
