/** Processes whose thread pool never answers: four reads of a FIFO hold its four threads from the first moment. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { databaseUri } from '../support/database.ts';
import { Journal } from '../support/journal.ts';
import { TcpProxy } from '../support/tcpProxy.ts';
import { expectSafe, MemberProcess, numbers } from './memberProcess.ts';

/** One task after another takes long enough that it is still at work when it loses the server. */
const ids = numbers(400);

async function busyMember(connectString: string) {
  const folder = await temporaryFolder();
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const journal = new Journal(folder);
  const member = new MemberProcess({ mongodb: { connectString } }, journal, { ids, ms: 4, fifo });
  // Its reads end when a writer comes and goes; before that the process cannot end by itself.
  return { member, journal, free: () => closeSync(openSync(fifo, 'w')) };
}

function panics({ program }: MemberProcess): string[] {
  return program.lines.filter((line) => line.startsWith('panic'));
}

test('its member is elected, works, tells of the pool, and stops', async () => {
  const { member, journal, free } = await busyMember(databaseUri());
  await member.hasDone(ids.length);
  await member.program.line(/^error ERR_POOL_BUSY /);
  member.program.kill('SIGTERM');
  await member.program.line(/^stopped$/);
  free();
  expect(await member.program.ended).toEqual({ code: 0, signal: null });
  expectSafe(journal, ids);
  expect(member.program.lines.filter((line) => line.startsWith('error'))).toEqual([
    expect.stringMatching(/^error ERR_POOL_BUSY libuv's thread pool has not answered for 5000 ms/),
  ]);
  expect(panics(member)).toEqual([]);
});

test('its member connects again by name, and is master again', async () => {
  const uri = databaseUri();
  const proxy = await TcpProxy.before(uri);
  onTestFinished(() => proxy.close());
  const { member, journal, free } = await busyMember(proxy.uri(uri).replace('127.0.0.1', 'localhost'));
  await member.hasDone(20);
  proxy.mode = 'cut';
  await member.enters('error');
  const from = member.program.lines.length;
  proxy.mode = 'pass';
  await member.enters('master', from);
  await member.hasDone(ids.length);
  member.program.kill('SIGTERM');
  await member.program.line(/^stopped$/);
  free();
  expect(await member.program.ended).toEqual({ code: 0, signal: null });
  expectSafe(journal, ids);
  expect(panics(member)).toEqual([]);
});
