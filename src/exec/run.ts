/** `mongo-failover exec`, put together: signals, the member, the processes, and what is told on stderr. */
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync, writeSync } from 'node:fs';
import { redact } from '../diagnostics/redact.js';
import { InvalidOptionError } from '../errors.js';
import { CoordinatorHandle } from '../facade/coordinatorHandle.js';
import { resolveName } from '../options/name.js';
import type { FailoverOptions } from '../options/options.js';
import { resolveOptions } from '../options/resolve.js';
import { mustStartProcesses } from '../surroundings/childProcesses.js';
import { systemClock } from '../time/systemClock.js';
import { startCommand } from './command.js';
import { type ExecEvent, inJson, inWords } from './events.js';
import { ExecCluster } from './execCluster.js';
import type { ExecOptions } from './options.js';
import type { Attempt, Started } from './parts.js';
import { handledSignals } from './signals.js';
import { Supervisor } from './supervisor.js';
import { timeLine } from './timeLine.js';

/** A lease must be given back even on a busy machine, in ms. */
const EXIT_TIMEOUT_MS = 2000;
const STDERR = 2;

/**
 * Runs a command on exactly one host. Resolves to the exit code; then the process is to end by `process.exit`.
 *
 * @throws InvalidOptionError
 */
export async function runExec(options: ExecOptions, store: Pick<FailoverOptions, 'mongodb' | 'nodb'>): Promise<number> {
  if (process.platform === 'win32') {
    throw new InvalidOptionError(
      'exec needs groups of processes, which Windows does not have: run it on Linux or macOS',
    );
  }
  const { intervals, health: observe } = options;
  const resolved = { ...resolveOptions({ ...store, intervals, guard: true, exitTimeout: EXIT_TIMEOUT_MS }), observe };
  const times = timeLine(resolved.intervals, options.termBefore);
  const name = resolveName(options.name);
  mustStartProcesses();
  const tell = (event: ExecEvent): void => say(event, options);
  let supervisor: Supervisor | undefined;
  const handle = new CoordinatorHandle(resolved);
  const cluster = new ExecCluster(handle, name, resolved.priority, {
    groupNews: (news) => supervisor?.groupNews(news),
    coordinatorLost: () => supervisor?.coordinatorLost(),
  });
  supervisor = new Supervisor({
    options,
    times,
    clock: systemClock,
    election: cluster,
    start: (attempt) => start(attempt, name, options),
    tell,
    ready: (pid) => markReady(options.readyFile, pid, tell),
  });
  const { signal, changed } = {
    signal: supervisor.signal.bind(supervisor),
    changed: supervisor.changed.bind(supervisor),
  };
  // Before anything connects: a standby must end at the first one, too.
  for (const handled of handledSignals) process.on(handled, () => signal(handled));
  cluster.on('statechange', (_, to) => changed(to));
  cluster.on('error', ({ message, code }) =>
    tell({ event: 'warning', text: message, ...(code === undefined ? {} : { code }) }),
  );
  cluster.on('panic', ({ message, code }) =>
    tell({ event: 'warning', text: message, ...(code === undefined ? {} : { code }) }),
  );
  if (process.pid === 1) {
    const text =
      'this is process 1 of its container: what the command leaves behind stays a zombie; use docker run --init, or tini';
    tell({ event: 'warning', text });
  }
  if (observe !== null) serve(handle, tell);
  const { code } = await supervisor.run();
  return code;
}

/** Serves the probes. What fails is told as an error of the cluster, and tried again. */
function serve({ watch }: CoordinatorHandle, tell: (event: ExecEvent) => void): void {
  watch.start();
  watch.observed().then(
    ({ url }) => tell({ event: 'observed', url }),
    () => {},
  );
}

function start(attempt: Attempt, name: string, { command, stdin }: ExecOptions): Promise<Started> {
  const env = {
    ...process.env,
    FAILOVER_NAME: name,
    FAILOVER_TERM: String(attempt.term),
    FAILOVER_MEMBER: attempt.member,
    FAILOVER_ATTEMPT: String(attempt.attempt),
  };
  return startCommand({ command, stdin, env, id: randomUUID() });
}

/** Tells on stderr, at once, also while this thread is about to end. */
function say(event: ExecEvent, { json, quiet }: ExecOptions): void {
  if (quiet && !json && event.event !== 'warning' && event.event !== 'lost') return;
  const line = json ? inJson(event, systemClock.wall()) : `mongo-failover: ${inWords(event)}`;
  try {
    writeSync(STDERR, `${redact(line)}\n`);
  } catch {
    // Nothing that reads it may hold up the command, or end it.
  }
}

function markReady(file: string | null, pid: number | null, tell: (event: ExecEvent) => void): void {
  if (file === null) return;
  try {
    if (pid === null) rmSync(file, { force: true });
    else writeFileSync(file, `${pid}\n`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    tell({
      event: 'warning',
      text: `the file ${file} of --ready-file could not be ${pid === null ? 'removed' : 'written'}: ${why}`,
    });
  }
}
