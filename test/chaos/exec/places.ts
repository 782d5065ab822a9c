/**
 * Two hosts, as namespaces of processes that do not see each other. Each has an init that starts the supervisor again whenever
 * it has ended, as a service manager does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { ownNamespace } from '../../support/ownNamespace.ts';

const INIT = 'while :; do "$@"; sleep 0.2; done';

export class Place {
  private readonly child: ChildProcess;

  constructor(
    readonly host: string,
    command: readonly string[],
    env: NodeJS.ProcessEnv,
  ) {
    const all = [...ownNamespace(), 'sh', '-c', INIT, host, ...command];
    this.child = spawn('unshare', all, { env, stdio: ['ignore', 'ignore', 'ignore'] });
  }

  /** Ends all processes of the host: the kernel kills what is left when the init has died. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** Returns the processes, by ids of this namespace, whose arguments have all of these texts. */
export function processesWith(...texts: readonly string[]): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const words = argumentsOf(Number(name));
    return texts.every((text) => words.includes(text)) ? [Number(name)] : [];
  });
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Returns the guard of a supervisor: a child of it whose program is that of a guard. */
export function guardsOf(supervisor: number): number[] {
  const isChild = (pid: number): boolean => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === supervisor;
    } catch {
      return false;
    }
  };
  return readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) && isChild(Number(name)) && argumentsOf(Number(name)).some((word) => word.endsWith('guard.cjs'))
      ? [Number(name)]
      : [],
  );
}

/** Returns whether the process runs the program of this name. */
export function isProgram(pid: number, program: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).endsWith(`/${program}`);
  } catch {
    return false;
  }
}
