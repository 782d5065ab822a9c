/**
 * Gives the number of a process that has ended to another one. Linux says which number comes next, and lets root choose
 * it; a small `pid_max` would only make it likely.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { atEnd } from '../../../bench/support/cleanup.ts';

const LAST_PID = '/proc/sys/kernel/ns_last_pid';
/** Another process of the machine may take the number first. */
const TRIES = 50;

/** Returns why it cannot be done here; undefined if it can. */
export function whyNoReuse(): string | undefined {
  try {
    writeFileSync(LAST_PID, readFileSync(LAST_PID));
    return undefined;
  } catch {
    return `${LAST_PID} cannot be written (Linux, as root), so no process id is used again`;
  }
}

/** Keeps the number taken for so many ms. Resolves with what came of it. */
export async function useAgain(pid: number, ms: number): Promise<string> {
  const from = performance.now();
  for (let tries = 1; tries <= TRIES; tries += 1) {
    writeFileSync(LAST_PID, String(pid - 1));
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    const got = other.pid === pid;
    const after = performance.now() - from;
    if (got) await sleep(ms);
    await end(other);
    if (got) return `pid again, ${after.toFixed(0)} ms`;
  }
  return 'pid not free';
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  const forget = atEnd(() => child.kill('SIGKILL'));
  child.kill('SIGKILL');
  await ended;
  forget();
}
