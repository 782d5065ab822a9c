/** The samples of transactions, before a server whose transactions are played. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { failover } from 'mongo-failover';
import { afterEach, expect, test } from 'vitest';
import { installed } from '../servers/files.ts';
import { PlayedTransactions } from '../servers/transactions.ts';
import { calm } from '../support/clusters.ts';
import { Program } from '../support/program.ts';
import { settledUri } from '../support/settled.ts';

const root = join(import.meta.dirname, '../..');
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function played(): Promise<PlayedTransactions> {
  const server = await PlayedTransactions.before(await settledUri());
  cleanups.push(() => server.close());
  return server;
}

test('the invoice is written of the order that was committed, and the reminder when it is due', async () => {
  const server = await played();
  const env = { ...process.env, DEBUG: 'failover:client', DEBUG_COLORS: '0' };
  const program = new Program([join(root, 'dist/samples/transactions.js'), server.uri], env);
  cleanups.push(() => program.end());
  await program.line(/order two costs less than nothing, and has no invoice$/);
  await program.line(/invoice reminder is written$/);
  expect(await program.ended).toEqual({ code: 0, signal: null });
  const invoices = program.lines.flatMap((line) => line.match(/invoice \w+ is written$/) ?? []);
  expect(invoices).toEqual(['invoice one is written', 'invoice reminder is written']);
});

async function runPython(packages: string, uri: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, PYTHONPATH: packages };
  const sample = join(root, 'samples/transactions.py');
  const { stdout } = await promisify(execFile)('python3', [sample, uri, 'py', ...args], { env });
  return stdout.trim();
}

const python = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;

test.skipIf(!python)(
  'a program in Python queues a task by its transaction, and none without',
  { timeout: 120_000 },
  async () => {
    const packages = await installed('pymongo-4.10.1', async (folder) => {
      execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, 'pymongo==4.10.1'], {
        stdio: 'pipe',
      });
    });
    expect(existsSync(join(packages, 'pymongo'))).toBe(true);
    const server = await played();
    const service = failover({ mongodb: { connectString: server.uri }, intervals: calm });
    cleanups.push(() => service.close());
    const ran: unknown[] = [];
    const errors: unknown[] = [];
    const cluster = new service.managed<{ id: string }>('py', 'id', (task) => ran.push(task) > 0, { durable: true });
    cluster.on('error', ({ code }) => errors.push(code));
    await cluster.run();
    // The server is played in this process, so the program must not block it.
    const told = await Promise.all([['a'], ['b', '--abort']].map((args) => runPython(packages, server.uri, args)));
    expect(told).toEqual(['committed a', 'aborted b']);
    await expect.poll(() => ran.length, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(ran).toEqual([{ id: 'a', by: 'Python' }]);
    expect(errors).toEqual([]);
  },
);
