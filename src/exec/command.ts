/**
 * The processes of one start: a stub, which waits for `go` and then becomes the command; and a sentinel, which kills the group
 * when the supervisor is gone, also if the guard went with it.
 *
 * Both are `sh`. The command leads a session and a group of its own, whose number is that of the stub. Each waits on a pipe of
 * the supervisor, which ends with that, however it dies.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { markedProcesses } from '../surroundings/markedProcesses.js';
import { processTable } from '../surroundings/processIdentity.js';
import type { Exit } from './exitCodes.js';
import type { Started } from './parts.js';

const SHELL = '/bin/sh';
/** `exec` gives the exit codes 126 and 127 of a shell. */
const STUB = 'read -r _ <&3 || exit 125; exec 3<&-; exec "$@"';
/** dash refuses `kill -KILL -- -7`. */
const SENTINEL = 'trap "" HUP INT QUIT TERM; read -r _ || kill -s KILL -- "-$1"';

/** The name of the variable that marks all processes of a command. */
export const MARKER = 'FAILOVER_EXEC';

export interface CommandSpec {
  readonly command: readonly string[];
  readonly stdin: 'inherit' | 'ignore';
  /** Without the marker. */
  readonly env: NodeJS.ProcessEnv;
  /** Unique for this start. */
  readonly id: string;
}

/** Starts the stub and the sentinel. Rejects if they cannot be started. */
export async function startCommand({ command, stdin, env, id }: CommandSpec): Promise<Started> {
  if (!existsSync(SHELL)) throw new Error(`there is no ${SHELL}, which mongo-failover exec needs to start a command`);
  const stub = spawn(SHELL, ['-c', STUB, 'sh', ...command], {
    detached: true,
    stdio: [stdin, 'inherit', 'inherit', 'pipe'],
    env: { ...env, [MARKER]: id },
  });
  const ended = exitOf(stub);
  await hasStarted(stub);
  const pid = stub.pid ?? 0;
  const gate = stub.stdio[3];
  // The stub may be killed before it reads.
  gate?.on('error', () => {});
  const look = processTable.look(pid);
  const sentinel = startSentinel(pid);
  const marker = `${MARKER}=${id}`;
  return {
    pid,
    start: typeof look === 'object' ? look.start : '',
    marker,
    ended,
    go: () => {
      if (gate !== undefined && gate !== null && 'end' in gate) gate.end('go\n');
    },
    cancel: () => gate?.destroy(),
    signal: (signal) => signalGroup(pid, signal),
    gone: () => void sentinel.stdin?.end('gone\n'),
    escaped: () => markedProcesses(marker),
  };
}

function startSentinel(group: number): ChildProcess {
  const sentinel = spawn(SHELL, ['-c', SENTINEL, 'sh', String(group)], {
    // A session of its own, and nothing of the environment: what looks for processes of the command must not find it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  });
  // Without one the guard is left, and one whose pipe is broken has died.
  sentinel.on('error', () => {});
  sentinel.stdin?.on('error', () => {});
  sentinel.unref();
  return sentinel;
}

async function hasStarted(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined) return;
  const [error] = await once(child, 'error');
  throw error;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // None is left.
  }
}
