/** `exec`: any command, on exactly one host. */
import { constants } from 'node:os';
import { Option } from 'commander';
import { runDirectly } from '../../exec/direct.js';
import { execExits } from '../../exec/exitCodes.js';
import type { Escapees, ExecOptions } from '../../exec/options.js';
import type { RestartMode } from '../../exec/restarts.js';
import { scaledIntervals } from '../../exec/timeLine.js';
import type { Intervals } from '../../options/options.js';
import { SUCCESS_KEY_BYTES_MAX } from '../../store/successes.js';
import { type CommandContext, type Register, storeContext } from '../context.js';
import { UsageError } from '../exit.js';
import { parseDuration } from '../settings/durations.js';
import { HEALTH_TOKEN, readHealth } from '../settings/health.js';

const EXIT_CODE_MAX = 255;
const FAILOVER_MS = 5000;
/** Below the 10 s of `docker stop`, to release the lease in time. */
const KILL_AFTER_MS = 8000;
const restartModes: readonly RestartMode[] = ['never', 'on-failure', 'always'];
const escapees: readonly Escapees[] = ['warn', 'kill', 'ignore'];
const intervalNames = ['master', 'slave', 'ticking', 'poll'] as const;

const help = `
The command finds FAILOVER_NAME, FAILOVER_TERM (the fencing number), FAILOVER_MEMBER and FAILOVER_ATTEMPT in its environment.
Beyond loopback --health needs a token, in MONGO_FAILOVER_HEALTH_TOKEN, which the command does not see.

Exit codes: that of the command; 128 and the number of the signal that ended it, or this while it stood by;
  69  the store could not be reached within --wait
  75  another member was master for all of --wait (--busy-code)
  76  the lease was lost, and the command was ended for it (--lost-code)
  125 the command was not started; 126 it cannot be executed; 127 there is no such command

SIGINT, SIGTERM and SIGQUIT end the command, and a second one kills it. SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT and
SIGTSTP are passed on.`;

export const exec: Register = (program, context) => {
  const command = program
    .command('exec')
    .description('run any command on exactly one host')
    .usage('[options] <name> -- <command> [arguments...]')
    .argument('<name>', 'the name of the subsystem')
    .argument('[command...]', 'the command, behind --');
  for (const option of options()) command.addOption(option);
  command
    .addHelpText('after', help)
    .action((name: string, words: string[], given: Flags) => run(name, words, given, context));
};

type Flags = Readonly<Record<string, unknown>>;

function options(): Option[] {
  return [
    new Option('--failover <duration>', 'how soon another host takes over; scales all intervals (default: 5s)'),
    ...intervalNames.map((name) => new Option(`--${name} <duration>`, `the interval ${name.toUpperCase()} by itself`)),
    new Option('--wait <duration>', 'how long to stand by; 0: give up at once (default: for ever)'),
    new Option('--restart <when>', 'never, on-failure or always: while the lease is kept (default: never)'),
    new Option('--restart-max <count>', 'then the lease is released, and another host tries (default: no limit)'),
    new Option('--once <key>', 'the command is to succeed once for this key, anywhere and ever'),
    new Option('--stop-signal <name>', 'what ends the command (default: the signal that came, or TERM)'),
    new Option('--kill-after <duration>', 'from that signal to the kill, when it is stopped (default: 8s)'),
    new Option(
      '--term-before <duration>',
      'the same when the lease runs out; 0: kill only (default: 1s, or what fits)',
    ),
    new Option('--shell', 'the one argument is a line for sh -c'),
    new Option('--stdin <mode>', 'inherit or null (default: null if it is a terminal)'),
    new Option('--busy-code <code>', 'the exit code if another member is master (default: 75)'),
    new Option('--lost-code <code>', 'the exit code after the lease was lost (default: 76)'),
    new Option('--ready-file <path>', 'is there while the command runs'),
    new Option('--health <[host:]port>', 'serve probes and metrics there (default: not; host: 127.0.0.1)'),
    new Option('--escapees <what>', 'warn, kill or ignore: processes that have left the group (default: warn)'),
    new Option('--unless-env <name>', 'with this variable set, run the command at once, without any election'),
    new Option('--mongodb <uri>', 'the MongoDB that elects (default: mongodb://localhost:27017/test)'),
    new Option('--store [folder]', 'the embedded store instead: for the processes of one host'),
    new Option('--json', 'tell each event as a line of JSON on stderr'),
    new Option('-q, --quiet', 'tell warnings only'),
  ];
}

async function run(name: string, words: readonly string[], given: Flags, context: CommandContext): Promise<void> {
  const { dashed } = context;
  if (dashed === null || words.length !== dashed.length) {
    throw new UsageError('exec takes one name, then -- and the command: mongo-failover exec billing -- node worker.js');
  }
  const command = commandOf(dashed, given.shell === true);
  const token = process.env[HEALTH_TOKEN];
  // No secret of the supervisor is one of the command.
  delete process.env[HEALTH_TOKEN];
  const variable = textOf(given, 'unlessEnv');
  if (variable !== undefined && (process.env[variable] ?? '') !== '') process.exit(await runDirectly(command));
  const { settings } = storeContext(given);
  const options = readExecOptions(name, command, given, { isTerminal: process.stdin.isTTY === true, token });
  const { output, quiet, store } = settings;
  const { runExec } = await import('../../exec/run.js');
  process.exit(await runExec({ ...options, json: output !== 'text', quiet }, store));
}

function commandOf(words: readonly string[], isShell: boolean): readonly string[] {
  const [first = ''] = words;
  if (first === '') throw new UsageError('there is no command behind --');
  if (!isShell) return words;
  if (words.length > 1)
    throw new UsageError(`--shell takes one argument behind --, not ${words.length}: quote the line`);
  return ['sh', '-c', first];
}

/**
 * Returns what the flags ask for.
 *
 * @throws UsageError
 */
export function readExecOptions(
  name: string,
  command: readonly string[],
  given: Flags,
  { isTerminal, token }: { readonly isTerminal: boolean; readonly token: string | undefined },
): Omit<ExecOptions, 'json' | 'quiet'> {
  const restartMax = textOf(given, 'restartMax');
  const health = textOf(given, 'health');
  const stdin = textOf(given, 'stdin') ?? (isTerminal ? 'null' : 'inherit');
  return {
    name,
    command,
    intervals: intervalsOf(given),
    wait: waitOf(given),
    restart: oneOf(given, 'restart', restartModes, 'never'),
    restartMax: restartMax === undefined ? Number.POSITIVE_INFINITY : countOf(restartMax, '--restart-max', 1_000_000),
    once: keyOf(given),
    stopSignal: signalOf(given),
    killAfter: durationOf(given, 'killAfter', '--kill-after') ?? KILL_AFTER_MS,
    termBefore: durationOf(given, 'termBefore', '--term-before'),
    stdin: choiceOf('--stdin', stdin, ['inherit', 'null']) === 'null' ? 'ignore' : 'inherit',
    busyCode: countOf(textOf(given, 'busyCode') ?? `${execExits.busy}`, '--busy-code', EXIT_CODE_MAX),
    lostCode: countOf(textOf(given, 'lostCode') ?? `${execExits.lost}`, '--lost-code', EXIT_CODE_MAX),
    readyFile: textOf(given, 'readyFile') ?? null,
    health: health === undefined ? null : readHealth(health, token),
    escapees: oneOf(given, 'escapees', escapees, 'warn'),
  };
}

function intervalsOf(given: Flags): Partial<Intervals> {
  const failover = durationOf(given, 'failover', '--failover', 1) ?? FAILOVER_MS;
  const own = intervalNames.flatMap((name) => {
    const duration = durationOf(given, name, `--${name}`, 1);
    return duration === undefined ? [] : [[name.toUpperCase(), duration] as const];
  });
  return { ...scaledIntervals(failover), ...Object.fromEntries(own) };
}

function waitOf(given: Flags): number {
  return durationOf(given, 'wait', '--wait') ?? Number.POSITIVE_INFINITY;
}

function keyOf(given: Flags): string | null {
  const key = textOf(given, 'once');
  if (key === undefined) return null;
  if (key !== '' && !key.includes('\0') && Buffer.byteLength(key) <= SUCCESS_KEY_BYTES_MAX) return key;
  throw new UsageError(
    `--once takes a key of 1 to ${SUCCESS_KEY_BYTES_MAX} bytes, not ${JSON.stringify(key.slice(0, 100))}`,
  );
}

function signalOf(given: Flags): NodeJS.Signals | null {
  const text = textOf(given, 'stopSignal');
  if (text === undefined) return null;
  const wanted = text.startsWith('SIG') ? text : `SIG${text}`;
  if (isSignal(wanted)) return wanted;
  throw new UsageError(`--stop-signal takes the name of a signal such as TERM or INT, not ${JSON.stringify(text)}`);
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}

function durationOf(given: Flags, flag: string, name: string, min = 0): number | undefined {
  const text = textOf(given, flag);
  if (text === undefined) return undefined;
  return text === '0' && min === 0 ? 0 : parseDuration(text, name, { min });
}

function countOf(text: string, name: string, max: number): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= max) return count;
  throw new UsageError(`${name} takes a whole number from 0 to ${max}, not ${JSON.stringify(text)}`);
}

function oneOf<T extends string>(given: Flags, flag: string, choices: readonly T[], fallback: T): T {
  return choiceOf(`--${flag}`, textOf(given, flag) ?? fallback, choices);
}

function choiceOf<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw new UsageError(`${name} takes ${choices.join(', ')}, not ${JSON.stringify(text)}`);
}

function textOf(given: Flags, flag: string): string | undefined {
  const value = given[flag];
  return typeof value === 'string' ? value : undefined;
}
