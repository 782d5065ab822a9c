/**
 * Ends this process from the thread that calls, whatever its other threads do, in JavaScript or in native code.
 *
 * The kernel drops every signal that the first process of a namespace (PID 1, as in most containers) sends to itself,
 * SIGKILL as well. It does not drop a fault, and it does not drop the signal of a limit. The resorts are tried in order,
 * and none of them needs the main thread or the thread pool of libuv. A resort that does nothing costs PATIENCE:
 *
 *   SIGKILL        works except in PID 1.
 *   breakpoint     is an instruction of V8: the kernel forces the SIGTRAP on PID 1, too, unless the user listens to SIGTRAP.
 *   limit of CPU   is the program `prlimit`, which slim images lack: once a second of CPU is used, the kernel sends a SIGKILL
 *                  that it does not drop.
 *   assertion      is a call into Node's own code that fails an assertion there, which aborts. It comes last because it never
 *                  returns, also where the user listens to SIGSEGV and the process lives on.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { createDeflate } from 'node:zlib';
import { FailoverError, InvalidOptionError } from '../errors.js';

/** How long a resort may take to end the process, in ms. */
const RESORT_PATIENCE_MS = 50;
/** How long `prlimit` may run, in ms. */
const PRLIMIT_MAX_MS = 1000;
/** The limit is one second of CPU, which a young process may still have to use up, in ms. */
const CPU_SECOND_MS = 2000;

export interface Resort {
  readonly name: string;
  /** Returns whether it is worth a try; it is not tried for that. */
  exists(): boolean;
  /** Should not return. */
  end(): void;
}

/** Lists what ends the process of this number, which is this one. */
export function lastResorts(pid: number): readonly Resort[] {
  return [
    // The kernel drops the signal in silence, so before it is needed only the number says that it will.
    { name: 'SIGKILL', exists: () => pid !== 1, end: () => process.kill(pid, 'SIGKILL') },
    { name: 'a breakpoint', exists: () => breakpoint() !== undefined, end: () => breakpoint()?.runInThisContext() },
    { name: 'a limit of CPU', exists: () => isInPath('prlimit'), end: () => useUpCpu(pid) },
    {
      name: 'a failed assertion',
      exists: () => typeof deflateWrite() === 'function',
      end: () => void deflateWrite()?.(),
    },
  ];
}

/**
 * Tries one resort after the other.
 * @throws FailoverError `ERR_NOT_KILLED` when the process is still alive after all of them
 */
export function endProcess(resorts: readonly Resort[], wait: (ms: number) => void = sleep): never {
  for (const { end } of resorts) {
    try {
      end();
    } catch {
      // The next one is tried, and the error at the end names them all.
    }
    wait(RESORT_PATIENCE_MS);
  }
  const tried = resorts.map(({ name }) => name).join(', ');
  throw new FailoverError(
    'ERR_NOT_KILLED',
    `this process has outlived its lease and could not be ended, so its work may run beside that of the next master (tried: ${tried}): end it from outside`,
  );
}

/**
 * Refuses a promise that cannot be kept: `fencing: 'process'` in a process that nothing can end from within.
 * @throws InvalidOptionError
 */
export function mustBeEndable(resorts: readonly Resort[]): void {
  if (resorts.some(({ exists }) => exists())) return;
  const tried = resorts.map(({ name }) => name).join(', ');
  throw new InvalidOptionError(
    `fencing: 'process' is not possible here: this process is PID ${process.pid}, to which the kernel lets no signal ` +
      `of its own through, and none of the last resorts is there (${tried}). Start it below an init process: ` +
      '`docker run --init`, `shareProcessNamespace: true` in Kubernetes, or tini as the entry point',
  );
}

/** Returns undefined where V8 has no such function. The flag is a switch of the parser only, and is off again at once. */
function breakpoint(): Script | undefined {
  setFlagsFromString('--allow-natives-syntax');
  try {
    return new Script('%SystemBreak()');
  } catch {
    return undefined;
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}

/** Returns a call without arguments, whose number native code checks by an assertion. */
function deflateWrite(): (() => unknown) | undefined {
  const handle: unknown = Reflect.get(createDeflate(), '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const write: unknown = Reflect.get(handle, 'write');
  return typeof write === 'function' ? () => Reflect.apply(write, handle, []) : undefined;
}

function useUpCpu(pid: number): void {
  execFileSync('prlimit', [`--pid=${pid}`, '--cpu=1:1'], { stdio: 'ignore', timeout: PRLIMIT_MAX_MS });
  const until = performance.now() + CPU_SECOND_MS;
  while (performance.now() < until);
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** Blocks this thread. Nothing else must run on it any more. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
