/** What is tried: `mongo-failover exec` on each store, `etcdctl lock` and `consul lock`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withServerOf } from '../../../bench/peers/servers.ts';
import { loadStore } from '../../../src/store/loadStore.ts';
import { startJava } from '../../servers/java.ts';
import { launch, needPrograms, withFreePorts } from '../../servers/programs.ts';
import { TcpProxy } from '../../support/tcpProxy.ts';
import { buildSlowDisk, slowDiskEnvironment } from '../slowDisk.ts';
import { guardsOf, isProgram, processesWith } from './places.ts';

export const faultKinds = [
  ...(['kill', 'kill-guard', 'stop', 'cut', 'block', 'cut-block', 'term', 'stop-guard'] as const),
  ...(['slow-disk', 'slow-disk-kill'] as const),
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** How long a stop, a cut or a block lasts, in ms: longer than a lease. */
const FAULT_MS = 6000;
const times = { faultMs: FAULT_MS, afterMs: FAULT_MS } as const;
/** `consul lock` keeps a lock for 15 s, or up to twice that, and then none may have it for 15 s. No flag changes that. */
const CONSUL_MS = 50_000;
/** Of the supervisor and of etcd: the time to live of a lock is 2.7 and 3 s. */
const FAILOVER = '3s';
const ETCD_TTL = 3;

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const beacon = fileURLToPath(new URL('./beacon.js', import.meta.url));
const blocker = new URL('./blocker.js', import.meta.url).href;
const lockHolder = fileURLToPath(new URL('./lockHolder.js', import.meta.url));

/** One trial of a system: the way of each host to its server. */
export interface Trial {
  /** What a host runs for ever. */
  command(host: string, file: string): { readonly args: string[]; readonly env: NodeJS.ProcessEnv };
  /** Returns the process that holds the lock on that host. */
  supervisor(host: string): number | undefined;
  guards(supervisor: number): number[];
  /** Cuts the host off from its server for so long. */
  cut(host: string, ms: number): Promise<void>;
  /** Makes each sync to the disk of all hosts take longer by so many ms. */
  slowDisk?(ms: number): void;
  end(): Promise<void>;
}

export interface System {
  readonly label: string;
  /** How long a stop or a cut lasts, and how long hosts are looked at afterwards, in ms: longer than a lock is kept. */
  readonly faultMs: number;
  readonly afterMs: number;
  readonly kinds: readonly FaultKind[];
  begin(name: string): Promise<Trial>;
  close(): Promise<void>;
}

const ours = (
  name: string,
  store: (host: string) => string[],
  more: NodeJS.ProcessEnv = {},
): Pick<Trial, 'command' | 'supervisor' | 'guards'> => ({
  command: (host, file) => ({
    args: [
      ...[process.execPath, main, 'exec', name, ...store(host), '--failover', FAILOVER, '--ready-file'],
      ...[`/tmp/${name}-${host}`, '--', process.execPath, beacon, file, host],
    ],
    env: { ...process.env, NODE_OPTIONS: `--import ${blocker}`, BLOCK_MS: String(FAULT_MS), ...more },
  }),
  supervisor: (host) => processesWith(main, name, `/tmp/${name}-${host}`).find((pid) => isProgram(pid, 'node')),
  guards: guardsOf,
});

async function settled(store: Parameters<typeof loadStore>[0]): Promise<void> {
  const opened = await loadStore(store, { commandTimeout: 10_000, connectTimeout: 10_000, freshFor: 10_000 });
  await opened.open();
  await opened.settle((await opened.highestTerm('settled')).epoch, 3_600_000);
  await opened.close();
}

async function embedded(): Promise<System> {
  const path = await mkdtemp(join(tmpdir(), 'mongo-failover-chaos-exec-'));
  const own = await mkdtemp(join(tmpdir(), 'mongo-failover-chaos-disk-'));
  await settled({ kind: 'embedded', path });
  const library = await buildSlowDisk(own);
  if (library === undefined) console.log('no C compiler for Linux is installed (cc), so no disk is slow');
  return {
    label: 'exec, embedded store',
    ...times,
    kinds: [
      ...(['kill', 'kill-guard', 'stop', 'cut', 'block', 'cut-block', 'term'] as const),
      ...(library === undefined ? [] : (['slow-disk', 'slow-disk-kill'] as const)),
    ],
    begin: async (name) => {
      const delay = join(own, name);
      return {
        ...ours(name, () => ['--store', path], library === undefined ? {} : slowDiskEnvironment(library, delay)),
        // All hosts share the folder, so all are cut off.
        cut: async (_, ms) => {
          const holder = spawn(process.execPath, [lockHolder, path, String(ms)], {
            stdio: ['ignore', 'pipe', 'inherit'],
          });
          await once(holder.stdout, 'data');
        },
        slowDisk: (ms) => writeFileSync(delay, `${ms}\n`),
        end: async () => {},
      };
    },
    close: async () => {
      for (const folder of [path, own]) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function java(): Promise<System> {
  const server = await startJava();
  const uri = `${server.uri.replace(/\/[^/?]*(\?|$)/, '/execchaos$1')}`;
  await settled({ kind: 'mongodb', connectString: uri, connectOptions: {}, debug: false });
  return {
    label: 'exec, mongo-java-server',
    ...times,
    kinds: ['kill', 'kill-guard', 'stop', 'cut', 'block', 'cut-block', 'term'],
    begin: async (name) => {
      const proxies = new Map<string, TcpProxy>();
      for (const host of ['a', 'b']) proxies.set(host, await TcpProxy.before(uri));
      return {
        ...ours(name, (host) => ['--mongodb', proxies.get(host)?.uri(uri) ?? '']),
        cut: async (host, ms) => swallow(proxies.get(host), ms),
        end: async () => void (await Promise.all([...proxies.values()].map((proxy) => proxy.close()))),
      };
    },
    close: () => server.stop(),
  };
}

function swallow(proxy: TcpProxy | undefined, ms: number): void {
  if (proxy === undefined) return;
  proxy.mode = 'swallow';
  setTimeout(() => {
    proxy.mode = 'pass';
  }, ms);
}

/** The server lives until `close`. */
function etcd(): Promise<System> {
  return new Promise((resolve, reject) => {
    withServerOf('etcd', async ({ label, port }) => {
      await new Promise<void>((closed) => {
        resolve({
          label: `etcdctl lock, ${label}`,
          ...times,
          kinds: ['kill', 'stop', 'cut', 'term'],
          begin: async (name) => {
            const proxies = new Map<string, TcpProxy>();
            for (const host of ['a', 'b']) proxies.set(host, await TcpProxy.start({ host: '127.0.0.1', port }));
            return {
              command: (host, file) => ({
                args: [
                  ...['etcdctl', '--endpoints', `http://127.0.0.1:${proxies.get(host)?.port}`, 'lock'],
                  ...[`--ttl=${ETCD_TTL}`, name, '--', process.execPath, beacon, file, host],
                ],
                env: { ...process.env, ETCDCTL_API: '3' },
              }),
              supervisor: (host) => processesWith('etcdctl', name, host).find((pid) => isProgram(pid, 'etcdctl')),
              guards: () => [],
              cut: async (host, ms) => swallow(proxies.get(host), ms),
              end: async () => void (await Promise.all([...proxies.values()].map((proxy) => proxy.close()))),
            };
          },
          close: async () => closed(),
        });
      });
    }).catch(reject);
  });
}

/** The server is one of its own, in memory. */
async function consul(): Promise<System> {
  needPrograms(['consul'], 'docs/results/exec.md tells how it was built.');
  const start = async (http = 0, server = 0, serf = 0) => {
    const ports = [`-http-port=${http}`, `-server-port=${server}`, `-serf-lan-port=${serf}`];
    const none = ['-dns-port=-1', '-grpc-port=-1', '-serf-wan-port=-1'];
    const isReady = async () => (await fetch(`http://127.0.0.1:${http}/v1/status/leader`)).ok;
    const args = ['agent', '-dev', '-bind=127.0.0.1', ...ports, ...none];
    return { program: await launch('consul', args, { isReady: () => isReady().catch(() => false) }), port: http };
  };
  const { program, port } = await withFreePorts(3, start);
  return {
    label: 'consul lock',
    ...{ faultMs: CONSUL_MS, afterMs: CONSUL_MS },
    kinds: ['kill', 'stop', 'cut', 'term'],
    begin: async (name) => {
      const proxies = new Map<string, TcpProxy>();
      for (const host of ['a', 'b']) proxies.set(host, await TcpProxy.start({ host: '127.0.0.1', port }));
      return {
        command: (host, file) => ({
          args: [
            ...['consul', 'lock', `-http-addr=http://127.0.0.1:${proxies.get(host)?.port}`, '-shell=false'],
            ...[name, process.execPath, beacon, file, host],
          ],
          env: process.env,
        }),
        supervisor: (host) => processesWith('lock', name, host).find((pid) => isProgram(pid, 'consul')),
        guards: () => [],
        cut: async (host, ms) => swallow(proxies.get(host), ms),
        end: async () => void (await Promise.all([...proxies.values()].map((proxy) => proxy.close()))),
      };
    },
    close: () => program.stop('SIGTERM'),
  };
}

export const systems: Readonly<Record<string, () => Promise<System>>> = { embedded, java, etcd, consul };
