/**
 * pm2 as it is deployed: two processes in cluster mode, of which the master is stopped. pm2's own daemon is started in a folder
 * of the test, and what its processes write at once on stderr is in its log.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { settle } from '../support/settled.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { installed } from './install.ts';

const intervals = { MASTER: 20_000, SLAVE: 300_000, TICKING: 300_000, POLL: 10_000 };
const POLLS = { timeout: 60_000, interval: 20 };

/** A port that no other program has at present; pm2's processes share it. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('pm2, in cluster mode: stopping the master lets its task end within kill_timeout, and hands over', async () => {
  const home = await temporaryFolder();
  await settle({ kind: 'embedded', path: join(home, 'mongo-failover') });
  const port = await freePort();
  const { MONGODB_URI: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    ...{ PM2_HOME: join(home, 'pm2'), XDG_STATE_HOME: home, PORT: String(port), INTERVALS: JSON.stringify(intervals) },
  };
  const pm2 = async (...args: string[]): Promise<string> => {
    const command = join(installed, 'node_modules', 'pm2', 'bin', 'pm2');
    const { stdout } = await promisify(execFile)(process.execPath, [command, ...args], { env, cwd: installed });
    return stdout;
  };
  const log = (): Promise<string> => readFile(join(home, 'pm2', 'pm2.log'), 'utf8').catch(() => '');
  onTestFinished(async () => void (await pm2('kill')));

  await pm2('start', 'pm2.config.cjs');
  await expect.poll(log, POLLS).toMatch(/state \w+ -> master, term 1, process (\d+)/);
  // The other one joins before the master goes.
  await expect.poll(log, POLLS).toMatch(/-> slave,/);
  const master = Number(/-> master, term 1, process (\d+)/.exec(await log())?.[1]);
  const processes: { pid: number; pm_id: number }[] = JSON.parse(await pm2('jlist'));
  const stopped = processes.find(({ pid }) => pid === master);
  expect([processes.length, stopped?.pm_id]).toEqual([2, expect.any(Number)]);

  // Above pm2's own 1.6 s, after which it would kill.
  await fetch(`http://localhost:${port}/tasks/first?ms=3000`, { method: 'POST' });
  await expect.poll(log, POLLS).toMatch(/begin first, term 1/);
  await pm2('stop', String(stopped?.pm_id));
  await expect.poll(log, POLLS).toMatch(/-> master, term 2,/);
  const told = await log();
  expect(told).toMatch(new RegExp(`done first.*state master -> stopped, term null, process ${master}`, 's'));
  expect(told).toMatch(new RegExp(`App \\[billing:${stopped?.pm_id}\\] exited with code \\[0\\]`));
  expect(told).not.toMatch(/begin first, term 2|SIGKILL/);
});
