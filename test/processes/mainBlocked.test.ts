/** Rule 10: a member whose main thread is blocked, by work that is a function, does not keep others from the work. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { databaseUri } from '../support/database.ts';
import { Journal } from '../support/journal.ts';
import { startMember } from '../support/startMember.ts';
import { intervals } from './memberProcess.ts';

const program = fileURLToPath(new URL('./fixtures/blocksMain.mjs', import.meta.url));

test('a main thread that is blocked for longer than mainTimeout: another process takes over, and does the task', async () => {
  const journal = new Journal(await temporaryFolder());
  const mongodb = { connectString: databaseUri() };
  const told = { options: { intervals, mongodb }, mainTimeout: 400, task: { id: 'long', file: journal.file } };
  const blocked = startMember(program, told);
  await blocked.line(/^state master 1$/);
  const next = startMember(program, told);
  await next.line(/^done long$/);
  // It says so when it can say anything again: the lease of term 1 was given up, and nothing of that run counts.
  await blocked.line(/^error ERR_MAIN_BLOCKED$/);
  await blocked.line(/^state slave /);
  await blocked.line(/^panic /);
  expect(journal.runs().map(({ term }) => term)).toEqual([1, 2]);
  expect(new Set(journal.runs().map(({ pid }) => pid)).size).toBe(2);
  expect(blocked.lines.filter((line) => line.startsWith('done'))).toEqual([]);
  // Nothing could end that run, and it outlived its lease: that is told, too.
  expect(blocked.lines.filter((line) => line.startsWith('panic'))).toEqual(['panic ERR_WORK_NOT_STOPPED']);
  expect(next.lines.filter((line) => /^(error|panic)/.test(line))).toEqual([]);
});
