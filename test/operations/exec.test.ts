/**
 * `mongo-failover exec` as a process: exit codes, signals, and what is left of a command whose supervisor dies. The intervals are
 * so long that a lease which is left to expire would outlast the test.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { processTable } from '../../src/surroundings/processIdentity.ts';
import { temporaryFolder } from '../support/clusters.ts';
import { guardsOf } from '../support/guards.ts';
import { ownNamespace } from '../support/ownNamespace.ts';
import { Program } from '../support/program.ts';
import { settledStore } from '../support/settledStore.ts';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** On a machine that others keep busy, in ms. */
const PATIENCE = { timeout: 30_000, interval: 20 };
const LONG = ['--failover', '10m'];

let folder: string;
let store: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  const { options } = await settledStore('embedded');
  store = ['--store', (options.nodb as { path: string }).path];
});

interface More {
  readonly options?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly around?: readonly string[];
}

function exec(command: readonly string[], { options = LONG, env = {}, around = [] }: More = {}): Program {
  const args = [main, 'exec', 'billing', ...store, '--json', ...options, '--', ...command];
  const [program = process.execPath, ...before] = [...around, process.execPath];
  const supervisor = new Program([...before, ...args], { ...process.env, DIR: folder, ...env }, program);
  onTestFinished(() => supervisor.end());
  return supervisor;
}

/** A line for `sh -c`, which says by the file of that name that it has come so far, with the pid. */
const says = (name: string): string => `echo $$ > "$DIR/${name}.new"; mv "$DIR/${name}.new" "$DIR/${name}"`;
const sh = (line: string): string[] => ['sh', '-c', line];
/** Two processes that ignore SIGTERM. */
const stubborn = sh(`trap "" TERM; (${says('child')}; exec sleep 600) & ${says('leader')}; while :; do sleep 1; done`);

async function pidIn(name: string): Promise<number> {
  return vi.waitFor(() => Number(readFileSync(join(folder, name), 'utf8')), PATIENCE);
}

const lives = (pid: number): boolean => processTable.look(pid) !== 'none';

async function end(...pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(lives)).toEqual([]), PATIENCE);
}

const code = async (program: Program): Promise<number | null> => (await program.ended).code;

const guardOf = (pid: number | undefined): number | undefined => guardsOf(pid)[0];

describe('--health', () => {
  const health = (...args: string[]) => ['--failover', '3s', '--health', ...args];
  const urlOf = async (program: Program) => JSON.parse((await program.line(/"observed"/)).input ?? '{}').url as string;
  const status = async (url: string, headers: Record<string, string> = {}) => (await fetch(url, { headers })).status;

  test('serves the probes of a standby and of the one that runs the command', async () => {
    const first = exec(sh(`${says('leader')}; sleep 600`), { options: health('0') });
    const url = await urlOf(first);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await pidIn('leader');
    const second = exec(['true'], { options: health('0') });
    const other = await urlOf(second);
    await second.line(/"standby"/);
    for (const one of [url, other]) {
      await expect.poll(() => status(`${one}/readyz`), PATIENCE).toBe(200);
      expect(await status(`${one}/livez`)).toBe(200);
    }
    expect([await status(`${url}/leader/billing`), await status(`${other}/leader/billing`)]).toEqual([200, 503]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/mongo_failover_[a-z_]*master\{[^}]*billing[^}]*\} 1/);
    first.kill('SIGTERM');
    expect(await code(first)).toBe(143);
    expect(await code(second)).toBe(0);
  });

  test('goes on with a warning where the port is taken', async () => {
    const first = exec(sh(`${says('leader')}; sleep 600`), { options: health('0') });
    const { port } = new URL(await urlOf(first));
    await pidIn('leader');
    const second = exec(['true'], { options: health(port) });
    expect((await second.line(/"warning"/)).input).toContain('ERR_OBSERVE');
    first.kill('SIGTERM');
    expect(await code(second)).toBe(0);
  });

  test('beyond loopback has a token, which the command does not see', async () => {
    const token = 'a-token-of-some-length';
    const env = { MONGO_FAILOVER_HEALTH_TOKEN: token };
    const program = exec(sh(`env > "$DIR/env"; ${says('leader')}; sleep 600`), { options: health('0.0.0.0:0'), env });
    const { port } = new URL(await urlOf(program));
    await pidIn('leader');
    expect(readFileSync(join(folder, 'env'), 'utf8')).not.toContain(token);
    const url = `http://127.0.0.1:${port}`;
    expect(await status(`${url}/livez`)).toBe(200);
    expect(await status(`${url}/metrics`)).toBe(401);
    expect(await status(`${url}/metrics`, { authorization: `Bearer ${token}` })).toBe(200);
    program.kill('SIGTERM');
    expect(await code(program)).toBe(143);
  });
});

describe('the exit code', () => {
  test.each([
    ['that of the command', sh('exit 7'), 7],
    ['0', ['true'], 0],
    ['128 and the signal that ended it', sh('kill -KILL $$'), 137],
    ['126 if it cannot be executed', ['/etc/passwd'], 126],
    ['127 if there is none', ['no-such-command'], 127],
  ])('is %s', async (_, command, expected) => {
    expect(await code(exec(command))).toBe(expected);
  });

  test('is 75 if another member is master, and 69 without a store', async () => {
    const master = exec(stubborn);
    await pidIn('leader');
    expect(await code(exec(['true'], { options: [...LONG, '--wait', '0'] }))).toBe(75);
    master.kill('SIGKILL');
    store = ['--mongodb', 'mongodb://127.0.0.1:1/none?serverSelectionTimeoutMS=300'];
    expect(await code(exec(['true'], { options: [...LONG, '--wait', '2s'] }))).toBe(69);
  });

  test('is 2 for what cannot be used', async () => {
    expect(await code(exec(['true'], { options: ['--restart', 'sometimes'] }))).toBe(2);
    expect(await code(exec(['true'], { options: ['--failover', '5s', '--term-before', '3s'] }))).toBe(2);
  });

  test('is 76 after the lease was lost, as when the process was stopped for longer', async () => {
    const supervisor = exec(stubborn, { options: ['--failover', '2s'] });
    const pids = [await pidIn('leader'), await pidIn('child')];
    supervisor.kill('SIGSTOP');
    // The guard does it, because the supervisor cannot.
    await end(...pids);
    supervisor.kill('SIGCONT');
    expect(await code(supervisor)).toBe(76);
  });
});

test('the command finds the mastership in its environment, and stdin as it was', async () => {
  const supervisor = exec(sh('env'), { env: { SECRET_OF_MINE: '1' } });
  await supervisor.ended;
  expect(supervisor.stdout).toMatch(/^FAILOVER_NAME=billing$/m);
  expect(supervisor.stdout).toMatch(/^FAILOVER_TERM=1$/m);
  expect(supervisor.stdout).toMatch(/^FAILOVER_MEMBER=.+:\d+:.+$/m);
  expect(supervisor.stdout).toMatch(/^FAILOVER_ATTEMPT=1$/m);
});

describe('a signal', () => {
  test('ends a standby, and one that cannot reach its store', async () => {
    exec(stubborn);
    await pidIn('leader');
    const standby = exec(['true']);
    await standby.line(/"standby"/);
    standby.kill('SIGTERM');
    expect(await code(standby)).toBe(143);

    store = ['--mongodb', 'mongodb://127.0.0.1:1/none'];
    const connecting = exec(['true']);
    await vi.waitFor(() => expect(guardOf(connecting.pid)).toBeDefined(), PATIENCE);
    connecting.kill('SIGINT');
    expect(await code(connecting)).toBe(130);
  });

  test('ends the command, and the lease is released', async () => {
    const supervisor = exec(sh(`trap "exit 5" TERM; ${says('leader')}; while :; do sleep 0.05; done`));
    await pidIn('leader');
    supervisor.kill('SIGTERM');
    expect(await code(supervisor)).toBe(5);
    expect(await code(exec(['true']))).toBe(0);
  });

  test('that comes twice at once, as from npm, is one; a second one kills', async () => {
    const supervisor = exec(stubborn, { options: [...LONG, '--kill-after', '10m'] });
    const pids = [await pidIn('leader'), await pidIn('child')];
    supervisor.kill('SIGTERM');
    supervisor.kill('SIGTERM');
    await supervisor.line(/"cause":"asked"/);
    expect(pids.filter(lives)).toEqual(pids);
    supervisor.kill('SIGINT');
    await end(...pids);
    expect(await code(supervisor)).toBe(137);
  });

  test('is followed by a kill of the whole group', async () => {
    const supervisor = exec(stubborn, { options: [...LONG, '--kill-after', '200ms'] });
    const pids = [await pidIn('leader'), await pidIn('child')];
    supervisor.kill('SIGTERM');
    expect(await code(supervisor)).toBe(137);
    expect(pids.filter(lives)).toEqual([]);
  });

  test('of another kind is for the command', async () => {
    const supervisor = exec(sh(`trap "exit 9" USR1; ${says('leader')}; while :; do sleep 0.05; done`));
    await pidIn('leader');
    supervisor.kill('SIGUSR1');
    expect(await code(supervisor)).toBe(9);
  });
});

describe('a supervisor that is killed', () => {
  test('leaves no process of its command behind, and the next member takes over', async () => {
    const supervisor = exec(stubborn);
    const pids = [await pidIn('leader'), await pidIn('child')];
    supervisor.kill('SIGKILL');
    await end(...pids);
    expect(await code(exec(['true']))).toBe(0);
  });

  test('with its guard leaves none, either', async () => {
    const supervisor = exec(stubborn);
    const pids = [await pidIn('leader'), await pidIn('child')];
    const guard = guardOf(supervisor.pid);
    expect(guard).toBeDefined();
    process.kill(guard ?? 0, 'SIGKILL');
    supervisor.kill('SIGKILL');
    await end(...pids);
  });

  test('before it says go: the command never runs', async () => {
    // A guard that is stopped says nothing, so there is no go.
    const supervisor = exec(sh(says('leader')), { env: { NODE_OPTIONS: `--import ${stopsGuard}` } });
    const [, stub = ''] = await supervisor.line(/"acquired"/).then(() => supervisor.line(/^stub (\d+)$/));
    const guard = Number(guardOf(supervisor.pid));
    expect(guard).toBeGreaterThan(0);
    supervisor.kill('SIGKILL');
    await end(Number(stub));
    expect(existsSync(join(folder, 'leader'))).toBe(false);
    process.kill(guard, 'SIGCONT');
    await end(guard);
  });
});

const stopsGuard = new URL('./fixtures/stopsGuard.mjs', import.meta.url).href;

test('a hand-over ends the command before the next one begins, and the supervisor stands by again', async () => {
  const first = exec(stubborn, { options: ['--failover', '5s', '--kill-after', '200ms'] });
  const pids = [await pidIn('leader'), await pidIn('child')];
  const second = exec(sh(`${says('next')}; exec sleep 600`), { options: ['--failover', '5s'] });
  await second.line(/"standby"/);
  const asker = new Program([main, 'hand-over', 'billing', ...store], process.env);
  expect(await code(asker)).toBe(0);
  await pidIn('next');
  expect(pids.filter(lives)).toEqual([]);
  await first.line(/"exited"/).then(() =>
    first.line(
      /"standby"/,
      first.lines.findIndex((line) => /"exited"/.test(line)),
    ),
  );
});

test('--restart starts the command again under the same lease', async () => {
  const line = `echo "$FAILOVER_TERM $FAILOVER_ATTEMPT"; exit $((3 - FAILOVER_ATTEMPT))`;
  const supervisor = exec(sh(line), { options: [...LONG, '--restart', 'on-failure'] });
  expect(await code(supervisor)).toBe(0);
  expect(supervisor.stdout).toBe('1 1\n1 2\n1 3\n');
});

test('--once runs a command that succeeds once, and one that fails again', async () => {
  const options = [...LONG, '--once', 'schema/7'];
  expect(await code(exec(sh('exit 3'), { options }))).toBe(3);
  const first = exec(sh('echo ran'), { options });
  expect([await code(first), first.stdout]).toEqual([0, 'ran\n']);
  const second = exec(sh('echo ran'), { options });
  expect([await code(second), second.stdout]).toEqual([0, '']);
});

test('what the command leaves in its group is ended before the lease is released', async () => {
  const supervisor = exec(sh(`trap "" TERM; (${says('child')}; exec sleep 600) & sleep 0.2; exit 4`), {
    options: [...LONG, '--kill-after', '300ms'],
  });
  expect(await code(supervisor)).toBe(4);
  expect(lives(await pidIn('child'))).toBe(false);
});

describe('a process that leaves the group', () => {
  const leaves = sh(
    `setsid sh -c '${says('child')}; exec sleep 600' > /dev/null 2>&1 & while [ ! -e "$DIR/child" ]; do sleep 0.05; done`,
  );

  test('is named', async () => {
    const supervisor = exec(leaves);
    await supervisor.ended;
    const pid = await pidIn('child');
    onTestFinished(() => void (lives(pid) && process.kill(pid, 'SIGKILL')));
    expect(supervisor.lines.join('\n')).toContain(`in no group of it: ${pid}`);
    expect(lives(pid)).toBe(true);
  });

  test('is killed with --escapees kill', async () => {
    await exec(leaves, { options: [...LONG, '--escapees', 'kill', '--kill-after', '200ms'] }).ended;
    expect(lives(await pidIn('child'))).toBe(false);
  });
});

test('--ready-file is there while the command runs', async () => {
  const ready = join(folder, 'ready');
  const supervisor = exec(sh(`while [ ! -e "${ready}" ]; do sleep 0.05; done; cat "${ready}"`), {
    options: [...LONG, '--ready-file', ready],
  });
  expect(await code(supervisor)).toBe(0);
  expect(supervisor.stdout).toMatch(/^\d+\n$/);
  expect(existsSync(ready)).toBe(false);
});

test('--unless-env runs the command without an election', async () => {
  store = ['--mongodb', 'mongodb://127.0.0.1:1/none'];
  const supervisor = exec(sh('echo "x$FAILOVER_TERM"; exit 6'), {
    options: ['--unless-env', 'ALONE'],
    env: { ALONE: '1' },
  });
  expect([await code(supervisor), supervisor.stdout]).toEqual([6, 'x\n']);
});

test('--shell takes one line', async () => {
  const supervisor = exec(['echo a && exit 3'], { options: [...LONG, '--shell'] });
  expect([await code(supervisor), supervisor.stdout]).toEqual([3, 'a\n']);
});

test('as process 1 it warns, and does not wait for zombies', async () => {
  // The grandchild becomes a zombie, because process 1 does not wait for it.
  const line = `(${says('child')}; exec sleep 0.2) & sleep 0.1; exit 4`;
  const supervisor = exec(sh(line), { around: ['unshare', ...ownNamespace()] });
  expect(await code(supervisor)).toBe(4);
  expect(supervisor.lines.join('\n')).toContain('this is process 1 of its container');
});
