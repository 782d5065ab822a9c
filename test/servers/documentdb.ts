/**
 * DocumentDB 1.0 on PostgreSQL 18, behind FerretDB 2.7: a durable server with atomic writes whose engine can be killed
 * hard and started again. It needs Debian, root and Go; once, it takes about 100 s and 700 MB. What it lacks is in README.md.
 *
 * PostgreSQL runs in a Debian system of its own, a folder in the cache. Each run has its own mount namespace, in which
 * /proc, /dev and the data are mounted into that folder: the mounts go with the process, and runs do not see each other.
 * Both programs end with this process, by the signal that Linux sends to the children of one that dies.
 */
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installed, sources } from './files.js';
import { findProgram, launch, needPrograms, type Program, run, withFreePorts } from './programs.js';
import type { TestServer } from './testServer.js';

const postgresFolder = '/usr/lib/postgresql/18/bin';
/** Mounts what PostgreSQL needs into the root folder, and becomes the program that follows. */
const enter = `
  root=$1 data=$2; shift 2
  mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount --bind "$data" "$root/srv" && exec chroot "$root" "$@"`;
const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--pdeathsig=INT'];
/** How often PostgreSQL is started after a crash, and how long it rests between, in ms: its old backends take a moment to go. */
const RESUME_ATTEMPTS = 40;
const RESUME_PAUSE = 250;

export interface DocumentDbServer extends TestServer {
  /** Kills PostgreSQL by SIGKILL, as a power failure would; the gateway stays. */
  crash(): Promise<void>;
  /** Starts PostgreSQL again on what the crash left. The gateway answers the first commands after it with the errors of its old connections. */
  resume(): Promise<void>;
  /** Kills the gateway by SIGKILL; PostgreSQL stays. */
  crashGateway(): Promise<void>;
  /** Starts the gateway again, on the same port. */
  resumeGateway(): Promise<void>;
}

export async function startDocumentDb(): Promise<DocumentDbServer> {
  await checkMachine();
  const folder = await installed('documentdb-pg18-ferretdb-2.7.0', install);
  return withFreePorts(2, (postgresPort, port) => start(folder, postgresPort, port));
}

async function start(folder: string, postgresPort: number, port: number): Promise<DocumentDbServer> {
  const data = await mkdtemp(join(tmpdir(), 'documentdb-'));
  const inside = (...command: string[]) => ['--mount', 'sh', '-c', enter, 'sh', join(folder, 'root'), data, ...command];
  const runInside = (...command: string[]) => run('unshare', inside(...command));
  const isUp = async (pid: number) => {
    const lines = (await readFile(join(data, 'data', 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    // After a crash the file of the process before still says that it is ready.
    return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
  };
  const startEngine = () =>
    launch('unshare', inside(...asPostgres, `${postgresFolder}/postgres`, '-D', '/srv/data'), { isReady: isUp });
  const startFront = () => startGateway(join(folder, 'ferretdb'), postgresPort, port, data);
  let engine: Program | undefined;
  let gateway: Program | undefined;
  const stop = async () => {
    await gateway?.stop('SIGTERM');
    await engine?.stop('SIGINT');
    await rm(data, { recursive: true, force: true });
  };
  try {
    await chmod(data, 0o755);
    await runInside('chown', 'postgres', '/srv');
    const initdb = [`${postgresFolder}/initdb`, '-D', '/srv/data', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'];
    await runInside(...asPostgres, ...initdb);
    await writeFile(join(data, 'data', 'postgresql.conf'), settings(postgresPort), { flag: 'a' });
    engine = await startEngine();
    const sql = ['-c', 'create extension documentdb cascade'];
    await runInside(...asPostgres, 'psql', '-q', '-h', '127.0.0.1', '-p', String(postgresPort), ...sql);
    gateway = await startFront();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kind: 'documentdb',
    uri: `mongodb://127.0.0.1:${port}/`,
    atomic: true,
    stop,
    async crash() {
      if (engine === undefined) return;
      process.kill(engine.pid, 'SIGKILL');
      await engine.ended;
      engine = undefined;
    },
    async resume() {
      for (let attempt = 1; engine === undefined; attempt++) {
        try {
          engine = await startEngine();
        } catch (error) {
          if (attempt === RESUME_ATTEMPTS) throw error;
          await sleep(RESUME_PAUSE);
        }
      }
    },
    async crashGateway() {
      if (gateway === undefined) return;
      process.kill(gateway.pid, 'SIGKILL');
      await gateway.ended;
      gateway = undefined;
    },
    async resumeGateway() {
      gateway ??= await startFront();
    },
  };
}

function startGateway(program: string, postgresPort: number, port: number, data: string): Promise<Program> {
  const options = [
    `--postgresql-url=postgres://postgres@127.0.0.1:${postgresPort}/postgres`,
    `--listen-addr=127.0.0.1:${port}`,
    `--state-dir=${data}`,
    '--debug-addr=-',
    '--telemetry=disable',
    '--no-auth',
    '--log-level=error',
  ];
  return launch('setpriv', ['--pdeathsig=KILL', program, ...options], { isReady: () => listens(port) });
}

function settings(port: number): string {
  return `
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
client_min_messages = error
`;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function checkMachine(): Promise<void> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID="?debian"?$/m.test(system))
    throw new Error('DocumentDB for the tests is installed from Debian packages, on Debian only.');
  if (process.getuid?.() !== 0)
    throw new Error('DocumentDB for the tests runs in a Debian system of its own, which needs root.');
  await run('unshare', ['--mount', 'true']).catch((error: unknown) => {
    throw new Error('DocumentDB for the tests needs the right to mount (CAP_SYS_ADMIN).', { cause: error });
  });
}

async function install(folder: string): Promise<void> {
  needPrograms(['go'], 'FerretDB 2.7 is built with Go from 1.25 on (https://go.dev).');
  if (findProgram('mmdebstrap') === undefined) {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-yqq', 'mmdebstrap']);
  }
  await cp(join(sources('documentdb')), folder, { recursive: true });
  await run('go', ['build', '-o', 'ferretdb', 'github.com/FerretDB/FerretDB/v2/cmd/ferretdb'], { cwd: folder });
  // A mirror's copy of sid may be past its date.
  const past = '--aptopt=Acquire::Check-Valid-Until "false"';
  const packages = '--include=postgresql-18,postgresql-18-documentdb';
  await run('mmdebstrap', [
    '--quiet',
    '--variant=minbase',
    past,
    packages,
    'sid',
    join(folder, 'root'),
    await mirror(),
  ]);
}

/** The mirror that this machine already uses. */
async function mirror(): Promise<string> {
  const files = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const found = /^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(\S+\/debian)\/?(?:\s|$)/m.exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  return 'http://deb.debian.org/debian';
}
