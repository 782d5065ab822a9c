/**
 * Which process this is, in words that another process can check later: a process id alone is reused, and means another
 * process in another container.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hasCode } from '../../values/hasCode.js';

export interface ProcessIdentity {
  /** Of the boot of the machine; empty where the system does not say. */
  readonly boot: string;
  /** In which process ids are counted; empty where there is only one such namespace. */
  readonly namespace: string;
  readonly pid: number;
  /** When the process started, in ticks since the boot; empty where the system does not say. */
  readonly start: string;
}

/** Looks at other processes of this machine. */
export interface ProcessTable {
  /** Returns whether a process with this id exists in the namespace of this one. */
  exists(pid: number): boolean;
  /** When it started, as in `ProcessIdentity`; undefined when it is a zombie, or is gone. */
  startOf(pid: number): string | undefined;
}

export function thisProcess(): ProcessIdentity {
  return {
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '',
    namespace: attempt(() => readlinkSync('/proc/self/ns/pid')) ?? '',
    pid: process.pid,
    start: startIn('/proc/self/stat') ?? '',
  };
}

export const processTable: ProcessTable = {
  exists(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      // EPERM: it exists, and belongs to another user.
      return !hasCode(error, 'ESRCH');
    }
  },
  startOf: (pid) => startIn(`/proc/${pid}/stat`),
};

/** Writes a process as one text, fit for the name of a file. */
export function processKey({ namespace, pid, start }: ProcessIdentity): string {
  return `${pid}-${start}-${namespace.replace(/\D/g, '')}`;
}

/** Returns undefined if the two cannot be compared: they count process ids in different namespaces. */
export function isAlive(other: ProcessIdentity, mine: ProcessIdentity, table: ProcessTable): boolean | undefined {
  if (other.boot !== '' && mine.boot !== '' && other.boot !== mine.boot) return false;
  if (other.namespace !== mine.namespace) return undefined;
  if (!table.exists(other.pid)) return false;
  return other.start === '' || table.startOf(other.pid) === other.start;
}

function startIn(file: string): string | undefined {
  return attempt(() => {
    const text = readFileSync(file, 'utf8');
    // The second field is the name of the program in brackets, and may hold blanks and brackets.
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  });
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
