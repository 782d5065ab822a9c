/** The servers of the peers: on free ports of 127.0.0.1, with temporary folders, gone afterwards. */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, launch, type Program, run, withFreePorts } from '../../test/servers/programs.js';
import { authority } from '../../test/support/tcpProxy.js';
import { withRedis } from '../durable/redis.js';
import { atEnd, withFolder } from '../support/cleanup.js';
import { withServer } from '../support/stores.js';
import type { ServerKind } from './system.js';

export interface Server {
  /** With its version. */
  readonly label: string;
  readonly port: number;
  /** Returns what a client is given, for the server's own port or for that of a proxy before it. */
  address(port: number, name: string): string;
}

/** Rejects with what is missing if the machine cannot start it. */
export function withServerOf<T>(kind: ServerKind, use: (server: Server) => Promise<T>): Promise<T> {
  return starters[kind](use);
}

type Starter = <T>(use: (server: Server) => Promise<T>) => Promise<T>;

const starters: Record<ServerKind, Starter> = {
  redis: (use) =>
    withRedis((port) =>
      use({
        label: `redis-server ${/v=([\d.]+)/.exec(said('redis-server', '--version'))?.[1]}, nothing on disk`,
        port,
        address: (through) => `redis://127.0.0.1:${through}`,
      }),
    ),
  mongodb: (use) =>
    withServer(({ label, uri }) =>
      use({
        label,
        port: authority(uri).port,
        // A database for each lane, as mongo-leader and Agenda share collections otherwise.
        address: (through, name) => `mongodb://127.0.0.1:${through}/${name}?directConnection=true`,
      }),
    ),
  postgres: withPostgres,
  etcd: withEtcd,
};

async function withPostgres<T>(use: (server: Server) => Promise<T>): Promise<T> {
  const programs = postgresPrograms();
  return withFolder(async (folder) => {
    const owner = ownerOf();
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
    const data = join(folder, 'data');
    const options = { ...owner, cwd: folder };
    await run(join(programs, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync'], options);
    const start = async (port = 0) => {
      const settings = ['-c', 'max_connections=500', '-c', 'listen_addresses=127.0.0.1'];
      const args = ['-D', data, '-p', String(port), '-k', folder, ...settings];
      const ask = ['-q', '-h', '127.0.0.1', '-p', String(port)];
      const isReady = () => succeeds(join(programs, 'pg_isready'), ask);
      return { program: await launch(join(programs, 'postgres'), args, { ...options, isReady }), port };
    };
    const { program, port } = await withFreePorts(1, start);
    const label = `PostgreSQL ${/[\d.]+/.exec(said(join(programs, 'postgres'), '--version'))?.[0]}`;
    const address = (through: number): string => `postgres://postgres@127.0.0.1:${through}/postgres`;
    return whileUp(program, 'SIGQUIT', () => use({ label, port, address }));
  });
}

/** Debian keeps them out of PATH. Throws if there are none. */
function postgresPrograms(): string {
  const versions = '/usr/lib/postgresql';
  const newest = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : [];
  const found = newest.map((version) => join(versions, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (found === undefined) throw new Error('PostgreSQL is not installed (Debian: apt-get install postgresql)');
  return found;
}

/** PostgreSQL refuses to run as root. */
function ownerOf(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return { uid: Number(said('id', '-u', 'postgres')), gid: Number(said('id', '-g', 'postgres')) };
}

async function withEtcd<T>(use: (server: Server) => Promise<T>): Promise<T> {
  if (findProgram('etcd') === undefined || findProgram('etcdctl') === undefined) {
    throw new Error('etcd or etcdctl is not on PATH (Debian: apt-get install etcd-server etcd-client)');
  }
  return withFolder(async (folder) => {
    const start = async (port = 0, peerPort = 0) => {
      const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
      const listen = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer];
      const cluster = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`];
      const args = ['--data-dir', join(folder, `data-${port}`), ...listen, ...cluster];
      const isReady = () => succeeds('etcdctl', ['--endpoints', client, 'endpoint', 'health']);
      return { program: await launch('etcd', args, { isReady }), port };
    };
    const { program, port } = await withFreePorts(2, start);
    const label = `etcd ${/Version: ([\d.]+)/.exec(said('etcd', '--version'))?.[1]}`;
    return whileUp(program, 'SIGTERM', () => use({ label, port, address: (through) => `127.0.0.1:${through}` }));
  });
}

async function whileUp<T>(program: Program, signal: NodeJS.Signals, use: () => Promise<T>): Promise<T> {
  const kept = atEnd(() => void program.stop('SIGKILL'));
  try {
    return await use();
  } finally {
    await program.stop(signal);
    kept();
  }
}

function said(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' }).trim();
}

function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}
