/**
 * Child processes of the benchmark: started from an entry file with settings, heard by messages, ended by their own pid.
 * They end with the runner: by `atEnd`, and by themselves when the channel to it is gone.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { atEnd } from './cleanup.js';

export interface Tagged {
  readonly type: string;
}

interface Waiter<Message> {
  wants(message: Message): boolean;
  settle(message: Message): void;
  fail(error: Error): void;
}

/** `Message` is what the entry file says it sends. */
export class Child<Message extends Tagged> {
  private readonly process: ChildProcess;
  private readonly waiters = new Set<Waiter<Message>>();
  private readonly listeners: ((message: Message) => void)[] = [];
  private end: string | undefined;
  /** Resolves with how it ended: `code 0`, or the signal. */
  readonly ended: Promise<string>;

  constructor(
    private readonly entry: URL,
    settings: unknown,
    env: Record<string, string> = {},
    within: readonly string[] = [],
  ) {
    const file = fileURLToPath(entry);
    this.process = fork(file, [JSON.stringify(settings)], {
      // Without what this process was started with: a profiler or a debugger is not meant for all.
      ...inside(within),
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const forget = atEnd(() => this.kill());
    this.ended = new Promise((resolve) => {
      const over = (how: string): void => {
        forget();
        this.end = how;
        for (const waiter of this.waiters) waiter.fail(this.endedEarly());
        resolve(how);
      };
      this.process.once('error', (error) => over(error.message));
      // Not `exit`: messages may still be under way then.
      this.process.once('close', (code, signal) => over(signal ?? `code ${code}`));
    });
    this.process.on('message', (message) => {
      if (isTagged<Message>(message)) this.heard(message);
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get alive(): boolean {
    return this.end === undefined;
  }

  listen(listener: (message: Message) => void): void {
    this.listeners.push(listener);
  }

  /** The next message of this type. Rejects when the child ends before. */
  next<T extends Message['type']>(type: T): Promise<Extract<Message, { type: T }>> {
    const isWanted = (message: Message): message is Extract<Message, { type: T }> => message.type === type;
    return new Promise((resolve, reject) => {
      const waiter: Waiter<Message> = {
        wants: isWanted,
        settle: (message) => {
          if (isWanted(message)) resolve(message);
        },
        fail: reject,
      };
      if (this.end === undefined) this.waiters.add(waiter);
      else reject(this.endedEarly());
    });
  }

  send(message: Tagged): void {
    this.process.send(message);
  }

  /** SIGKILL, by its pid. */
  kill(): void {
    if (this.end === undefined) this.process.kill('SIGKILL');
  }

  private heard(message: Message): void {
    for (const listener of this.listeners) listener(message);
    for (const waiter of this.waiters) {
      if (!waiter.wants(message)) continue;
      this.waiters.delete(waiter);
      waiter.settle(message);
    }
  }

  private endedEarly(): Error {
    const name = this.entry.pathname.split('/').at(-1) ?? '';
    return new Error(`the process of ${name} ended before it answered: ${this.end ?? 'unknown'}`);
  }
}

/** `within`: a command that starts Node.js, with its options. */
function inside([command, ...options]: readonly string[]): { execPath?: string; execArgv: string[] } {
  return command === undefined ? { execArgv: [] } : { execPath: command, execArgv: [...options, process.execPath] };
}

function isTagged<Message extends Tagged>(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Runs an entry file to its one message of type `report`. */
export async function reportOf<Report extends { readonly type: 'report' }>(
  entry: URL,
  settings: unknown,
): Promise<Report> {
  const child = new Child<Report>(entry, settings);
  const report = await child.next('report');
  await child.ended;
  return report;
}
