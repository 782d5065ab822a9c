/** Starts a guard as a process of its own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { GuardProcess } from './guard.js';
import { guardOptions } from './guardOptions.js';
import type { GuardReply } from './orders.js';

const entry = new URL('../../workers/guard.cjs', import.meta.url);
/** How long a guard may take to end once it is told to, in ms. It is killed then. */
const END_PATIENCE_MS = 2000;

/** Starts one. Calls `ended` once when it has ended, or could not be started, and `heard` with what it says. */
export function startGuard(ended: (why: string) => void, heard: (reply: GuardReply) => void): GuardProcess {
  const child = spawn(process.execPath, [...guardOptions(process.execArgv), fileURLToPath(entry)], {
    // A session of its own: what ends the group of its ward, or its terminal, does not end the guard.
    detached: true,
    // No file of its ward, whose pipes would have no end as long as the guard lives.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    env: environment(),
    windowsHide: true,
  });
  let hasEnded = false;
  const exited = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      if (hasEnded) return;
      hasEnded = true;
      resolve();
      ended(why);
    };
    child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    child.on('error', (error) => {
      // Of a message that did not reach it: then it is about to exit.
      if (child.pid === undefined) end(error.message);
    });
  });
  child.on('message', (reply: GuardReply) => heard(reply));
  child.unref();
  child.channel?.unref();
  return {
    // An error tells what its exit tells, too.
    send: (order) => void (child.connected && child.send(order, () => {})),
    end: async () => {
      if (child.connected) child.disconnect();
      const kill = setTimeout(() => child.kill('SIGKILL'), END_PATIENCE_MS);
      await exited;
      clearTimeout(kill);
    },
  };
}

function environment(): NodeJS.ProcessEnv {
  // There the preload in NODE_OPTIONS is what finds packages.
  if (process.versions.pnp !== undefined) return process.env;
  const { NODE_OPTIONS = '', ...others } = process.env;
  return { ...others, NODE_OPTIONS: guardOptions(NODE_OPTIONS.split(/\s+/)).join(' ') };
}
