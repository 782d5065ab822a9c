/** Programs of the machine that the starters run: whether they are there, run to their end, or run as a server. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a server may take until it listens, in ms: a JVM on a busy machine needs some seconds. */
const START_LIMIT = 60_000;
/** How long a server may take to end before it is killed, in ms. */
const STOP_LIMIT = 5_000;
/** Only the end of what a program said goes into an error. */
const KEPT_OUTPUT = 4_000;

/** The path of a program on PATH. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** Throws unless all these programs are on PATH; `hint` says how to get them. */
export function needPrograms(names: readonly string[], hint: string): void {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) throw new Error(`Not on PATH: ${missing.join(', ')}. ${hint}`);
}

/** Runs a program to its end; rejects with what it said unless it succeeds. */
export async function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<void> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(child);
  const end = await exit(child);
  if (end !== 'code 0') throw new Error(`${command} ${args.join(' ')}: ${end}\n${output()}`);
}

export interface Program {
  /** Of the program itself, for tests that end it hard. */
  readonly pid: number;
  /** What came with the `ready` line, or an empty string. */
  readonly ready: string;
  /** Resolves when it has ended, in whatever way. */
  readonly ended: Promise<string>;
  /** Asks it to end, by closing its standard input and by `signal` if given, and kills it when it does not. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a server. It is ready when it prints a line `ready URI`, or when `isReady` says so. Its standard input is a
 * pipe that closes when this process ends, however that happens; that is how the servers learn of it.
 */
export async function launch(
  command: string,
  args: readonly string[],
  options: SpawnOptions & { isReady?: (pid: number) => Promise<boolean> } = {},
): Promise<Program> {
  const { isReady, ...rest } = options;
  const child = spawn(command, args, { ...rest, stdio: ['pipe', 'pipe', 'pipe'] });
  const output = collect(child);
  const ended = exit(child);
  ended.catch(() => {});
  // Writing is never tried, but a pipe to a program that has ended may still report it.
  child.stdin?.on('error', () => {});
  const stop = async (signal?: NodeJS.Signals): Promise<void> => {
    child.stdin?.end();
    if (signal) child.kill(signal);
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
    await ended.finally(() => clearTimeout(killer));
  };
  try {
    const ready = await becomesReady(child, output, ended, isReady);
    if (child.pid === undefined) throw new Error(`${command} has no process id`);
    return { pid: child.pid, ready, ended, stop };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function becomesReady(
  child: ChildProcess,
  output: () => string,
  ended: Promise<string>,
  isReady: ((pid: number) => Promise<boolean>) | undefined,
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const line = new Promise<string>((resolve) => {
    child.stdout?.on('data', () => {
      const found = /^ready (.*)\r?$/m.exec(output());
      if (found?.[1] !== undefined) resolve(found[1]);
    });
  });
  const asked = async (pid: number, ask: (pid: number) => Promise<boolean>): Promise<string> => {
    while (!over && !(await ask(pid))) await sleep(50);
    return '';
  };
  const early = ended.then((end) => {
    throw new Error(`${child.spawnfile} ended before it was ready: ${end}\n${output()}`);
  });
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${child.spawnfile} was not ready within ${START_LIMIT} ms\n${output()}`));
    }, START_LIMIT);
  });
  try {
    return await Promise.race([
      isReady === undefined || child.pid === undefined ? line : asked(child.pid, isReady),
      early,
      late,
    ]);
  } finally {
    over = true;
    clearTimeout(timer);
  }
}

/** A port of 127.0.0.1 that was free a moment ago. Another process may take it first: see `withFreePorts`. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.');
  return address.port;
}

/** Starts something on free ports, and on others when it fails, as it does when a port was taken in between. */
export async function withFreePorts<T>(count: number, start: (...ports: number[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const ports = await Promise.all(Array.from({ length: count }, freePort));
    try {
      return await start(...ports);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-KEPT_OUTPUT);
    });
  }
  return () => text;
}

function exit(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal === null ? `code ${code}` : signal));
  });
}
