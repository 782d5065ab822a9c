/** A worker as one machine would have it: a process with all that it starts, frozen, continued and killed as a whole. */
import { type ChildProcess, fork } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../support/cleanup.js';
import { lengthsOf } from './lengths.js';
import { BLOCK_VARIABLE } from './orders.js';
import { systems } from './systems.js';
import type { WorkerSettings } from './worker.js';

const entry = fileURLToPath(new URL('worker.js', import.meta.url));
/** How long a worker may take to be ready, in ms. */
const READY_LIMIT = 60_000;

export class Host {
  private readonly process: ChildProcess;
  private readonly log: string;
  private readonly forget: () => void;

  constructor(settings: WorkerSettings, number: number, notes: string) {
    const { blocked: block } = lengthsOf(systems[settings.system]);
    this.log = join(settings.place.folder, `worker-${number}.log`);
    const log = openSync(this.log, 'a');
    this.process = fork(entry, [JSON.stringify(settings)], {
      execArgv: [],
      // A process group of its own.
      detached: true,
      env: { ...process.env, PEERS_NOTES: notes, PEERS_HOST: String(number), [BLOCK_VARIABLE]: String(block) },
      stdio: ['ignore', log, log, 'ipc'],
    });
    this.forget = atEnd(() => this.signal('SIGKILL'));
  }

  /** Resolves when the worker waits for tasks. Rejects if it ended before, or takes too long. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (problem?: string): void => {
        clearTimeout(timer);
        this.process.off('message', onMessage).off('exit', onExit);
        if (problem === undefined) resolve();
        else reject(new Error(`a worker ${problem}: ${this.lastWords()}`));
      };
      const onMessage = (): void => settle();
      const onExit = (): void => settle('ended before it was ready');
      const timer = setTimeout(() => settle(`was not ready within ${READY_LIMIT} ms`), READY_LIMIT);
      this.process.on('message', onMessage).on('exit', onExit);
    });
  }

  /** Sends a signal to the worker and to all that it started. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The whole group has ended.
    }
  }

  end(): void {
    this.signal('SIGKILL');
    this.forget();
  }

  lastWords(): string {
    return readFileSync(this.log, 'utf8').trim().split('\n').slice(-3).join(' | ');
  }
}
