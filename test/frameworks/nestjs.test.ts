/** The module for NestJS in applications that use it rightly and wrongly. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settle } from '../support/settled.ts';
import { installed } from './install.ts';

let folder: string;
let seen: { [what: string]: unknown };

beforeAll(async () => {
  // Where NestJS is installed.
  const program = join(installed, 'nestApplications.mjs');
  await copyFile(join(import.meta.dirname, 'nestApplications.mjs'), program);
  folder = await mkdtemp(join(tmpdir(), 'mongo-failover-test-'));
  const path = join(folder, 'store');
  await settle({ kind: 'embedded', path });
  const { stdout } = await promisify(execFile)(process.execPath, [program, path], { cwd: installed });
  seen = JSON.parse(stdout);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('calls what is for the master and for standbys, once each, with the cluster', () => {
  expect(seen.called).toEqual(['begin twice true', 'rest']);
  expect(seen.stopped).toBe('stopped');
});

test('runs a job on the master alone, whichever decorator is above, and keeps what others have noted', () => {
  expect(seen).toMatchObject({ onMaster: ['did a', 'did'], afterwards: 'undefined', metadata: ['kept', 'kept'] });
  expect(seen.name).toBe('job');
});

test('makes the service of what is injected, and injects it', () => {
  expect(seen.service).toBe(true);
});

test.each([
  ['early', 'ERR_INVALID_OPTION'],
  ['requested', "Requested.begin is to be called at a change of 'requested', but its class is made for each request"],
  ['unknown', "Unknown.job names the cluster 'nowhere', which is not made by FailoverModule.cluster(): 'here'"],
  ['made', "the cluster 'same' is made twice"],
  ['options', 'did you mean intervals?'],
  ['key', 'the work must be a function'],
])('refuses what is wrong at the start: %s', (what, text) => {
  expect(seen[what]).toContain('ERR_INVALID_OPTION');
  expect(seen[what]).toContain(text);
});
