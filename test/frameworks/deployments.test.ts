/** What is deployed by others than Node.js: checked by their own tools where there are some, and against our own times. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { EXIT_PATIENCE_MS } from '../../src/execution/threadRunner.ts';
import { defaultIntervals } from '../../src/options/intervals.ts';
import { managedDefaults } from '../../src/options/managed.ts';
import { CLOSE_TIMEOUT_MS } from '../../src/options/signals.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { installed, sources } from './install.ts';

const read = (name: string): Promise<string> => readFile(join(sources, name), 'utf8');
/** What a process may take to end, in ms. */
const ENDING_MS = managedDefaults.stopTimeout + EXIT_PATIENCE_MS + defaultIntervals.SLAVE + defaultIntervals.TICKING;

describe('systemd', () => {
  const verify = async (unit: string): Promise<string> => {
    const file = join(await temporaryFolder(), 'billing.service');
    // Where Node.js is on this machine; a program that is not there is refused.
    await writeFile(file, unit.replace('/usr/bin/node', process.execPath));
    return promisify(execFile)('systemd-analyze', ['verify', file]).then(
      ({ stdout, stderr }) => stdout + stderr,
      (error) => `${error.stdout}${error.stderr}` || String(error),
    );
  };

  test('finds nothing in the unit', async () => {
    expect(await verify(await read('mongo-failover.service'))).toBe('');
  });

  test('finds what is wrong in one', async () => {
    const wrong = (await read('mongo-failover.service')).replace('TimeoutStopSec', 'TimeoutStop');
    expect(await verify(wrong)).toMatch(/Unknown key 'TimeoutStop'/);
  });
});

test('each gives a process the time that it may take to end', async () => {
  const seconds = async (file: string, pattern: RegExp): Promise<number> => Number(pattern.exec(await read(file))?.[1]);
  const given = {
    systemd: 1000 * (await seconds('mongo-failover.service', /^TimeoutStopSec=(\d+)$/m)),
    docker: 1000 * (await seconds('compose.yaml', /^ +stop_grace_period: (\d+)s$/m)),
    pm2: await seconds('pm2.config.cjs', /^ +kill_timeout: (\d+),$/m),
    lightship: Number(
      (/shutdownHandlerTimeout: ([\d_]+)/.exec(await read('lightship.ts'))?.[1] ?? '').replace('_', ''),
    ),
    handlers: CLOSE_TIMEOUT_MS,
  };
  for (const [name, ms] of Object.entries(given)) expect([name, ms > ENDING_MS]).toEqual([name, true]);
});

test('what they start is a sample that is compiled here', async () => {
  for (const file of ['Dockerfile', 'mongo-failover.service', 'pm2.config.cjs']) {
    const [program = ''] = /dist\/\w+\.js/.exec(await read(file)) ?? [];
    expect(await readFile(join(installed, program), 'utf8')).toContain('installSignalHandlers(service');
  }
});

test('CommonJS, in which most applications of NestJS are built, gets the instance that ES modules get', async () => {
  const code = `
    const { FailoverModule } = require('mongo-failover/nestjs');
    const { failover } = require('mongo-failover');
    const [made] = FailoverModule.forRoot({ nodb: true }).providers.slice(1);
    import('mongo-failover').then((imported) => console.log(
      made.useFactory({ nodb: true }).service.managed !== undefined, imported.failover === failover));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', code], { cwd: installed });
  expect(stdout).toBe('true true\n');
});
