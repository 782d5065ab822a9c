/** Real jobs of node-cron, of instances of which two take themselves for the master, and of one in a process of its own. */
import { execFile } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { settle } from '../support/settled.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { installed } from './install.ts';

test('node-cron: of all instances one has each run, also where two believe to be master', async () => {
  const program = join(installed, 'nodeCronJobs.mjs');
  await copyFile(join(import.meta.dirname, 'nodeCronJobs.mjs'), program);
  const path = join(await temporaryFolder(), 'store');
  await settle({ kind: 'embedded', path });
  const { stdout } = await promisify(execFile)(process.execPath, [program, path], { cwd: installed, timeout: 60_000 });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const seen: { runs: string[]; skipped: string[]; background: string; after: boolean } = JSON.parse(last);
  expect(seen.runs).toEqual([...new Set(seen.runs)]);
  expect(new Set(seen.runs.map((run) => run.split(' ')[0]))).toEqual(new Set(['clean', 'mail']));
  // The other one, and the standby.
  const clean = seen.runs.filter((run) => run.startsWith('clean '));
  for (const run of clean.slice(0, -1)) {
    expect(
      seen.skipped.filter((skipped) => skipped === `${run} not-elected`),
      run,
    ).toHaveLength(2);
  }
  expect(seen).toMatchObject({ background: 'string', after: false });
});
