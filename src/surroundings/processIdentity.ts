/**
 * Which process this is, in words that another process can check later: a process id alone is reused, and means another
 * process in another container.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hasCode } from '../values/hasCode.js';

export interface ProcessIdentity {
  /** Of the boot of the machine; empty where the system does not say. */
  readonly boot: string;
  /** In which process ids and start times are counted; empty where there is only one such namespace. */
  readonly namespace: string;
  readonly pid: number;
  /** When the process started, in ticks since the boot; empty where the system does not say. */
  readonly start: string;
}

/**
 * What the system says of a process id. `none`: no such process, or one that has ended and was not waited for yet. `hidden`: a
 * process is there, and the system does not say which.
 */
export type Sighting = 'none' | 'hidden' | { readonly start: string };

/** Looks at the processes of this machine. */
export interface ProcessTable {
  /** `pid` is counted in the namespace of this process. `start` is when the process that is looked for started. */
  look(pid: number, start?: string): Sighting;
}

export function thisProcess(): ProcessIdentity {
  return {
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '',
    namespace: ['pid', 'time'].flatMap((kind) => attempt(() => readlinkSync(`/proc/self/ns/${kind}`)) ?? []).join(' '),
    pid: process.pid,
    start: statOf('/proc/self')?.start ?? '',
  };
}

export const processTable: ProcessTable = {
  look(pid, start) {
    const seen = statOf(`/proc/${pid}`);
    // The usual case, by one read. That it lives is the safe answer, whichever processes this /proc is of.
    if (seen !== undefined && !seen.ended && seen.start === start) return { start };
    if (!exists(pid)) return 'none';
    const stat = isProcOurs() ? statOf(`/proc/${pid}`) : undefined;
    // Gone by now, or of another user and hidden from this one (hidepid).
    if (stat === undefined) return exists(pid) ? 'hidden' : 'none';
    return stat.ended && !hasLivingThread(pid) ? 'none' : { start: stat.start };
  },
};

/** Returns whether a process of this group may be left. The number is counted in the namespace of this process. */
export function mayGroupLive(group: number): boolean {
  if (!exists(-group)) return false;
  const pids = isProcOurs() ? (attempt(() => readdirSync('/proc')) ?? []).filter((name) => /^\d+$/.test(name)) : [];
  const members = pids.filter((pid) => statOf(`/proc/${pid}`)?.group === group);
  // Those that have ended and were not waited for yet are members, too. Without any in sight, the system hides them.
  return members.length === 0 ? exists(-group) : members.some((pid) => processTable.look(Number(pid)) !== 'none');
}

/** Writes a process as one text, fit for the name of a file. */
export function processKey({ namespace, pid, start }: ProcessIdentity): string {
  return `${pid}-${start}-${namespace.replace(/\D/g, '')}`;
}

/** Returns undefined if the two cannot be compared: they count process ids in different namespaces. */
export function isAlive(other: ProcessIdentity, mine: ProcessIdentity, table: ProcessTable): boolean | undefined {
  if (other.boot !== '' && mine.boot !== '' && other.boot !== mine.boot) return false;
  if (other.namespace !== mine.namespace) return undefined;
  const found = table.look(other.pid, other.start);
  if (found === 'none') return false;
  return found === 'hidden' || other.start === '' || found.start === other.start;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists, and belongs to another user.
    return !hasCode(error, 'ESRCH');
  }
}

/** Where /proc was mounted for another namespace, its numbers mean other processes. */
function isProcOurs(): boolean {
  return attempt(() => readlinkSync('/proc/self')) === String(process.pid);
}

/** A process whose first thread has ended is a zombie, also while its other threads go on. */
function hasLivingThread(pid: number): boolean {
  const threads = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.some((thread) => statOf(`/proc/${pid}/task/${thread}`)?.ended === false);
}

interface Stat {
  readonly ended: boolean;
  readonly group: number;
  readonly start: string;
}

function statOf(folder: string): Stat | undefined {
  return attempt(() => {
    const text = readFileSync(`${folder}/stat`, 'utf8');
    // The second field is the name of the program in brackets, and may hold blanks and brackets.
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { ended: state === 'Z' || state === 'X', group: Number(fields[1]), start: fields[18] ?? '' };
  });
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
